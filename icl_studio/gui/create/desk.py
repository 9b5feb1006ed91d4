"""What stands on Create: texts in their panels, look and caption, showing draft and judgement."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..pages import Page
from ..studio import Studio
from ..texts import clock, tr, trn
from ..theme import GAP, GAP_WIDE
from ..widgets.labels import Elided
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import fill
from ..widgets.sheet import SheetView
from ..widgets.texts import TextBox
from .bar import CreateBar
from .caption import CaptionPanel
from .drawing import Drawing
from .gallery import TaskGallery
from .look import LookPanel
from .model import CreateModel
from .recent import Recent

COLUMN = 348
SUMMARY_LINES = 2


class DeskPage(Page):
    """Shows what the model has; what is pressed on it, the page itself connects."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = CreateModel(studio, self)
        self.drawing = Drawing(studio, self)
        self.bar = CreateBar()
        self.bar.set_registry(studio.registry)
        self.gallery = TaskGallery(studio.background)
        self.summary = TextBox()
        self.sheet = SheetView()
        self.facts = Elided("", 12, secondary=True)
        self.look = LookPanel()
        self.caption = CaptionPanel()
        self.recent = Recent(studio.background)
        self.failures, self.hints = OneNotice(), OneNotice()
        self._arrange()
        self.model.changed.connect(self._changed)
        self.model.judged.connect(self._judged)
        self.model.paced.connect(self._paced)
        self.model.roomed.connect(lambda: self.look.show_room(self.model.room))
        self.model.refused.connect(self._refused)
        self.model.recent_changed.connect(lambda: self.recent.show_rows(self.model.recent))
        self.model.queued.connect(self.drawing.follow)
        self.model.queued.connect(lambda _: self.failures.clear())
        self.drawing.pictured.connect(lambda image, sharp: self._pictured(image, sharp=sharp))
        self.drawing.progressed.connect(self._progressed)
        self.drawing.failed.connect(self._failed)

    @property
    def failure(self) -> Notice | None:
        """Why the last set could not be made."""
        return self.failures.current

    def _arrange(self) -> None:
        self.summary.setPlaceholderText(tr("What all panels have in common"))
        self.summary.setAccessibleName(tr("Summary"))
        line = self.summary.fontMetrics().lineSpacing()
        self.summary.setFixedHeight(SUMMARY_LINES * line + 18)
        left = QVBoxLayout()
        left.setSpacing(GAP)
        left.addWidget(self.summary)
        left.addWidget(self.sheet, 1)
        left.addWidget(self.facts)
        right = QVBoxLayout()
        right.setSpacing(GAP)
        right.addWidget(self.look)
        right.addWidget(self.caption, 1)
        right.setContentsMargins(0, 0, 0, 0)
        desk = QWidget()
        row = QHBoxLayout(desk)
        row.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP)
        row.setSpacing(GAP_WIDE)
        row.addLayout(left, 1)
        row.addWidget(_scrolled(right, COLUMN))
        self.desk = desk
        self.stack = QStackedWidget()
        self.stack.addWidget(desk)
        self.stack.addWidget(self.gallery)
        notes = QVBoxLayout()
        notes.setContentsMargins(GAP_WIDE, 0, GAP_WIDE, 0)
        notes.addLayout(self.failures)
        notes.addLayout(self.hints)
        below = QVBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.stack, 1)
        below.addWidget(self.recent)
        fill(self, self.bar, notes, below)

    def _changed(self, what: str) -> None:
        model, draft = self.model, self.model.draft
        if what == "tasks":
            self.bar.set_registry(self.studio.registry)
        task = self.studio.registry.tasks.get(draft.task)
        if task is not None and (what in ("all", "tasks") or self.sheet.image is None):
            self._show_layout(task.layout)
        typed = draft.typed(model.panels)
        self.summary.set_text(typed.summary)
        self.sheet.set_texts(typed.panels)
        self.look.show_draft(draft, model.judgement)
        self.bar.show_draft(draft, model)

    def _show_layout(self, layout: Any) -> None:
        """The proportions are the task's own; a model that draws smaller keeps them nearly."""
        fitted = self.model.judgement.layout
        judged = self.model.judgement.task
        same = judged is not None and judged.id == self.model.draft.task
        wanted = fitted if same and fitted is not None else layout
        if len(self.sheet.editors) != len(wanted.panels):
            self.sheet.set_image(None)
        self.sheet.set_layout(wanted)

    def _judged(self) -> None:
        judgement = self.model.judgement
        if judgement.layout is not None:
            self._show_layout(judgement.layout)
            self.sheet.set_texts(self.model.draft.typed(self.model.panels).panels)
        self.caption.show_judgement(judgement)
        self.summary.underline(judgement.wrong.get("summary", ()))
        numbered = {
            int(place.removeprefix("panel")) - 1: spans
            for place, spans in judgement.wrong.items()
            if place != "summary"
        }
        self.sheet.set_wrong(numbered)
        self.look.show_draft(self.model.draft, judgement)
        self._paced()

    def _paced(self) -> None:
        self.bar.show_draft(self.model.draft, self.model)
        if not self.drawing.open_jobs:
            self.facts.set_text(self._fact_line())

    def _fact_line(self) -> str:
        judgement, draft = self.model.judgement, self.model.draft
        if judgement.layout is None:
            return ""
        canvas = judgement.layout.canvas
        parts = [
            tr("{w} × {h} pixels", w=canvas.width, h=canvas.height),
            trn("{n} panel", "{n} panels", len(judgement.layout.panels)),
            tr("{n:,} image tokens", n=canvas.tokens),
        ]
        seconds = self.model.seconds(draft.engine)
        if seconds is None:
            parts.append(tr("not timed on this machine yet"))
        else:
            parts.append(tr("about {time} in all", time=clock(seconds * draft.count)))
        return " · ".join(parts)

    def _pictured(self, image: QImage, *, sharp: bool) -> None:
        self.sheet.set_image(image, sharp=sharp)

    def _progressed(self, part: float | None, text: str) -> None:
        self.sheet.set_progress(part)
        self.facts.set_text(text or self._fact_line())

    def _failed(self, sentence: str, job: str) -> None:
        self.failures.say(sentence, "error", tr("Try again"), self.model.generate)

    def _refused(self) -> None:
        """Go to the first text that is wrong; the sentence stands beside the caption already."""
        judgement = self.model.judgement
        if judgement.problems_at("summary"):
            self.summary.setFocus()
            return
        for n, editor in enumerate(self.sheet.editors, 1):
            if judgement.problems_at(f"panel{n}"):
                editor.setFocus()
                return


def _scrolled(column: QVBoxLayout, width: int) -> QScrollArea:
    """A column that scrolls, rather than be squeezed, where the window is low."""
    inside = QWidget()
    inside.setLayout(column)
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setFixedWidth(width)
    area.setWidget(inside)
    return area
