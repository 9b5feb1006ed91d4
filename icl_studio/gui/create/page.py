"""The page Create: what its buttons, keys and drops do; the welcome and the task gallery."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog

from ...models.adapters import known_adapters
from ...queue.job import JobRow
from ..handing import ShowSet
from ..studio import Studio
from ..texts import tr
from .desk import DeskPage
from .welcome import Welcome, what_next


class CreatePage(DeskPage):
    """Write, generate, see it appear."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.welcome: Welcome | None = None
        self.setAcceptDrops(True)
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

    def dropped(self, files: list[Path]) -> None:
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
        model.first_start.connect(self._welcome)
        model.first_start.connect(model.prepare_first)
        self.recent.chosen.connect(self._bring)
        self.gallery.chosen.connect(self._chosen)

    def _keys(self) -> None:
        keys: tuple[tuple[Any, Callable[[], None]], ...] = (
            ("Ctrl+Z", self.model.undo),
            ("Ctrl+Shift+Z", self.model.redo),
            ("Ctrl+Y", self.model.redo),
            ("Ctrl+T", self._toggle_gallery),
        )
        for sequence, act in keys:
            QShortcut(QKeySequence(sequence), self).activated.connect(act)

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
        self.hints.say(what_next(self.studio.registry), "info")

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
