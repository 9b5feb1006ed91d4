"""A run as it learns: how far it is, the loss, and its sample sheets on a slider of time."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ...training.record import Line, RunRecord
from ..background import Background
from ..texts import clock, tr
from ..theme import GAP, GAP_WIDE, role
from ..widgets.labels import Elided, label
from ..widgets.page_bar import button, copy_button
from .curve import LossCurve
from .scores import ScoresCard
from .state import Run

BOTH = 504
"""Pixels from which curve and scores have room side by side."""


class Picture(QWidget):
    """One sheet, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(80, 80))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is None or self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = self.rect()
        place.setSize(size)
        place.moveCenter(self.rect().center())
        painter.drawImage(place, self.image)


class RunView(QWidget):
    """Emits ``chosen(folder)``, ``stop_asked``, ``resume_asked`` and ``sample_asked``."""

    chosen = Signal(object)
    stop_asked = Signal()
    resume_asked = Signal()
    sample_asked = Signal()

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._run: Run | None = None
        self._shown: tuple[Path, ...] = ()
        self.runs = QComboBox()
        self.runs.setAccessibleName(tr("Training runs"))
        self.runs.activated.connect(lambda: self.chosen.emit(Path(self.runs.currentData())))
        self.state = Elided("", 15)
        self.facts = Elided("", 12, secondary=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the run"))
        self.stop = button(tr("Stop"), self.stop_asked.emit)
        self.resume = button(tr("Go on"), self.resume_asked.emit)
        self.sample = button(tr("Sample now"), self._ask_for_sample)
        self.copy = copy_button(lambda: str(self._run.record.result) if self._run else "")
        self.copy.setToolTip(tr("Copy the path of the finished adapter"))
        self.curve = LossCurve()
        self.scores = ScoresCard()
        self.scores.hide()
        self.pictures = [Picture()]
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Sample sheets over time"))
        self.slider.valueChanged.connect(self._slid)
        self.when = label("", "secondary")
        self._arrange()
        self._offer_sample(None)

    @property
    def shown_folder(self) -> Path | None:
        """The run that is chosen in the list."""
        text = self.runs.currentData()
        return Path(text) if text else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """In a narrow window the scores of a finished run have the place of its curve."""
        self.curve.setVisible(self.scores.isHidden() or self.width() >= BOTH)

    def show_runs(self, runs: list[tuple[Path, RunRecord]], chosen: Path | None) -> None:
        self.runs.clear()
        for folder, record in runs:
            began = record.began[:16].replace("T", " ")
            self.runs.addItem(f"{record.task} · {began}", str(folder))
        self.runs.setCurrentIndex(self.runs.findData(str(chosen)))

    def show_run(self, run: Run | None, eta: float | None = None) -> None:
        """Show ``run`` as it stands; the newest samples, unless the slider is held back."""
        fresh = run is None or self._run is None or run.folder != self._run.folder
        newest = self.slider.value() == self.slider.maximum()
        self._run = run
        for widget in (self.stop, self.resume, self.copy):
            widget.hide()
        self._offer_sample(run)
        if fresh:
            self.scores.forget()
        self.scores.show_scored(run.scored if run is not None else None)
        self._make_room()
        if run is None:
            return
        record = run.record
        self.stop.setVisible(run.open)
        self.resume.setVisible(run.can_resume)
        self.copy.setVisible(record.result is not None)
        self.state.set_text(self._state(run))
        if fresh or len(run.lines) > len(self.curve.lines):
            self.curve.show_lines(run.lines, record.total)
        self._facts(eta)
        self.slider.setMaximum(max(0, len(run.samples) - 1))
        self.slider.setEnabled(len(run.samples) > 1)
        if fresh or newest:
            self.slider.setValue(self.slider.maximum())
        self._slid()

    def _ask_for_sample(self) -> None:
        self.sample.setEnabled(False)
        self.sample_asked.emit()

    def _offer_sample(self, run: Run | None) -> None:
        """The button that has samples drawn now; where it cannot be, its tool tip says why."""
        if run is None or not run.trained:
            why = tr("Only while a run is being trained: it draws them itself")
        elif not run.draws:
            why = tr("The recipe of this run has no samples")
        elif run.asked:
            why = tr("Asked for: drawn after the step under way")
        else:
            why = ""
        self.sample.setEnabled(not why)
        said = why or tr("Draw the sample sheets after the step under way, at their fixed seeds")
        self.sample.setToolTip(said)
        self.sample.setAccessibleDescription(said)

    def add_line(self, line: Line, eta: float | None) -> None:
        self.curve.add(line)
        self._facts(eta)

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(self.runs, 1)
        for widget in (self.copy, self.sample, self.stop, self.resume):
            head.addWidget(widget)
        samples = QWidget()
        role(samples, "surround")
        samples.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._row = QHBoxLayout(samples)
        self._row.setContentsMargins(GAP, GAP, GAP, GAP)
        self._row.addWidget(self.pictures[0])
        time = QHBoxLayout()
        time.setSpacing(GAP_WIDE)
        time.addWidget(self.slider, 1)
        time.addWidget(self.when)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self.state)
        column.addWidget(self.bar)
        column.addWidget(self.facts)
        middle = QHBoxLayout()
        middle.setSpacing(GAP_WIDE)
        middle.addWidget(self.curve, 1)
        middle.addWidget(self.scores, 1)
        column.addLayout(middle, 2)
        column.addWidget(samples, 3)
        column.addLayout(time)

    def _state(self, run: Run) -> str:
        record = run.record
        if record.state == "done" and record.result is not None:
            return tr("Done: {file}", file=record.result.name)
        if run.job is not None and run.job.state == "waiting":
            return tr("Waits in the queue")
        if run.job is not None and run.job.error is not None:
            return run.job.error.message
        words = {
            "running": tr("Is being trained"),
            "stopped": tr("Stopped; a checkpoint is kept"),
            "failed": tr("Failed: {why}", why=f"{record.message} {record.fix}".strip()),
            "interrupted": tr("Was interrupted; it can go on from its last checkpoint"),
        }
        if run.open:
            return words["running"]
        if record.state == "stopped" and not record.step:
            return tr("Not begun")
        return words.get(record.state, record.message)

    def _facts(self, eta: float | None) -> None:
        if self._run is None:
            return
        lines, total = self.curve.lines, self._run.record.total
        step = lines[-1].step if lines else 0
        self.bar.setMaximum(total)
        self.bar.setValue(step)
        parts = [tr("step {n:,} of {total:,}", n=step, total=total)]
        if lines:
            parts.append(tr("mean loss {loss:.4f}", loss=lines[-1].smoothed))
            if lines[-1].speed:
                parts.append(tr("{n:.2f} sheets a second", n=lines[-1].speed))
        if eta is not None and self._run.open:
            parts.append(tr("about {time} left", time=clock(eta)))
        parts.append(str(self._run.folder))
        self.facts.set_text(" · ".join(parts))

    def _slid(self) -> None:
        run = self._run
        samples = run.samples if run is not None else ()
        if not samples:
            self.when.setText(tr("No samples yet"))
            self._show_pictures([])
            self._shown = ()
            return
        step, files = samples[min(self.slider.value(), len(samples) - 1)]
        self.when.setText(tr("after step {n:,}", n=step))
        if files != self._shown:
            self._shown = files
            self._background.call(
                self,
                lambda: [QImage(str(file)) for file in files],
                lambda images: self._show_pictures(images) if files == self._shown else None,
            )

    def _show_pictures(self, images: list[QImage]) -> None:
        while len(self.pictures) < len(images):
            self.pictures.append(Picture())
            self._row.addWidget(self.pictures[-1])
        for n, view in enumerate(self.pictures):
            view.image = images[n] if n < len(images) else None
            view.setVisible(n < max(1, len(images)))
            view.setAccessibleName(tr("Sample {n}", n=n + 1))
            view.update()
