"""The data set for Qt, and the page's work in threads: look, save a caption, plan, follow a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QImage

from ...domain.events import Event, Learnt, Progress, Sampled, Started
from ...training.dataset import Item
from ...training.material import Material
from ...training.record import Line, RunRecord
from ...training.sampling import ask_for_samples
from ..studio import Studio, error_text
from ..texts import trn
from . import state

Index = QModelIndex | QPersistentModelIndex
ITEM, PICTURE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.DecorationRole


class Items(QAbstractListModel):
    """A row for each set of the data set; its small picture comes later."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Material, Item]] = []
        self._pictures: dict[int, QImage] = {}

    def set_pairs(self, pairs: list[tuple[Material, Item]]) -> None:
        self.beginResetModel()
        self.pairs = pairs
        self._pictures = {}
        self.endResetModel()

    def set_picture(self, row: int, picture: QImage) -> None:
        if row < len(self.pairs):
            self._pictures[row] = picture
            index = self.index(row)
            self.dataChanged.emit(index, index, [PICTURE])

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.pairs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.pairs):
            return None
        item = self.pairs[index.row()][1]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name
        if role == PICTURE:
            return self._pictures.get(index.row())
        if role == ITEM:
            return item
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return trn("{n} problem", "{n} problems", len(item.problems))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(str(problem) for problem in item.problems) or item.caption
        return None


class TrainModel(QObject):
    """``looked`` when :attr:`data` is new, ``run_changed`` when :attr:`run` is, ``learnt(line)``
    for a step as it is taken, ``runs_changed`` when :attr:`runs` is, ``refused(why)``."""

    looked = QtSignal()
    busy_changed = QtSignal()
    run_changed = QtSignal()
    runs_changed = QtSignal()
    learnt = QtSignal(object)
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
        folder, folders = self.folder, self.studio.folders

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

        self.studio.desk.ask(
            self,
            lambda store: (
                state.runs(folders),
                state.read(store, folder) if folder is not None else None,
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
