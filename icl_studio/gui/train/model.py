"""The page's work in threads: look at data, save a caption, plan, follow a run, have it judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QImage

from ...domain.events import Event, Learnt, Progress, Sampled, Started
from ...queue.job import NewJob
from ...training.record import Line, RunRecord
from ...training.sampling import ask_for_samples
from ..handing import UseAdapter
from ..studio import Studio, error_text
from . import scoring, state
from .items import Items


class TrainModel(QObject):
    """``looked`` when :attr:`data` is new, ``run_changed`` when :attr:`run` is, ``learnt(line)``
    for a step as it is taken, ``judged(phase, done, total)`` while it is evaluated, ``unscorable
    (why)``, ``runs_changed`` when :attr:`runs` is, ``refused(why)``."""

    looked = QtSignal()
    busy_changed = QtSignal()
    run_changed = QtSignal()
    runs_changed = QtSignal()
    learnt = QtSignal(object)
    judged = QtSignal(str, int, int)
    unscorable = QtSignal(str)
    refused = QtSignal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.items = Items()
        self.wishes = state.Wishes(model=studio.settings.model)
        self.data: state.Looked | None = None
        self.run: state.Run | None = None
        self.runs: list[tuple[Path, RunRecord]] = []
        self.visible = False
        self.busy = ""
        self.eta: float | None = None
        self.folder: Path | None = None
        self._looks = 0
        self._reading = False
        self._again = False
        studio.queue_changed.connect(self.refresh)
        studio.bridge.heard.connect(self._heard)

    def wish(self, **facts: Any) -> None:
        """Something else is wanted; the data set is looked at anew where that matters."""
        before = self.wishes
        self.wishes = replace(before, **facts)
        if self.wishes != before and self.wishes.data is not None:
            self.look()

    def look(self) -> None:
        """Look at the data set as it lies there now."""
        self._looks += 1
        number, wishes, studio = self._looks, self.wishes, self.studio
        self._set_busy("look")

        def done(found: state.Looked) -> None:
            if number == self._looks:
                self._set_busy("")
                self.data = found
                self.items.set_pairs(found.pairs)
                self.looked.emit()
                self._picture(number, 0)

        def failed(error: Exception) -> None:
            if number == self._looks:
                self._set_busy("")
                self.data = None
                self.items.set_pairs([])
                self.looked.emit()
                self.refused.emit(error_text(error))

        studio.background.call(
            self,
            lambda: state.look(studio.registry, studio.folders, studio.settings, wishes),
            done,
            failed,
        )

    def caption_file(self, row: int) -> Path | None:
        if self.wishes.data is None:
            return None
        return state.caption_file(self.wishes.data, self.items.pairs[row][0])

    def save_caption(self, row: int, text: str) -> None:
        """Write another caption for the set at ``row`` and look at the data set again."""
        file = self.caption_file(row)
        if file is not None:
            self._do(lambda: state.save_caption(file, text), lambda _: self.look())

    def start(self) -> None:
        """Plan a run of what is wished and queue it; it is followed then."""
        if self.busy == "plan":
            return
        studio, wishes = self.studio, self.wishes
        self._set_busy("plan")

        def planned(folder: Path) -> None:
            self._set_busy("")
            self.follow(folder)
            self.go_on()

        def failed(error: Exception) -> None:
            self._set_busy("")
            self.refused.emit(error_text(error))

        studio.background.call(
            self,
            lambda: state.plan(studio.registry, studio.folders, studio.settings, wishes),
            planned,
            failed,
        )

    def go_on(self) -> None:
        """Queue the run that is followed, or let its job go on, and work on the queue."""
        folder = self.folder
        if folder is None:
            return

        def queued(_: str) -> None:
            self.studio.run_queue()
            self.refresh()

        self.studio.desk.ask(
            self,
            lambda store: state.enqueue(store, folder),
            queued,
            lambda error: self.refused.emit(error_text(error)),
        )

    def stop(self) -> None:
        folder = self.folder
        if folder is not None:
            self.studio.desk.ask(
                self, lambda store: state.stop(store, folder), lambda _: self.refresh()
            )

    def sample(self) -> None:
        """Have the run that is followed draw its sample sheets after the step under way."""
        folder = self.folder
        if folder is not None:
            self._do(lambda: ask_for_samples(folder), lambda _: self.refresh())

    def use(self) -> None:
        """Write sets with the adapter of the finished run that is followed."""
        record = self.run.record if self.run is not None else None
        if record is not None and record.result is not None:
            self.studio.go("create", UseAdapter(record.result, record.task, record.model))

    def evaluate(self) -> None:
        """Queue the evaluation of the finished run that is followed, and work on the queue."""
        studio, run = self.studio, self.run
        if run is None:
            return
        folder, record = run.folder, run.record

        def failed(error: Exception) -> None:
            self.unscorable.emit(error_text(error))

        def planned(jobs: list[NewJob]) -> None:
            studio.desk.ask(
                self, lambda store: scoring.enqueue(store, folder, jobs), queued, failed
            )

        def queued(_: None) -> None:
            studio.run_queue()
            self.refresh()

        studio.background.call(
            self,
            lambda: scoring.plan(studio.registry, studio.folders, studio.settings, folder, record),
            planned,
            failed,
        )

    def follow(self, folder: Path | None) -> None:
        """Show the run in ``folder`` from now on; None shows none."""
        self.folder = folder
        self.eta = None
        if folder is None:
            self.run = None
            self.run_changed.emit()
        self.refresh()

    def refresh(self) -> None:
        """Read the runs again, and the one that is followed in full."""
        if not self.visible or self._reading:
            self._again = self._reading
            return
        self._reading, self._again = True, False
        folder, studio = self.folder, self.studio
        folders = studio.folders

        def done(found: tuple[list[tuple[Path, RunRecord]], state.Run | None]) -> None:
            self._reading = False
            if [p for p, _ in found[0]] != [p for p, _ in self.runs]:
                self.runs = found[0]
                self.runs_changed.emit()
            if folder != self.folder or self._again:
                self.refresh()
            if folder != self.folder:
                return
            if found[1] is not None:
                self.run = found[1]
                self.run_changed.emit()

        def failed(error: Exception) -> None:
            self._reading = False
            self.refused.emit(error_text(error))

        studio.desk.ask(
            self,
            lambda store: (
                state.runs(folders),
                state.read(store, studio.registry, folders, folder) if folder else None,
            ),
            done,
            failed,
        )

    def _picture(self, number: int, row: int) -> None:
        """One small picture after the other, so that other work has its turn."""
        if number != self._looks or self.data is None or row >= len(self.items.pairs):
            return
        view, (material, item) = self.data.view, self.items.pairs[row]

        def draw() -> QImage | None:
            small = state.small_picture(material, item, view)
            if small is None:
                return None
            stride = 3 * small.width
            form = QImage.Format.Format_RGB888
            return QImage(small.tobytes(), small.width, small.height, stride, form).copy()

        def done(picture: QImage | None) -> None:
            if number == self._looks:
                if picture is not None:
                    self.items.set_picture(row, picture)
                self._picture(number, row + 1)

        self.studio.background.call(self, draw, done, lambda _: done(None))

    def _heard(self, event: Event) -> None:
        run = self.run
        if run is not None and run.scored is not None and run.scored.job is not None:
            if event.job == run.scored.job.id and isinstance(event, Progress):
                self.judged.emit(event.phase, event.step, event.total)
            return
        if run is None or run.job is None or event.job != run.job.id:
            return
        if isinstance(event, Learnt):
            self.eta = event.eta
            line = Line(
                step=event.step,
                loss=event.loss,
                smoothed=event.smoothed,
                rate=event.rate,
                speed=event.speed,
            )
            self.learnt.emit(line)
        elif isinstance(event, Sampled | Started) or (
            isinstance(event, Progress) and event.phase == "sample" and event.step == event.total
        ):
            self.refresh()

    def _do(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.studio.background.call(
            self, work, done, lambda error: self.refused.emit(error_text(error))
        )

    def _set_busy(self, what: str) -> None:
        self.busy = what
        self.busy_changed.emit()
