"""The page Create: its views, put together around the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...models.adapters import known_adapters
from ...queue.job import JobRow
from ..handing import ShowSet
from ..pages import Page, local_files
from ..studio import Studio
from ..texts import clock, tr, trn
from ..theme import GAP, GAP_WIDE
from ..widgets.labels import Elided
from ..widgets.notice import Notice
from ..widgets.sheet import SheetView
from ..widgets.texts import TextBox
from .bar import CreateBar
from .caption import CaptionPanel
from .drawing import Drawing
from .gallery import TaskGallery
from .look import LookPanel
from .model import CreateModel
from .recent import Recent
from .welcome import Welcome, what_next

COLUMN = 348
SUMMARY_LINES = 2


class CreatePage(Page):
    """Write, generate, see it appear."""

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
        self.welcome: Welcome | None = None
        self._failure: Notice | None = None
        self._shown_set = ""
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._keys()
        studio.background.call(self, lambda: known_adapters(studio.folders), self.look.set_known)

    def primary(self) -> None:
        if self.welcome is not None:
            self._make_first()
            return
        if self.stack.currentWidget() is self.gallery:
            self._close_gallery()
        self.model.generate()

    def cancel(self) -> None:
        if self.welcome is not None:
            self._leave_welcome()
        elif self.stack.currentWidget() is self.gallery:
            self._close_gallery()
        elif self.drawing.open_jobs:
            self.model.cancel(self.drawing.open_jobs)
        elif self.sheet.image is not None:
            self.sheet.set_image(None)
        else:
            self.model.stop_editing()

    def receive(self, what: Any) -> None:
        if self.welcome is not None:
            self._leave_welcome()
        self.model.receive(what)
        if isinstance(what, ShowSet):
            self.drawing.show_set(what.folder)

    def shown(self) -> None:
        self.model.look_for_room()
        if self.stack.currentWidget() is self.desk:
            self.summary.setFocus()
        elif self.welcome is not None:
            self.welcome.start.setFocus()

    def save(self) -> None:
        self.model.keep()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.model.take_file(files[0])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._judged()

    def scenes(self) -> dict[str, Callable[[], None]]:
        return {
            "welcome": self._welcome,
            "": self._leave_welcome,
            "tasks": self._open_gallery,
            "wrong": self._scene_wrong,
            "set": self._scene_set,
        }

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
        # Room for the scroll bar that comes in a low window, so that nothing moves.
        right.setContentsMargins(0, 0, GAP_WIDE, 0)
        desk = QWidget()
        row = QHBoxLayout(desk)
        row.setContentsMargins(GAP_WIDE, GAP_WIDE, 0, GAP)
        row.setSpacing(GAP_WIDE)
        row.addLayout(left, 1)
        row.addWidget(_scrolled(right, COLUMN + GAP_WIDE))
        self.desk = desk
        self.stack = QStackedWidget()
        self.stack.addWidget(desk)
        self.stack.addWidget(self.gallery)
        self._notes = QVBoxLayout()
        self._notes.setContentsMargins(GAP_WIDE, 0, GAP_WIDE, 0)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.bar)
        whole.addLayout(self._notes)
        whole.addWidget(self.stack, 1)
        whole.addWidget(self.recent)

    def _connect(self) -> None:
        model, bar = self.model, self.bar
        self.summary.typed.connect(lambda text: model.type_text("summary", text))
        self.sheet.typed.connect(lambda n, text: model.type_text(f"panel{n + 1}", text))
        self.look.changed.connect(lambda facts: model.set(**facts))
        self.look.wants_file.connect(self._choose_lora)
        self.look.dice.clicked.connect(model.draw_seed)
        bar.changed.connect(lambda facts: model.set(**facts))
        bar.generate_asked.connect(self.primary)
        bar.tasks_asked.connect(self._toggle_gallery)
        bar.undo_asked.connect(model.undo)
        bar.redo_asked.connect(model.redo)
        bar.preset_asked.connect(model.use_preset)
        bar.preset_named.connect(lambda name: model.presets.save(name, model.draft.look))
        bar.preset_removed.connect(model.presets.remove)
        model.presets.changed.connect(lambda: bar.set_presets(model.presets.names))
        model.changed.connect(self._changed)
        model.judged.connect(self._judged)
        model.paced.connect(self._paced)
        model.roomed.connect(lambda: self.look.show_room(model.room))
        model.refused.connect(self._refused)
        model.first_start.connect(self._welcome)
        model.first_start.connect(model.prepare_first)
        model.queued.connect(self.drawing.follow)
        model.queued.connect(lambda _: self._clear_failure())
        model.recent_changed.connect(lambda: self.recent.show_rows(model.recent))
        self.recent.chosen.connect(self._bring)
        self.gallery.chosen.connect(self._chosen)
        self.drawing.pictured.connect(lambda image, sharp: self._pictured(image, sharp=sharp))
        self.drawing.progressed.connect(self._progressed)
        self.drawing.failed.connect(self._failed)

    def _keys(self) -> None:
        keys: tuple[tuple[Any, Callable[[], None]], ...] = (
            ("Ctrl+Z", self.model.undo),
            ("Ctrl+Shift+Z", self.model.redo),
            ("Ctrl+Y", self.model.redo),
            ("Ctrl+T", self._toggle_gallery),
        )
        for sequence, act in keys:
            QShortcut(QKeySequence(sequence), self).activated.connect(act)

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
        self._clear_failure()
        note = Notice(sentence, "error", tr("Try again"), self.model.generate)
        note.closed.connect(self._clear_failure)
        self._failure = note
        self._notes.addWidget(note)

    def _clear_failure(self) -> None:
        if self._failure is not None:
            self._notes.removeWidget(self._failure)
            self._failure.hide()
            self._failure.deleteLater()
            self._failure = None

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

    def _bring(self, row: JobRow) -> None:
        """A set of the strip into the layout, with its text."""
        if row.folder is not None:
            self.receive(ShowSet(row.folder))

    def _welcome(self) -> None:
        """Nobody has been here before."""
        self.welcome = Welcome(self.studio.registry)
        self.welcome.started.connect(self._make_first)
        self.welcome.left.connect(self._leave_welcome)
        self.stack.addWidget(self.welcome)
        self.stack.setCurrentWidget(self.welcome)
        self.bar.setEnabled(False)
        self.welcome.start.setFocus()

    def _make_first(self) -> None:
        self._leave_welcome()
        self.drawing.done.connect(self._first_done)
        self.model.make_first()

    def _first_done(self) -> None:
        self.drawing.done.disconnect(self._first_done)
        note = Notice(what_next(self.studio.registry))
        note.closed.connect(note.deleteLater)
        self._notes.addWidget(note)

    def _leave_welcome(self) -> None:
        self.bar.setEnabled(True)
        self._close_gallery()
        if self.welcome is not None:
            self.stack.removeWidget(self.welcome)
            self.welcome.deleteLater()
            self.welcome = None
        self.model.welcomed()

    def _toggle_gallery(self) -> None:
        if self.stack.currentWidget() is self.gallery:
            self._close_gallery()
        else:
            self._open_gallery()

    def _open_gallery(self) -> None:
        tasks = list(self.studio.registry.tasks.values())
        self.gallery.show_tasks(tasks, self.model.draft.task)
        self.stack.setCurrentWidget(self.gallery)
        self.gallery.focus_current()

    def _close_gallery(self) -> None:
        self.stack.setCurrentWidget(self.desk)
        self.summary.setFocus()

    def _chosen(self, id: str) -> None:
        self.sheet.set_image(None)
        self.model.choose_task(id)
        self._close_gallery()

    def _choose_lora(self) -> None:
        title, kinds = tr("Choose a LoRA"), "*.safetensors"
        dialog = QFileDialog(self, title, str(self.studio.folders.adapters), kinds)
        dialog.fileSelected.connect(self.look.add_adapter)
        dialog.open()

    def _scene_wrong(self) -> None:
        self._close_gallery()
        self.sheet.set_image(None)
        self.model.type_text("panel2", "a [SCENE-9] where nobody waits, and a [SCENE-1] again")

    def _scene_set(self) -> None:
        self.model.undo()
        if self.model.recent:
            self._bring(self.model.recent[-1])


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
