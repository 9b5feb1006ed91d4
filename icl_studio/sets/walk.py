"""Finding the folders of sets under a folder, without looking into any of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from .record import RECORD_FILE

MAX_DEPTH = 6
"""Folders in folders that are looked through: a set lies in the sixth at most."""


class Stamp(NamedTuple):
    """What tells one state of a ``set.json`` from another: every change replaces the file."""

    modified: int
    size: int
    inode: int


def set_folders(
    root: Path, depth: int = MAX_DEPTH, passed_over: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[Path, Stamp]]:
    """Every folder up to ``depth`` deep that holds a set, with the stamp of its record.

    Not entered: sets, links (which may lead in circles), hidden folders (a set being saved,
    a trash) and names that are ``passed_over``.
    """
    waiting = [(root, 1)]
    while waiting:
        folder, level = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or passed_over(entry.name) or not _is_own(entry):
                continue
            stamp = stamp_of(entry.path)
            if stamp is not None:
                yield Path(entry.path), stamp
            elif level < depth:
                waiting.append((Path(entry.path), level + 1))


def stamp_of(folder: str | Path) -> Stamp | None:
    """The stamp of the record in ``folder``; None where it holds no set."""
    try:
        facts = os.stat(f"{folder}{os.sep}{RECORD_FILE}")  # noqa: PTH116  (25,000 times)
    except (OSError, ValueError):  # not ours to look into, such as lost+found
        return None
    if not stat.S_ISREG(facts.st_mode):
        return None
    return Stamp(facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _is_own(entry: os.DirEntry[str]) -> bool:
    """Whether ``entry`` is a folder itself, no link and no Windows junction to one."""
    junction = getattr(entry, "is_junction", bool)  # from Python 3.12 on
    return entry.is_dir(follow_symlinks=False) and not junction()
