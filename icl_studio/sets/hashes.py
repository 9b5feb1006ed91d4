"""sha256 of big files, computed once: a 24 GB model is not read again for every set."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

from .files import storage

_RACY_NS = 2_000_000_000
"""A file changed less than this before it was read may change again under the same mtime
(FAT counts in steps of two seconds), so its hash is not kept."""

_TABLE = """create table if not exists hashes_1 (
    path text primary key, size integer, mtime_ns integer, inode text, sha256 text)"""
_FIND = "select sha256 from hashes_1 where path=? and size=? and mtime_ns=? and inode=?"
_KEEP = "insert or replace into hashes_1 values (?, ?, ?, ?, ?)"


_BLOCK = 8 * 2**20


class HashCache:
    """Hashes by resolved path, size, mtime and inode, in one SQLite file at ``path``.

    Safe for several processes. A cache that cannot be read is rebuilt, one that cannot be
    written is done without: it never stops a set from being made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Where the file cannot be written, 34 GB are still read only once a run.
        self._known: dict[tuple[str, int, int, str], str] = {}

    def knows(self, file: Path) -> bool:
        """Whether :meth:`sha256` of ``file`` would answer without reading it."""
        with storage("looking at a file", file):
            return self._find(_key(file.resolve(strict=True))) is not None

    def sha256(self, file: Path, on_block: Callable[[int], None] | None = None) -> str:
        """sha256 hex of the content of ``file``; raises :class:`StorageProblem`.

        ``on_block`` is told the bytes of every block just read; what it raises stops the
        reading and is passed on.
        """
        with storage("reading a file to hash it", file):
            resolved = file.resolve(strict=True)
            key = _key(resolved)
            known = self._find(key)
            if known is not None:
                return known
            with resolved.open("rb") as stream:
                digest = _digest(stream, on_block)
            settled = time.time_ns() - key[2] > _RACY_NS and _key(resolved) == key
        if settled:
            self._known[key] = digest
            self._keep((*key, digest))
        return digest

    def _find(self, key: tuple[str, int, int, str]) -> str | None:
        if key in self._known:
            return self._known[key]
        if not self.path.exists():
            return None
        try:
            with closing(self._connect()) as db:
                row = db.execute(_FIND, key).fetchone()
        except sqlite3.Error as error:
            self._drop_if_damaged(error)
            return None
        if row is None:
            return None
        self._known[key] = str(row[0])
        return self._known[key]

    def _keep(self, row: tuple[str, int, int, str, str]) -> None:
        for _ in range(2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with closing(self._connect()) as db, db:
                    db.execute(_KEEP, row)
            except sqlite3.Error as error:
                if not self._drop_if_damaged(error):
                    return
            except OSError:
                return
            else:
                return

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=10)
        try:
            db.execute(_TABLE)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _drop_if_damaged(self, error: sqlite3.Error) -> bool:
        """Remove a file that is no database of ours; one that is only busy or full stays."""
        if isinstance(error, sqlite3.OperationalError):
            return False
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            with suppress(OSError):
                path.unlink()
        return not self.path.exists()


def _digest(stream: BinaryIO, on_block: Callable[[int], None] | None) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
        if on_block is not None:
            on_block(len(block))
    return digest.hexdigest()


def _key(file: Path) -> tuple[str, int, int, str]:
    """Path, size, mtime and inode; the inode as text, for Windows has 64 unsigned bits."""
    stat = os.stat(file)  # noqa: PTH116
    return str(file), stat.st_size, stat.st_mtime_ns, str(stat.st_ino)
