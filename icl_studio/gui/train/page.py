"""The page Train: the recipe at the left; beside it the data set, or the run as it learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from ...errors import UserError
from ...training.record import Line
from ..pages import Page
from ..studio import Studio
from ..texts import tr
from ..theme import GAP_BLOCK, GAP_PAGE, GAP_WIDE, role
from ..widgets.empty import Empty
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import PageBar, button, fill
from . import state
from .data import DataView
from .model import TrainModel
from .recipe import RecipePanel
from .run import RunView


class TrainPage(Page):
    """Shows what the model has and hands it what is chosen, typed or dropped."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = TrainModel(studio)
        self.recipe = RecipePanel()
        self.recipe.set_registry(studio.registry, self.model.wishes)
        self.data = DataView(self.model)
        self.run = RunView(studio.background)
        self.empty = Empty(
            "train",
            tr("Tune an adapter from 20 to 100 sets of one kind"),
            tr(
                "Sheets with a .txt caption of the same name, or folders of panels. Drop them here."
            ),
            tr("Choose a folder…"),
        )
        self.start = button(tr("Train  Ctrl+Enter"), self.primary, "primary")
        self.show_data = self._view_button(tr("Data"), lambda: self._show(self.data))
        self.show_run = self._view_button(tr("Run"), self._show_run)
        self.notes = OneNotice(GAP_PAGE)
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        task = self.recipe.task.currentData() or ""
        self.model.wish(task=task)
        self._wished()

    @property
    def note(self) -> Notice | None:
        """What is said above the recipe."""
        return self.notes.current

    def primary(self) -> None:
        if self.start.isEnabled():
            self.notes.clear()
            self.model.start()

    def cancel(self) -> None:
        """Esc goes back to the data; a run is stopped by its button only."""
        self._show(self.data if self.model.data is not None else self.empty)

    def shown(self) -> None:
        self.model.visible = True
        self.model.refresh()
        if self.model.wishes.data is not None and self.model.data is None:
            self.model.look()

    def hidden(self) -> None:
        self.model.visible = False

    def receive(self, what: Any) -> None:
        """A folder or zip to be trained on, or the folder of a run."""
        if isinstance(what, Path):
            self._take(what)

    def dropped(self, files: list[Path]) -> None:
        self._take(files[0])

    def scenes(self) -> dict[str, Callable[[], None]]:
        data = self.studio.folders.data / "storyboards"  # an example's (gui.examples)
        found: dict[str, Callable[[], None]] = {"": lambda: None}
        if data.is_dir():
            found["data"] = lambda: self._take(data)
        if self.model.runs:
            found["run"] = self._show_run
        return found

    def _arrange(self) -> None:
        self.stack = QStackedWidget()
        for view in (self.empty, self.data, self.run):
            self.stack.addWidget(view)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_PAGE, 0, GAP_PAGE, GAP_BLOCK)
        row.setSpacing(GAP_BLOCK)
        row.addWidget(self.recipe)
        row.addWidget(self.stack, 1)
        above = QVBoxLayout()
        above.setContentsMargins(0, GAP_WIDE, 0, 0)
        above.addLayout(self.notes)
        bar = PageBar(tr("Train"), self.show_data, self.show_run, self.start)
        fill(self, bar, above, row)

    def _connect(self) -> None:
        model = self.model
        self.recipe.changed.connect(self._asked)
        self.empty.asked.connect(self.recipe.choose)
        self.data.save_asked.connect(model.save_caption)
        model.looked.connect(self._looked)
        model.busy_changed.connect(self._busy)
        model.refused.connect(lambda why: self.notes.say(why))
        model.run_changed.connect(self._run_changed)
        model.runs_changed.connect(lambda: self.run.show_runs(model.runs, model.folder))
        model.learnt.connect(self._learnt)
        self.run.chosen.connect(self._choose_run)
        self.run.stop_asked.connect(model.stop)
        self.run.resume_asked.connect(model.go_on)
        self.run.sample_asked.connect(model.sample)
        self.run.scores.evaluate_asked.connect(model.evaluate)
        self.run.scores.use_asked.connect(model.use)
        model.judged.connect(self.run.scores.show_progress)
        model.unscorable.connect(self.run.scores.show_refused)
        self.studio.tasks_changed.connect(
            lambda: self.recipe.set_registry(self.studio.registry, model.wishes)
        )

    def _view_button(self, text: str, act: Callable[[], None]) -> QPushButton:
        made = button(text, act)
        role(made, "chip")
        made.setCheckable(True)
        return made

    def _asked(self, facts: dict[str, Any]) -> None:
        self.notes.clear()
        if "value" in facts:
            key, value = facts.pop("value")
            facts["changes"] = {**self.model.wishes.changes, key: value}
            try:
                known = getattr(state.recipe_of(self.model.wishes, self.studio.registry), key)
            except UserError:
                known = None
            if known == value:
                return
        if "preset" in facts or "model" in facts:
            facts["changes"] = {}
        self.model.wish(**facts)
        self._wished()

    def _wished(self) -> None:
        wishes = self.model.wishes
        try:
            recipe = state.recipe_of(wishes, self.studio.registry)
        except UserError as error:
            recipe = None
            self.notes.say(str(error))
        self.recipe.show_wishes(wishes, recipe)
        self._busy()

    def _take(self, path: Path) -> None:
        self.notes.clear()
        self.model.wish(data=path)
        self._wished()

    def _looked(self) -> None:
        self.recipe.show_looked(self.model.data)
        self._busy()
        if self.stack.currentWidget() is not self.run:
            self._show(self.data if self.model.data is not None else self.empty)

    def _busy(self) -> None:
        data = self.model.data
        self.start.setEnabled(
            data is not None and bool(data.inspected.usable) and self.model.busy == ""
        )
        words = {"look": tr("Looking at the data…"), "plan": tr("Preparing the run…")}
        self.start.setText(words.get(self.model.busy, tr("Train  Ctrl+Enter")))

    def _run_changed(self) -> None:
        run = self.model.run
        fresh = run is not None and self.stack.currentWidget() is not self.run and run.open
        if run is not None and self.run.shown_folder != run.folder:
            self.run.show_runs(self.model.runs, run.folder)
        self.run.show_run(run, self.model.eta)
        if fresh and run is not None and run.record.step == 0:
            self._show(self.run)

    def _learnt(self, line: Line) -> None:
        self.run.add_line(line, self.model.eta)

    def _choose_run(self, folder: Path | None) -> None:
        self.model.follow(folder)
        self._show(self.run)

    def _show_run(self) -> None:
        if self.model.folder is None and self.model.runs:
            self.model.follow(self.model.runs[0][0])
            self.run.show_runs(self.model.runs, self.model.folder)
        self._show(self.run)

    def _show(self, view: Any) -> None:
        if view is self.data and self.model.data is None:
            view = self.empty
        self.stack.setCurrentWidget(view)
        self.show_data.setChecked(view is not self.run)
        self.show_run.setChecked(view is self.run)
