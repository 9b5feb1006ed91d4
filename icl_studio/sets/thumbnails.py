"""Small pictures of sheets, kept on disk: made once, in any thread, deleted whenever one likes."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image

from ..paths import UserFolders
from . import files
from .pictures import open_picture

SIDE = 512
"""Pixels of the longer side: sharp at a row height of 256 on a screen of twice the density."""
_QUALITY = 88


def thumbnail_folder(folders: UserFolders) -> Path:
    """Where small pictures lie."""
    return folders.cache / "thumbnails"


def thumbnail(cache: Path, picture: Path, side: int = SIDE) -> bytes:
    """``picture`` as a JPEG of at most ``side`` pixels a side, from ``cache`` where it is there.

    A picture that has been changed since is made small anew. A cache that cannot be written
    costs time, nothing else. Raises :class:`~icl_studio.errors.PictureUnreadable`.
    """
    file = _file(cache, picture, side)
    if file is not None:
        with suppress(OSError):
            return file.read_bytes()
    data = _small(picture, side)
    if file is not None:
        with suppress(OSError):
            _keep(file, data)
    return data


def _file(cache: Path, picture: Path, side: int) -> Path | None:
    try:
        facts = picture.stat()
    except OSError:
        return None
    state = f"{picture.absolute()}\n{facts.st_mtime_ns}\n{facts.st_size}\n{side}"
    name = hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
    return cache / name[:2] / f"{name[2:34]}.jpg"


def _small(picture: Path, side: int) -> bytes:
    image = open_picture(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    elif image.mode == "I;16":
        image = image.point(lambda value: value / 256).convert("L")
    target = BytesIO()
    image.convert("RGB").save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()


def _keep(file: Path, data: bytes) -> None:
    """No fsync: what a power cut takes is made again."""
    files.make_folders(file.parent)
    spare = file.with_name(f".{secrets.token_hex(4)}.partial")
    try:
        spare.write_bytes(data)
        os.replace(spare, file)  # noqa: PTH105
    finally:
        spare.unlink(missing_ok=True)
