"""The small pictures of the sets in view: made in threads, the latest asked for first."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ...errors import PictureUnreadable
from ...sets.index import SetRow
from ...sets.record import member
from ...sets.thumbnails import thumbnail, thumbnail_folder
from ..studio import Studio

AT_ONCE: Final = 2
WAITING: Final = 160
"""More are forgotten, oldest first: they have been scrolled past."""
KEPT_BYTES: Final = 160 * 2**20
Key = tuple[int, int]


class Thumbs(QObject):
    """``image`` answers at once, with a picture or with nothing; ``arrived`` tells of more."""

    arrived = Signal(int)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._cache = thumbnail_folder(studio.folders)
        self._images: OrderedDict[Key, QImage] = OrderedDict()
        self._bytes = 0
        self._waiting: OrderedDict[Key, SetRow] = OrderedDict()
        self._busy: set[Key] = set()
        self._broken: dict[Key, str] = {}

    def image(self, row: SetRow) -> QImage | None:
        """The small picture of a set, None while it is being made or cannot be."""
        key = (row.key, row.modified)
        found = self._images.get(key)
        if found is not None:
            self._images.move_to_end(key)
            return found
        if key not in self._busy and key not in self._broken:
            self._waiting[key] = row
            self._waiting.move_to_end(key)
            while len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._next()
        return None

    def problem(self, row: SetRow) -> str:
        """Why there is no picture of a set; empty where there is one, or may be soon."""
        return self._broken.get((row.key, row.modified), "")

    def retry(self) -> None:
        """Try again what could not be read: a disk may be back."""
        self._broken.clear()

    def _next(self) -> None:
        while self._waiting and len(self._busy) < AT_ONCE:
            key, row = self._waiting.popitem(last=True)
            self._busy.add(key)
            self._studio.background.call(
                self,
                lambda row=row: _load(self._cache, row),  # type: ignore[misc]
                lambda image, key=key: self._made(key, image),  # type: ignore[misc]
                lambda error, key=key: self._failed(key, error),  # type: ignore[misc]
            )

    def _made(self, key: Key, image: QImage) -> None:
        self._busy.discard(key)
        self._images[key] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > KEPT_BYTES and len(self._images) > 1:
            _, old = self._images.popitem(last=False)
            self._bytes -= old.sizeInBytes()
        self.arrived.emit(key[0])
        self._next()

    def _failed(self, key: Key, error: Exception) -> None:
        self._busy.discard(key)
        self._broken[key] = str(error)
        self.arrived.emit(key[0])
        self._next()


def _load(cache: Path, row: SetRow) -> QImage:
    """In a thread: the small picture, decoded for the screen."""
    image = QImage.fromData(thumbnail(cache, member(row.folder, row.sheet)))
    if image.isNull():
        raise PictureUnreadable(f"The sheet of {row.folder} cannot be shown.")
    return image
