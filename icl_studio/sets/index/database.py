"""The index's SQLite file: made anew when it is damaged, put elsewhere when it cannot be written.

``synchronous=OFF``: what a power cut takes is read again from the folders.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

from ...domain.problems import Problem
from ...errors import StorageProblem
from ...paths import UserFolders
from .. import files
from ..search import Query
from ..wal import code_of, into_wal
from . import refresh
from .query import Order, statement
from .refresh import Refreshed
from .rows import COLUMNS, SCHEMA, SetRow, row_of

VERSION = 1
"""Part of the file's name: two versions of ICL Studio keep two indexes."""
BUSY_SECONDS = 10.0
_MANY = 500
_T = TypeVar("_T")


def index_file(folders: UserFolders, root: Path) -> Path:
    """Where the index of the sets under ``root`` lies."""
    name = hashlib.sha256(str(root.absolute()).encode("utf-8", "surrogatepass")).hexdigest()
    return folders.cache / "library" / f"v{VERSION}-{name[:16]}.sqlite"


def open_index(folders: UserFolders, root: Path) -> Index:
    """The index of ``root``: in the cache folder, else for this process alone.

    A cache folder that cannot be written makes things slower, not impossible. Raises
    :class:`StorageProblem` only where not even a temporary folder can be written.
    """
    file = index_file(folders, root)
    try:
        return Index(root, file)
    except StorageProblem:
        with files.storage("making a temporary index of the sets", file):
            return Index(root, _scratch() / file.name)


@cache
def _scratch() -> Path:
    """A folder for this process, removed at its end."""
    folder = tempfile.mkdtemp(prefix="icl-studio-index-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


class Index:
    """What is known of the sets under ``root``. Not for more than one thread.

    Reading never waits for a refresh that another thread or process runs (WAL). A file that
    turns out damaged is deleted and made anew, empty until the next :meth:`refresh`.
    Raises :class:`StorageProblem` when the file cannot be used at all.
    """

    def __init__(self, root: Path, file: Path) -> None:
        self.root = root.absolute()
        self.file = file
        with files.storage("opening the index of the sets", file):
            files.make_folders(file.parent)
        self._connection = self._mended(self._opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def refresh(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Refreshed:
        """Bring the index up to date with the folders.

        Only records whose stamp has changed are read; ``on_progress(done, total)`` counts
        those. What was read before ``stop()`` said yes is kept.
        """
        return self._mended(lambda: refresh.refresh(self, on_progress, stop))

    def note(self, folder: Path) -> None:
        """Read one folder again, such as after a rating; one that has gone is forgotten."""
        self._mended(lambda: refresh.note(self, folder))

    def keys(self, query: Query, order: Order = "newest") -> list[int]:
        """The keys of all sets that fit ``query``, in ``order``."""
        sql, values = statement(query, order)
        return [key for (key,) in self.fetch(sql, values)]

    def shapes(self, query: Query, order: Order = "newest") -> list[tuple[int, float]]:
        """As :meth:`keys`, each with the width of its sheet over the height."""
        sql, values = statement(query, order, "key, CAST(width AS REAL) / height")
        return self.fetch(sql, values)

    def rows(self, keys: Sequence[int]) -> dict[int, SetRow]:
        """The rows of ``keys`` by key; those that have gone meanwhile are left out."""
        found: dict[int, SetRow] = {}
        for start in range(0, len(keys), _MANY):
            some = keys[start : start + _MANY]
            marks = ",".join("?" * len(some))
            sql = f"SELECT {COLUMNS} FROM sets WHERE key IN ({marks})"
            for values in self.fetch(sql, some):
                row = row_of(self.root, values)
                found[row.key] = row
        return found

    def key_of(self, folder: Path) -> int | None:
        """The key of the set in ``folder``, None where none is known."""
        try:
            name = folder.absolute().relative_to(self.root).as_posix()
        except ValueError:
            return None
        found = self.fetch("SELECT key FROM sets WHERE folder = ?", (name,))
        return int(found[0][0]) if found else None

    def problems(self) -> list[Problem]:
        """Every folder whose record cannot be read, with the reason."""
        found = self.fetch("SELECT folder, what, fix FROM problems ORDER BY folder")
        return [
            Problem(where=str(self.root / where), what=what, fix=fix) for where, what, fix in found
        ]

    def ids(self) -> dict[str, Path]:
        """The folders of all sets by their ids."""
        return {i: self.root / folder for i, folder in self.fetch("SELECT id, folder FROM sets")}

    def counted(self, what: str) -> list[tuple[str, int]]:
        """The values of ``what`` (task, engine, tag, lora) and how many sets have each,
        most frequent first."""
        if what in ("task", "engine"):
            sql = f"SELECT {what}, count(*) FROM sets GROUP BY 1 ORDER BY 2 DESC, 1"
            return self.fetch(sql)
        sql = "SELECT value, count(*) FROM words WHERE kind = ? GROUP BY 1 ORDER BY 2 DESC, 1"
        return self.fetch(sql, (what,))

    def count(self) -> int:
        """How many sets there are."""
        return int(self.fetch("SELECT count(*) FROM sets")[0][0])

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        return self._mended(lambda: self._connection.execute(sql, values).fetchall())

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block, or none of it. Raises ``sqlite3.Error``."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _mended(self, action: Callable[[], _T]) -> _T:
        """``action``'s result; on a damaged file once more with a new one."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if code_of(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise self._unusable(error) from error
        try:
            self._start_afresh()
            return action()
        except (sqlite3.DatabaseError, OSError) as error:
            raise self._unusable(error) from error

    def _start_afresh(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.file.with_name(self.file.name + suffix).unlink()
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        """A connection, its tables made."""
        connection = sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            into_wal(connection, BUSY_SECONDS)
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -32000")
            for sql in SCHEMA:
                connection.execute(sql)
        except BaseException:
            connection.close()
            raise
        return connection

    def _unusable(self, error: Exception) -> StorageProblem:
        return StorageProblem(
            f"The index of the sets cannot be used: {self.file} ({error}).",
            fix="Delete the file; it is made anew from the sets. They are untouched.",
        )
