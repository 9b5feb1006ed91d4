"""Bringing the index up to date with the folders: only what has changed is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import StorageProblem
from ..record import read_record
from ..walk import Stamp, set_folders, stamp_of
from .rows import PUT_PROBLEM, PUT_SET, PUT_TEXTS, fields_of, texts

if TYPE_CHECKING:
    from .database import Index

_AT_ONCE = 250
"""Records a transaction: short enough that another process never waits long."""


class Refreshed(NamedTuple):
    """How many records were read anew, how many have gone; whether all was looked at."""

    read: int
    gone: int
    complete: bool = True

    @property
    def changed(self) -> bool:
        return bool(self.read or self.gone)


def refresh(
    index: Index, on_progress: Callable[[int, int], None] | None, stop: Callable[[], bool]
) -> Refreshed:
    """See :meth:`Index.refresh`."""
    known = _known(index)
    waiting: list[tuple[str, Stamp]] = []
    seen: set[str] = set()
    for folder, stamp in set_folders(index.root):
        name = folder.relative_to(index.root).as_posix()
        seen.add(name)
        if known.get(name) != stamp:
            waiting.append((name, stamp))
        if stop():
            return Refreshed(0, 0, complete=False)
    gone = known.keys() - seen
    for some in _batches(sorted(gone)):
        with index.write() as connection:
            _forget(connection, some)
    for start in range(0, len(waiting), _AT_ONCE):
        if stop():
            return Refreshed(start, len(gone), complete=False)
        some_waiting = waiting[start : start + _AT_ONCE]
        with index.write() as connection:
            for name, stamp in some_waiting:
                _put(connection, index.root, name, stamp)
        if on_progress is not None:
            on_progress(start + len(some_waiting), len(waiting))
    return Refreshed(len(waiting), len(gone))


def note(index: Index, folder: Path) -> None:
    """See :meth:`Index.note`."""
    try:
        name = folder.absolute().relative_to(index.root).as_posix()
    except ValueError:  # a set that lies elsewhere is in no list of this one
        return
    stamp = stamp_of(folder)
    with index.write() as connection:
        if stamp is None:
            _forget(connection, [name])
        else:
            _put(connection, index.root, name, stamp)


def _known(index: Index) -> dict[str, Stamp]:
    found: dict[str, Stamp] = {}
    for table in ("sets", "problems"):
        for folder, modified, size, inode in index.fetch(
            f"SELECT folder, modified, size, inode FROM {table}"
        ):
            found[folder] = Stamp(modified, size, int(inode))
    return found


def _batches(names: list[str]) -> Iterable[list[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _put(connection: sqlite3.Connection, root: Path, name: str, stamp: Stamp) -> None:
    """Read one record into the index: as a set, or as a problem with its reason."""
    try:
        record = read_record(root / name)
    except StorageProblem as error:
        _forget(connection, [name])
        values = (name, stamp.modified, stamp.size, str(stamp.inode), error.message, error.fix)
        connection.execute(PUT_PROBLEM, values)
        return
    (key,) = connection.execute(PUT_SET, fields_of(name, stamp, record)).fetchall()[0]
    connection.execute(PUT_TEXTS, (key, *texts(record)))
    connection.execute("DELETE FROM words WHERE key = ?", (key,))
    words = [(key, "tag", tag) for tag in record.tags]
    words += [(key, "lora", use.source) for use in record.request.adapters]
    connection.executemany("INSERT OR IGNORE INTO words VALUES (?, ?, ?)", words)
    connection.execute("DELETE FROM problems WHERE folder = ?", (name,))


def _forget(connection: sqlite3.Connection, names: list[str]) -> None:
    marks = ",".join("?" * len(names))
    keys = f"(SELECT key FROM sets WHERE folder IN ({marks}))"
    for table in ("texts", "words"):
        connection.execute(f"DELETE FROM {table} WHERE key IN {keys}", names)
    connection.execute(f"DELETE FROM sets WHERE folder IN ({marks})", names)
    connection.execute(f"DELETE FROM problems WHERE folder IN ({marks})", names)
