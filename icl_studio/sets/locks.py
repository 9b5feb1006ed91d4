"""A lock per set id, held by the operating system: it ends with its process, however that dies.

That is what tells the leftovers of a dead process from the work of a living one; a
recorded process id could not, because ids are used again and mean nothing on a shared disk.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .files import remove_tree

PARTIAL = ".partial-"
_LOCK = ".lock"
_STALE_SECONDS = 24 * 3600.0
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def partial_folder(root: Path, set_id: str) -> Path:
    """Where set ``set_id`` is put together before it is committed."""
    return root / f"{PARTIAL}{set_id}"


@contextmanager
def locked(root: Path, set_id: str) -> Iterator[None]:
    """Hold set ``set_id`` of ``root`` alone, waiting for another process that has it.

    Also for a file that is read, changed and written again: its folder and its name.

    On disks without locks (some network shares) this does nothing; there the rename into
    place still lets only one of two equal sets through. Raises ``OSError``.
    """
    path = _lock_file(root, set_id)
    handle, _ = _acquire(path, wait=True)
    try:
        yield
    finally:
        _release(path, handle)


class Lock:
    """A lock file that its holder keeps for long: while it lives, another cannot take it.

    ``certain`` is False on disks that know no locks; there everybody can take it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self.certain = False

    def take(self, *, wait: bool) -> bool:
        """Take the lock; False when another process has it and ``wait`` is off.

        Raises ``OSError`` where no file can be made.
        """
        try:
            self._handle, self.certain = _acquire(self._path, wait=wait)
        except BlockingIOError:
            return False
        return True

    def drop(self) -> None:
        """Let go and remove the file; does nothing without the lock."""
        handle, self._handle = self._handle, None
        if handle is not None:
            _release(self._path, handle)


def sweep(root: Path) -> None:
    """Remove what processes that died while saving have left in ``root``.

    A set that a living process is saving is left alone. Where the disk has no locks, only
    what is older than a day is removed. Never raises: leftovers are hidden and harmless.
    """
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(root) if entry.name.startswith(PARTIAL)]
        for set_id in {name.removeprefix(PARTIAL).removesuffix(_LOCK) for name in names}:
            with suppress(OSError):
                _sweep_one(root, set_id)


def _sweep_one(root: Path, set_id: str) -> None:
    path, folder = _lock_file(root, set_id), partial_folder(root, set_id)
    handle, certain = _acquire(path, wait=False)
    try:
        old = folder.is_dir() and time.time() - folder.stat().st_mtime > _STALE_SECONDS
        if certain or old:
            remove_tree(folder)
    finally:
        _release(path, handle)


def _lock_file(root: Path, set_id: str) -> Path:
    return root / f"{PARTIAL}{set_id}{_LOCK}"


def _acquire(path: Path, *, wait: bool) -> tuple[int, bool]:
    """An open, locked handle; False with it when the disk knows no locks.

    Raises ``BlockingIOError`` when another process holds it and ``wait`` is off.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            certain = _lock(handle, wait)
            # The last holder may have removed the file between our open and our lock.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    return handle, certain
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _release(path: Path, handle: int) -> None:
    """Remove the lock file, then let go; on Windows an open file can only go afterwards."""
    if sys.platform != "win32":
        with suppress(OSError):
            path.unlink()
    os.close(handle)
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()


def _lock(handle: int, wait: bool) -> bool:
    """Lock ``handle``; False when the disk knows no locks."""
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            except OSError as error:
                if not wait:
                    raise BlockingIOError(errno.EAGAIN, "held by another process") from error
                time.sleep(0.05)
            else:
                return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno in _NO_LOCKS_HERE:
            return False
        raise
    return True
