"""Presets: looks under names, kept in one file beside the drafts."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from ..studio import Studio

FILE: Final = "create-presets"
LONGEST: Final = 60


class Presets(QObject):
    """Looks by name, in the order of their names; ``changed`` when one came or went."""

    changed = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._looks: dict[str, Any] = {}
        studio.background.call(self, lambda: studio.remembered.load(FILE), self._read)

    @property
    def names(self) -> list[str]:
        return sorted(self._looks, key=str.casefold)

    def look(self, name: str) -> dict[str, Any] | None:
        """The look called ``name``; None where there is none, or the file holds nonsense."""
        found = self._looks.get(name)
        return found if isinstance(found, dict) else None

    def save(self, name: str, look: dict[str, Any]) -> None:
        """Keep ``look`` as ``name``; one of that name is replaced."""
        name = " ".join(name.split())[:LONGEST]
        if name:
            self._looks[name] = look
            self._write()

    def remove(self, name: str) -> None:
        if self._looks.pop(name, None) is not None:
            self._write()

    def _read(self, data: dict[str, Any]) -> None:
        self._looks = {**data, **self._looks}
        self.changed.emit()

    def _write(self) -> None:
        data = dict(self._looks)
        self._studio.background.call(self, lambda: self._studio.remembered.save(FILE, data))
        self.changed.emit()
