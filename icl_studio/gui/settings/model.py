"""Settings behind signals: read and saved in a thread, one change after the other."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from ...settings import Settings
from ..studio import Studio, error_text
from ..texts import tr
from . import state


class SettingsModel(QObject):
    """``changed`` when :attr:`found` is new; ``refused(key, why)`` for a value not taken."""

    changed = Signal()
    refused = Signal(str, str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.found = state.Found(settings=studio.settings)
        self.changes = state.Changes()
        self._saving = False
        self._waiting: list[tuple[str, Any, bool]] = []

    def refresh(self) -> None:
        """Read the file again; somebody else may have written it."""
        self.studio.background.call(self, lambda: state.read(self.studio.folders), self._read)

    def set(self, key: str, value: Any) -> None:
        """Another value for a setting; None is its default."""
        self._save(key, value, note=True)

    def undo(self) -> None:
        change = self.changes.undo()
        if change is not None:
            self._save(change.key, self._plain(change.key, change.before), note=False)

    def redo(self) -> None:
        change = self.changes.redo()
        if change is not None:
            self._save(change.key, self._plain(change.key, change.after), note=False)

    def start_afresh(self) -> None:
        """Rename a file that cannot be used; the defaults hold, nothing is lost."""

        def done(aside: object) -> None:
            self.studio.tell(tr("The settings that could not be used are kept as {f}.", f=aside))
            self.refresh()
            self.studio.reload()

        folders = self.studio.folders
        self.studio.background.call(self, lambda: state.set_aside(folders), done)

    def _plain(self, key: str, value: Any) -> Any:
        return None if value == state.default(key) else value

    def _save(self, key: str, value: Any, *, note: bool) -> None:
        """One after the other, so that the last of two quick changes is the one that stays."""
        self._waiting.append((key, value, note))
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._saving:
            key, value, note = self._waiting.pop(0)
            before = getattr(self.found.settings, key)
            if value == before or (value is None and before == state.default(key)):
                self.changed.emit()
                continue
            self._saving = True
            self._save_now(key, value, state.Change(key, before, value) if note else None)

    def _save_now(self, key: str, value: Any, change: state.Change | None) -> None:
        def done(settings: Settings) -> None:
            self._saving = False
            if change is not None:
                self.changes.add(change)
            self.found = state.Found(settings, self.found.unknown)
            self.changed.emit()
            self.studio.reload()
            self._next()

        def failed(error: Exception) -> None:
            self._saving = False
            self.refused.emit(key, error_text(error))
            self._next()

        folders = self.studio.folders
        self.studio.background.call(self, lambda: state.change(folders, key, value), done, failed)

    def _read(self, found: state.Found) -> None:
        if not self._saving:
            self.found = found
            self.changed.emit()
