"""The end of a batch: told by the system to somebody who is looking at something else."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ..domain.events import Event, Failed, Finished
from ..queue.notify import notify
from ..queue.states import State
from ..queue.store import Store
from .studio import Studio
from .texts import tr


class Endings(QObject):
    """Counts what a run makes; when nothing waits any more, says so unless it was one set."""

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self._made = 0
        self._failed = 0
        studio.bridge.heard.connect(self._heard)
        studio.bridge.phase_changed.connect(self._phase)

    def _heard(self, event: Event) -> None:
        self._made += isinstance(event, Finished)
        self._failed += isinstance(event, Failed)

    def _phase(self) -> None:
        if self._studio.bridge.phase == "warm" and self._made + self._failed:
            self._studio.desk.ask(self, Store.summary, self._maybe_over)

    def _maybe_over(self, counts: dict[State, int]) -> None:
        if counts["waiting"] or counts["running"]:
            return
        made, failed, self._made, self._failed = self._made, self._failed, 0, 0
        if made + failed > 1 and not self._window.isActiveWindow():
            text = tr("{made} sets made, {failed} failed.", made=made, failed=failed)
            self._studio.background.call(self, lambda: notify("ICL Studio", text))
