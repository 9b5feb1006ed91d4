"""Where operating systems keep what was deleted.

freedesktop.org's trash specification 1.0 on Linux, ``.Trash`` and ``.Trashes`` on macOS,
``$Recycle.Bin`` on Windows (``$R…`` is the folder, ``$I…`` the note beside it).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_WINDOWS_FIXED = 3


def serves(folder: Path) -> bool:
    """Whether the system's trash can be trusted with ``folder``.

    Windows deletes for good what lies on a network or removable disk.
    """
    if sys.platform != "win32":
        return True
    import ctypes

    kind: int = ctypes.windll.kernel32.GetDriveTypeW(f"{folder.anchor}")
    return kind == _WINDOWS_FIXED


def trash_places(folder: Path) -> Iterator[Path]:
    """Where a ``folder`` that was trashed may lie now."""
    if sys.platform == "win32":
        with suppress(OSError):
            yield from (Path(folder.anchor) / "$Recycle.Bin").iterdir()
        return
    user = os.getuid()
    top = _mount_point(folder)
    if sys.platform == "darwin":
        yield Path.home() / ".Trash"
        yield top / ".Trashes" / str(user)
        return
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    yield Path(data) / "Trash" / "files"
    yield top / ".Trash" / str(user) / "files"
    yield top / f".Trash-{user}" / "files"


def companion(trashed: Path) -> Path:
    """The note that the trash keeps of ``trashed``; it need not exist."""
    if trashed.name.startswith("$R"):
        return trashed.with_name(f"$I{trashed.name[2:]}")
    return trashed.parent.parent / "info" / f"{trashed.name}.trashinfo"


def _mount_point(folder: Path) -> Path:
    for place in (folder, *folder.parents):
        with suppress(OSError):
            if place.is_mount():
                return place
    return Path(folder.anchor)
