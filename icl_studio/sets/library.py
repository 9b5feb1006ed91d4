"""The sets in one folder: find one, list them all, and never stop at a damaged one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from ..domain.problems import Problem
from ..errors import NotFound, StorageProblem
from ..paths import expanded
from .record import RECORD_FILE, SetRecord, is_set_folder, read_record
from .search import parse_query
from .walk import MAX_DEPTH, set_folders

_OWN_ID = re.compile(r"(?<![0-9a-z])\d{8}-\d{9}-[0-9a-z]{6}(?![0-9a-z])")
_HEAD = 512
_ID_IN_HEAD = re.compile(rb'"id":\s*"([a-z0-9._-]+)"')


class Entry(NamedTuple):
    """A set of the library: its folder and what its ``set.json`` says."""

    folder: Path
    record: SetRecord


class Library:
    """The sets under ``root``, folders in folders included; read anew at every call."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def scan(self) -> tuple[list[Entry], list[Problem]]:
        """All sets, newest first, and a problem for each one that cannot be read."""
        found: list[Entry] = []
        problems: list[Problem] = []
        for folder in self._folders():
            try:
                found.append(Entry(folder, read_record(folder)))
            except StorageProblem as error:
                problems.append(Problem(where=str(folder), what=error.message, fix=error.fix))
        found.sort(key=lambda entry: (entry.record.created, entry.record.id), reverse=True)
        return found, problems

    def all(self) -> list[Entry]:
        """All sets that can be read, newest first."""
        return self.scan()[0]

    def search(self, text: str) -> tuple[list[Entry], list[Problem]]:
        """As :meth:`scan`, but only sets that fit ``text``; see :mod:`icl_studio.sets.search`.

        Raises :class:`~icl_studio.errors.UserError` for a search that makes no sense.
        """
        query = parse_query(text)
        found, problems = self.scan()
        return [entry for entry in found if query.fits(entry.record)], problems

    def find_id(self, set_id: str, depth: int = MAX_DEPTH) -> Path | None:
        """The folder of the set ``set_id`` up to ``depth`` folders deep, None where there is none.

        Quick where folder names carry the id, as they do by default: then no other folder
        is looked into.
        """
        rest: list[Path] = []
        for folder in self._folders(depth, lambda name: _is_of_another(name, set_id)):
            if set_id in folder.name and id_of(folder) == set_id:
                return folder
            rest.append(folder)
        return next((folder for folder in rest if id_of(folder) == set_id), None)

    def find_ids(self, ids: Collection[str]) -> dict[str, Path]:
        """The folders of those of ``ids`` whose sets stand here, found in one pass.

        A folder whose name carries the id of another set is not looked into.
        """
        found: dict[str, Path] = {}
        for folder in self._folders():
            named = _OWN_ID.search(folder.name)
            if named is None or named[0] in ids:
                set_id = id_of(folder)
                if set_id is not None and set_id in ids:
                    found.setdefault(set_id, folder)
        return found

    def get(self, id_or_path: str | Path) -> Entry:
        """The set with this id, unique start or end of an id, or folder.

        A folder may lie anywhere: absolute, from ``~``, relative to the working directory or
        to the library. Raises :class:`NotFound`, or :class:`StorageProblem` for a damaged record.
        """
        folder = self._as_folder(id_or_path)
        if folder is not None:
            return Entry(folder, read_record(folder))
        word = str(id_or_path)
        exact = self.find_id(word)
        if exact is not None:
            return Entry(exact, read_record(exact))
        known = self._known()
        fitting = [i for i in known if len(word) >= 3 and (i.startswith(word) or i.endswith(word))]
        if len(fitting) == 1:
            return Entry(known[fitting[0]], read_record(known[fitting[0]]))
        if fitting:
            some = ", ".join(sorted(fitting, reverse=True)[:5])
            raise NotFound(
                f"{len(fitting)} sets fit {word!r}: {some}{' …' if len(fitting) > 5 else ''}.",
                fix="Give more of the id.",
            )
        raise NotFound(
            f"There is no set {word!r} in {self.root}.",
            fix="Run 'icl-studio sets list' to see the sets, or give a set's folder.",
        )

    def _known(self) -> dict[str, Path]:
        """The folders of all sets by their ids."""
        return {set_id: folder for folder in self._folders() if (set_id := id_of(folder))}

    def _as_folder(self, word: str | Path) -> Path | None:
        for folder in (expanded(word), self.root / word):
            try:
                if is_set_folder(folder):
                    return folder.absolute()
                if folder.name == RECORD_FILE and is_set_folder(folder.parent):
                    return folder.parent.absolute()
            except (OSError, ValueError):  # a word that is no path here, such as a long one
                continue
        return None

    def _folders(
        self, depth: int = MAX_DEPTH, passed_over: Callable[[str], bool] = lambda _: False
    ) -> Iterator[Path]:
        return (folder for folder, _ in set_folders(self.root, depth, passed_over))


def _is_of_another(name: str, set_id: str) -> bool:
    return set_id not in name and _OWN_ID.search(name) is not None


def id_of(folder: Path) -> str | None:
    """The id in a folder's ``set.json``, from its first bytes where it stands there."""
    try:
        with (folder / RECORD_FILE).open("rb") as file:
            found = _ID_IN_HEAD.search(file.read(_HEAD))
        return found[1].decode() if found else read_record(folder).id
    except (OSError, StorageProblem):
        return None
