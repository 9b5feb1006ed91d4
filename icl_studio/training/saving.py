"""Pictures and pages written in one step, with errors that say what to do."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from ..errors import UserError
from ..sets.files import make_folders, storage, write_new
from ..sets.naming import free_path

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write ``picture`` to ``path``, which must not exist; the suffix says the format.

    Raises :class:`UserError` for another suffix or a taken name, ``StorageProblem``.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            f"{path.name} names no picture format.", fix=f"End it in {', '.join(FORMATS)}."
        )
    if path.exists():
        free = free_path(path.parent, path.stem, path.suffix)
        raise UserError(f"{path} already exists.", fix=f"Name another file, such as {free.name}.")
    data = BytesIO()
    picture.save(data, kind)
    with storage("writing a picture", path):
        make_folders(path.parent)
        write_new(path, data.getvalue())
