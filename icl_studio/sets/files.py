"""Writing to disks that fill up, vanish or lose power: durable files, clear errors.

Windows differs in three ways, all kept in this module: a folder cannot be fsynced, a
folder being looked at by a virus scanner cannot be renamed for a moment, and locks are
``msvcrt``'s, not ``flock``'s.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import StorageProblem

_REASONS = {
    errno.ENOSPC: ("The disk is full", "Free some space or choose another folder."),
    errno.EDQUOT: ("The disk quota is used up", "Free some space or choose another folder."),
    errno.EFBIG: ("The file is larger than this disk allows", "Choose a folder on another disk."),
    errno.EACCES: ("Access is not permitted", "Change the permissions, or choose another folder."),
    errno.EPERM: ("Access is not permitted", "Change the permissions, or choose another folder."),
    errno.EROFS: ("The disk is read-only", "Choose a folder on another disk."),
    errno.ENAMETOOLONG: ("The name is too long", "Choose a shorter name or folder."),
    errno.ENOTDIR: ("A file is in the way of a folder", "Choose another folder."),
    errno.EEXIST: ("A file is in the way of a folder", "Choose another folder."),
    errno.ENOENT: ("The file or folder has gone", "Check that its disk is connected."),
    errno.EXDEV: ("The folder leads to another disk", "Choose a folder on one disk."),
    errno.EIO: ("The disk reports an error", "Check the disk, then choose another folder."),
}


@contextmanager
def storage(doing: str, where: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into a :class:`StorageProblem`: what, where, what next.

    ``doing`` completes "while …", such as ``"saving a set"``.
    """
    try:
        yield
    except OSError as error:
        what, fix = _REASONS.get(
            error.errno or 0, (error.strerror or str(error), "Choose another folder.")
        )
        place = Path(error.filename) if isinstance(error.filename, str) else where
        raise StorageProblem(f"{what} (while {doing}): {place}", fix=fix) from error


def nearest(folder: Path) -> Path:
    """``folder``, or the nearest folder above it that exists.

    Raises ``FileNotFoundError`` where there is none: on Windows, a drive that is not there.
    """
    for place in (folder, *folder.parents):
        if place.is_dir():
            return place
    raise FileNotFoundError(errno.ENOENT, "The disk is not there", str(folder))


def probe(folder: Path) -> None:
    """Raise ``OSError`` unless a file can be written in ``folder``; leaves nothing behind.

    Not :mod:`tempfile`: on Windows it takes a folder that may not be written for one in
    which every name is taken, and tries for minutes.
    """
    path = folder / f".icl-studio-{secrets.token_hex(4)}.partial"
    try:
        write_new(path, b"icl-studio")
    finally:
        path.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Make the names inside ``folder`` survive a power cut; nothing to do on Windows."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network and FUSE disks cannot sync a folder; the files themselves are synced.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)


def write_new(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, which must not exist, and wait until it is on the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_text(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step: a reader sees the old or the new, never half.

    A link stays a link (its target is replaced), and a file that exists keeps its mode.
    """
    path = path.resolve()
    spare = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        write_new(spare, text.encode("utf-8"))
        with suppress(OSError):  # a new file, or a disk without modes
            spare.chmod(stat.S_IMODE(path.stat().st_mode))
        _patiently(lambda: os.replace(spare, path))  # noqa: PTH105
    finally:
        spare.unlink(missing_ok=True)
    with suppress(OSError):  # the new text stands; only a power cut right now could undo it
        fsync_folder(path.parent)


def rename_folder(source: Path, target: Path) -> None:
    """Move a folder to a name that is free; raises ``OSError`` when it is taken."""
    _patiently(lambda: os.rename(source, target))  # noqa: PTH104


def make_folders(folder: Path) -> list[Path]:
    """Create ``folder`` and what is missing above it; returns what was made, topmost first."""
    missing = [folder, *folder.parents]
    missing = missing[: missing.index(nearest(folder))]
    made: list[Path] = []
    for path in reversed(missing):
        with suppress(FileExistsError):  # another process was faster, unless it is a file
            path.mkdir()
            made.append(path)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "A file is in the way", str(path))
    return made


def remove_if_empty(folders: list[Path]) -> None:
    """Remove those of ``folders`` that are empty, deepest first."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def remove_tree(folder: Path) -> None:
    """Remove ``folder`` with all it holds; what resists is left, for the next sweep."""
    shutil.rmtree(folder, ignore_errors=True)


def _patiently(action: Callable[[], None]) -> None:
    """Run ``action``; on Windows wait up to two seconds for a scanner to let go."""
    for attempt in range(20):
        try:
            action()
        except PermissionError:
            if sys.platform != "win32" or attempt == 19:
                raise
            time.sleep(0.1)
        else:
            return
