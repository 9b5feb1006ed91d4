"""A zip from anywhere, unpacked without trusting a word of it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import PictureUnreadable, StorageProblem
from ..sets.files import storage
from .findings import Finding, error, warning

PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jfif"}
)
TEXTS = frozenset({".txt", ".caption"})
RECORDS = frozenset({"set.json"})
JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"})

MAX_ENTRIES = 100_000
MAX_ENTRY = 512 * 2**20
"""Bytes that one file may have unpacked: beyond every picture that Pillow opens."""
MAX_RATIO = 200
FREE_OF_RATIO = 8 * 2**20
"""A plain white bitmap shrinks a thousandfold and is innocent; one of many megabytes is not."""
SPARE = 2**30
"""Bytes of the disk that are left free."""


def is_junk(path: PurePosixPath | Path) -> bool:
    """Whether ``path`` is what file managers leave behind: hidden, ``._*``, ``__MACOSX`` …"""
    return any(part in JUNK or part.startswith(".") for part in path.parts if part != "..")


def is_wanted(path: PurePosixPath | Path) -> bool:
    """Whether a file of this name can be part of a data set."""
    return path.suffix.lower() in PICTURES | TEXTS or path.name in RECORDS


def unpack(archive: Path, folder: Path) -> list[Finding]:
    """Unpack the pictures and texts of ``archive`` into ``folder``; what was left out, and why.

    Names that lead out of the folder, links, encrypted entries and entries that unpack to absurd
    sizes are left out, each with a finding; the others are not stopped by them. Sizes are counted
    while unpacking: what an entry says of itself is not believed. Raises
    :class:`PictureUnreadable` for what is no zip and :class:`StorageProblem` for a full disk.
    """
    found: list[Finding] = []
    try:
        with zipfile.ZipFile(archive) as zip_file:
            entries = zip_file.infolist()
            if len(entries) > MAX_ENTRIES:
                raise PictureUnreadable(
                    f"{archive} holds {len(entries):,} files; a data set has at most "
                    f"{MAX_ENTRIES:,}.",
                    fix="Unpack it yourself and give the folder that you mean.",
                )
            taken: set[str] = set()
            for entry in entries:
                name = PurePosixPath(entry.filename.replace("\\", "/"))
                if entry.is_dir() or is_junk(name) or not is_wanted(name):
                    continue
                reason = _refusal(entry, name) or _twice(name, taken)
                if reason is None:
                    reason = _extract(zip_file, entry, folder.joinpath(*name.parts))
                if reason is not None:
                    found.append(reason)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError) as problem:
        if isinstance(problem, OSError) and problem.filename is None and problem.errno is None:
            raise
        raise PictureUnreadable(
            f"The archive {archive} cannot be read: {problem}.",
            fix="Check that it is a whole zip file, or unpack it and give the folder.",
        ) from problem
    return found


def _refusal(entry: zipfile.ZipInfo, name: PurePosixPath) -> Finding | None:
    """Why ``entry`` is not even begun, None where it may be."""
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        return error(
            "its name leads out of the archive's folder; it was left out.",
            "Make the zip again, from inside the folder.",
            entry.filename,
        )
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        return error("is a link, not a file; it was left out.", "", entry.filename)
    if entry.flag_bits & 1:
        return error("is encrypted; it was left out.", "Unpack it yourself.", entry.filename)
    if entry.file_size > MAX_ENTRY or _absurd(entry, entry.file_size):
        return _bomb(entry)
    return None


def _twice(name: PurePosixPath, taken: set[str]) -> Finding | None:
    key = str(name).casefold()
    if key in taken:
        return warning("stands in the archive twice; the first was taken.", "", str(name))
    taken.add(key)
    return None


def _absurd(entry: zipfile.ZipInfo, size: int) -> bool:
    return size > FREE_OF_RATIO and size > MAX_RATIO * max(1, entry.compress_size)


def _bomb(entry: zipfile.ZipInfo) -> Finding:
    return error(
        f"would unpack to over {max(MAX_RATIO, 1)} times its size or {MAX_ENTRY >> 20} MB, as "
        "only archives made to do harm do; it was left out.",
        "Unpack it yourself, if you trust it.",
        entry.filename,
    )


def _extract(zip_file: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> Finding | None:
    """Unpack one entry, counting; a finding where it is damaged or grows beyond its word."""
    with storage("unpacking the data set", target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(target.parent).free - entry.file_size < SPARE:
            raise StorageProblem(
                f"There is too little room to unpack the data set in {target.parent}.",
                fix="Free some space, or unpack it yourself and give the folder.",
            )
    written = 0
    try:
        with zip_file.open(entry) as source, target.open("xb") as sink:
            while block := source.read(2**20):
                written += len(block)
                if written > MAX_ENTRY or _absurd(entry, written):
                    break
                sink.write(block)
            else:
                return None
        target.unlink()
        return _bomb(entry)
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError) as problem:
        target.unlink(missing_ok=True)
        return error(
            f"is damaged in the archive: {problem}.", "Make the zip again.", entry.filename
        )
    except Exception as problem:
        # zlib.error and lzma.LZMAError have no common root but Exception.
        if type(problem).__module__ not in {"zlib", "_lzma", "lzma"}:
            raise
        target.unlink(missing_ok=True)
        return error(
            f"is damaged in the archive: {problem}.", "Make the zip again.", entry.filename
        )
