"""The library of a folder, answered from its index."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...domain.problems import Problem
from ...errors import StorageProblem
from ...paths import UserFolders
from ..library import Entry, Library
from ..record import read_record
from ..search import parse_query
from .database import Index, open_index
from .query import Order


class Found(NamedTuple):
    """A page of a search: its sets, how many there are in all, and what cannot be read."""

    entries: list[Entry]
    total: int
    problems: list[Problem]


class IndexedLibrary(Library):
    """As :class:`Library`, but it reads only records that have changed since the last time.

    Every question brings the index up to date first, so that the answer is the same.
    """

    def __init__(self, root: Path, folders: UserFolders) -> None:
        super().__init__(root)
        self._folders_of_user = folders

    def find(self, text: str = "", limit: int = 0, order: Order = "newest") -> Found:
        """The sets that fit ``text``, at most ``limit`` (0: all) of them.

        Raises :class:`~icl_studio.errors.UserError` for a search that makes no sense.
        """
        query = parse_query(text)
        with self._fresh() as index:
            keys = index.keys(query, order)
            wanted = keys[:limit] if limit else keys
            rows, problems = index.rows(wanted), index.problems()
        entries: list[Entry] = []
        for key in wanted:
            folder = rows[key].folder
            try:
                entries.append(Entry(folder, read_record(folder)))
            except StorageProblem as error:  # changed or gone since we looked
                problems.append(Problem(where=str(folder), what=error.message, fix=error.fix))
        return Found(entries, len(keys), problems)

    def _known(self) -> dict[str, Path]:
        with self._fresh() as index:
            return index.ids()

    def _fresh(self) -> Index:
        index = open_index(self._folders_of_user, self.root)
        index.refresh()
        return index
