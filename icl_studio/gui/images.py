"""Reading pictures for the screen: in a thread, never larger than the screen needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from ..errors import PictureUnreadable

MOST_PIXELS: Final = 180_000_000
"""A picture that claims more is not decoded: it would fill the memory of the window."""


def read_image(file: Path, most: int | None = None) -> QImage:
    """The picture in ``file``, its longer side at most ``most`` pixels; call it in a thread.

    Raises :class:`PictureUnreadable` for what is no picture, is damaged or absurdly large.
    """
    reader = QImageReader(str(file))
    reader.setAutoTransform(True)
    reader.setAllocationLimit(MOST_PIXELS * 4 // 2**20)
    size = reader.size()
    if size.isValid() and size.width() * size.height() > MOST_PIXELS:
        raise PictureUnreadable(
            f"The picture {file} has {size.width()} x {size.height()} pixels; "
            f"{MOST_PIXELS // 1_000_000} million can be shown.",
            fix="Scale it down first.",
        )
    image = reader.read()
    if image.isNull():
        raise PictureUnreadable(
            f"The picture {file} cannot be read: {reader.errorString()}.",
            fix="Check that the file is whole and yours to read.",
        )
    if most is not None and max(image.width(), image.height()) > most:
        image = image.scaled(
            QSize(most, most),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return image
