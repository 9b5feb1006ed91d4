"""The card of a finished adapter: its figures beside those of the base, or how to get them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...evaluate.kept import Row, Scores
from ...evaluate.report import Figure
from ..texts import tr
from ..theme import GAP, GAP_WIDE, font, role
from ..widgets.labels import label
from ..widgets.page_bar import button
from .scoring import Scored

NARROW, WIDE = 328, 400
"""Pixels: so narrow its figures can just be read, so wide the curve beside it has the rest."""


class ScoresCard(QFrame):
    """Shows what is :class:`~.scoring.Scored`; emits ``evaluate_asked`` and ``use_asked``."""

    evaluate_asked = Signal()
    use_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        role(self, "panel")
        self.setMinimumWidth(NARROW)
        self.setMaximumWidth(WIDE)
        self.setAccessibleName(tr("Scores of the adapter"))
        self.note = label("", "secondary", wrap=True)
        self.evaluate = button(tr("Evaluate"), self._ask)
        self.use = button(tr("Use in Create"), self.use_asked.emit)
        self.cells: list[QLabel] = []
        self._of_base = False
        self._refused = ""
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP_WIDE)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(0, 1)
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(label(tr("Scores"), "emphasis"), 1)
        head.addWidget(self.evaluate)
        head.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self._scrolled(), 1)

    def _scrolled(self) -> QScrollArea:
        """Figures and note; in a low window they scroll, so that the curve keeps its place."""
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(self._grid)
        column.addWidget(self.note)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(tr("Scores of the adapter"))
        area.setWidget(inside)
        for one in (area.viewport(), inside):
            one.setAutoFillBackground(False)
        return area

    def show_scored(self, scored: Scored | None) -> None:
        """Show what is known; without a finished adapter the card is not there."""
        self.setVisible(scored is not None)
        if scored is None:
            return
        self._of_base = scored.of_base
        self._fill(scored.scores)
        self.evaluate.setVisible(not scored.whole)
        running = scored.job is not None and scored.job.state != "paused"
        self.evaluate.setEnabled(not running and not scored.why_not)
        said = scored.why_not or tr(
            "Draws sets of held-out requests with and without the adapter, and has them judged"
        )
        self.evaluate.setToolTip(said)
        self.evaluate.setAccessibleDescription(said)
        self.note.setText(self._note(scored))

    def show_refused(self, why: str) -> None:
        """Say why there can be no evaluation; the button is there for another try."""
        self._refused = why
        self.note.setText(why)
        self.evaluate.setEnabled(True)

    def forget(self) -> None:
        """Another adapter is shown: what was said of the last one is not said of it."""
        self._refused = ""

    def show_progress(self, phase: str, done: int, total: int) -> None:
        whose = tr("Base") if self._of_base else tr("Adapter")
        doing = tr("judging sets") if phase == "judge" else tr("drawing sets")
        words = tr(
            "{whose}: {doing}, {done} of {total}", whose=whose, doing=doing, done=done, total=total
        )
        self.note.setText(words)

    def _ask(self) -> None:
        self.evaluate.setEnabled(False)
        self._refused = ""
        self.note.setText(tr("Finding out what can be asked…"))
        self.evaluate_asked.emit()

    def _note(self, scored: Scored) -> str:
        job = scored.job
        if job is not None and scored.progress is not None:
            made = scored.progress
            self.show_progress(made.phase, made.step, made.total)
            return self.note.text()
        if job is not None:
            words = {
                "waiting": tr("The evaluation waits in the queue."),
                "paused": tr("The evaluation is paused in the queue."),
            }
            return words.get(job.state, tr("Is being evaluated…"))
        if scored.failed:
            return tr("The evaluation failed: {why}", why=scored.failed)
        if scored.scores is None:
            return (
                scored.why_not
                or self._refused
                or tr("Not evaluated yet: nobody knows what the adapter is worth.")
            )
        tuned = scored.scores.tuned
        facts = tr(
            "{n} sets each, {steps} steps, seed {seed}; 95 % intervals over sets.",
            n=tuned.n,
            steps=tuned.steps,
            seed=tuned.seed,
        )
        if not scored.whole:
            facts += " " + tr("The base has not been evaluated over the same requests.")
        return facts

    def _fill(self, scores: Scores | None) -> None:
        for cell in self.cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self.cells = []
        if scores is None:
            return
        for column, text in enumerate((tr("Base"), tr("Adapter")), 1):
            self._add(label(text, "secondary"), 0, column)
        for n, row in enumerate(scores.rows):
            self._show(row, 1 + 2 * n)

    def _show(self, row: Row, line: int) -> None:
        names = {
            "adherence": tr("Adherence"),
            "consistency": tr("Consistency"),
            "diversity": tr("Diversity"),
        }
        verdicts = {
            "better": tr("better"),
            "worse": tr("worse"),
            "open": tr("too close to tell"),
        }
        name = names.get(row.about, row.about)
        self._add(label(name), line, 0)
        word = verdicts[row.verdict] if row.verdict is not None else ""
        self._add(label(word, "secondary"), line + 1, 0)
        for column, figure in enumerate((row.base, row.tuned), 1):
            if figure is not None:
                value = label(f"{figure.value:.3f}")
                value.setFont(font(13, tabular=True))
                self._add(value, line, column)
                interval = label(interval_text(figure), "secondary")
                interval.setAccessibleName(f"{name}: {interval.text()}")
                self._add(interval, line + 1, column)

    def _add(self, cell: QLabel, row: int, column: int) -> None:
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        self._grid.addWidget(cell, row, column, side)
        if row % 2:  # a value: apart from the interval above it, close to its own
            cell.setContentsMargins(0, GAP, 0, 0)
        self.cells.append(cell)


def interval_text(figure: Figure) -> str:
    """The interval in words; empty where one set alone was judged."""
    if figure.low is None or figure.high is None:
        return ""
    return tr("{low:.3f} – {high:.3f}", low=figure.low, high=figure.high)
