"""Engines behind signals: the shelf, and one long piece of work at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from ...errors import JobCancelled
from ..studio import Studio, error_text
from . import state


class EnginesModel(QObject):
    """``changed`` when :attr:`shelf` is new, ``working`` when :attr:`task` or :attr:`phase` is,
    ``refused(why)`` for what could not be done, ``left_out(why)`` for engines that a
    measurement had to leave out, ``removed(name)``."""

    changed = Signal()
    working = Signal()
    refused = Signal(str)
    left_out = Signal(str)
    removed = Signal(str)
    _said = Signal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.shelf: state.Shelf | None = None
        self.task: state.Task | None = None
        self.phase = ""
        self._said.connect(self._phase)
        studio.tasks_changed.connect(self.refresh)

    def refresh(self) -> None:
        folders, registry = self.studio.folders, self.studio.registry
        self._do(lambda: state.read(folders, registry), self._read)

    def export(self, model: str, engine: str) -> None:
        self._start(state.export_task(self.studio.folders, self.studio.registry, model, engine))

    def build(self, model: str, engine: str, target: str) -> None:
        folders, registry = self.studio.folders, self.studio.registry
        self._start(state.build_task(folders, registry, model, engine, target))

    def bench(self, model: str) -> None:
        studio = self.studio
        task = state.bench_task(studio.folders, studio.registry, studio.settings, model)
        self._start(task, lambda why: self.left_out.emit(why) if why else None)

    def cancel(self) -> None:
        """Call off what is under way."""
        if self.task is not None:
            self.task.cancel()

    def remove(self, name: str) -> None:
        def done(_: object) -> None:
            self.removed.emit(name)
            self.refresh()

        self._do(lambda: state.remove(self.studio.folders, name), done)

    def _start(self, task: state.Task, done: Callable[[Any], None] = lambda _: None) -> None:
        if self.task is not None:
            return
        self.task, self.phase = task, ""
        self.working.emit()

        def over(result: Any) -> None:
            self._over()
            done(result)

        self.studio.background.call(self, lambda: task.run(self._said.emit), over, self._over)

    def _over(self, error: Exception | None = None) -> None:
        self.task = None
        self.working.emit()
        if error is not None and not isinstance(error, JobCancelled):
            self.refused.emit(error_text(error))
        self.refresh()

    def _phase(self, text: str) -> None:
        self.phase = text
        self.working.emit()

    def _read(self, shelf: state.Shelf) -> None:
        self.shelf = shelf
        self.changed.emit()

    def _do(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.studio.background.call(
            self, work, done, lambda error: self.refused.emit(error_text(error))
        )
