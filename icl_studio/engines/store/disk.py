"""Durable files and the lock of the engine store.

The lock is the operating system's: it ends with its process, however that dies, so a killed
build never blocks the next one. (The sets' own helpers stand above this layer.)
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import StorageProblem

_BLOCK = 8 * 2**20
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def storage(doing: str, where: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into a :class:`StorageProblem`: what, where, what next."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        what = "The disk is full" if full else (error.strerror or str(error))
        fix = "Free some space." if full else "Check the folder and its permissions."
        raise StorageProblem(f"{what} (while {doing}): {where}", fix=fix) from error


def sha256_of(path: Path) -> str:
    """sha256 hex of a file's content."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def settle(path: Path) -> None:
    """Wait until ``path`` is on the disk; a folder's names too, where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Move a folder; on Windows wait up to two seconds for a virus scanner to let go."""
    for attempt in range(20):
        try:
            source.rename(target)
        except PermissionError:
            if sys.platform != "win32" or attempt == 19:
                raise
            time.sleep(0.1)
        else:
            return


def remove_tree(folder: Path) -> None:
    """Remove ``folder`` with all it holds; nothing to do where there is none."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


@contextmanager
def lock(path: Path) -> Iterator[bool]:
    """Try to hold ``path`` alone; tells whether it is ours. Never waits.

    The file stays: removing it would let two holders lock two files of one name. On disks
    without locks everybody gets it; there the rename into place still decides.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _try_lock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in _NO_LOCKS_HERE
    return True
