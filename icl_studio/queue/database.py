"""The queue's SQLite file: one connection a thread, short transactions, clear errors.

WAL mode lets a window read while workers write. Writers take the write lock at their
beginning (``BEGIN IMMEDIATE``), so that two claims never see the same job, and nobody
finds out at the end that it must start over. ``synchronous=FULL`` because what was added
must survive a power cut; heartbeats and progress, which need not, use ``NORMAL``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from ..errors import QueueBusy, StorageProblem
from ..paths import UserFolders
from ..sets import files
from ..sets.wal import code_of, into_wal
from . import sql
from .migrations import MIGRATIONS, migrate

BUSY_SECONDS = 10.0
"""How long a write waits for another program's; no transaction of ours takes a tenth of it."""

Parameters = Mapping[str, Any] | Sequence[Any]


def queue_file(folders: UserFolders) -> Path:
    """Where the queue lies; its WAL, its backups and the studios' locks lie beside it."""
    return folders.data / "queue" / "queue.sqlite"


class Database:
    """A connection to the queue. Not for more than one thread; a context manager.

    Creates or migrates the file. Raises :class:`StorageProblem` when it cannot be used and
    :class:`QueueBusy` when another program holds it for longer than ``busy_seconds``.
    """

    def __init__(
        self,
        file: Path,
        *,
        durable: bool = True,
        busy_seconds: float = BUSY_SECONDS,
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
    ) -> None:
        self.file = file
        with files.storage("opening the queue", file):
            files.make_folders(file.parent)
        with self._clear_errors():
            self._connection = sqlite3.connect(file, timeout=busy_seconds, isolation_level=None)
            try:
                self._connection.row_factory = sqlite3.Row
                into_wal(self._connection, busy_seconds)
                level = "FULL" if durable else "NORMAL"
                self._connection.execute(f"PRAGMA synchronous = {level}")
                self._connection.execute("PRAGMA foreign_keys = ON")
                migrate(self._connection, file, migrations)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def rows(self, statement: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._clear_errors():
            return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row of a query."""
        with self._clear_errors():
            found: sqlite3.Row | None = self._connection.execute(statement, parameters).fetchone()
            return found

    @contextmanager
    def write(self, *, tell: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block is stored, or on any exception none of it.

        With ``tell`` the change counter goes up, which is what windows look at.
        """
        with self._clear_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                if tell:
                    self._connection.execute(sql.COUNT_CHANGE)
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already; then there is nothing to undo.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """SQLite's errors as ours: what happened to which file, and what to do next."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _translated(error, self.file) from error


def _translated(error: sqlite3.DatabaseError, file: Path) -> Exception:
    match code_of(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return QueueBusy(
                f"Another program holds the queue in {file}.",
                fix="Try again in a moment; if it stays so, close what has the file open.",
            )
        case sqlite3.SQLITE_FULL:
            return StorageProblem(
                f"The disk is full (while writing the queue): {file}",
                fix="Free some space; what was queued before is kept.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageProblem(
                f"The queue in {file} cannot be written: {error}.",
                fix="Change the permissions of its folder, or set ICL_STUDIO_HOME to another.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StorageProblem(
                f"The queue in {file} is damaged: {error}.",
                fix="Move that file away, or put a .backup from beside it in its place; sets that "
                "are finished are found again and not made twice.",
            )
        case sqlite3.SQLITE_IOERR:
            return StorageProblem(
                f"The disk reports an error (while using the queue): {file}",
                fix="Check the disk; what was queued before is kept.",
            )
    return error
