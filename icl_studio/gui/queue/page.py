"""The page Queue: its views, put together around the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from ...shotlists.checking import Checked
from ..pages import Page
from ..studio import Studio
from ..texts import tr
from ..theme import GAP, GAP_WIDE, role
from ..widgets.empty import Empty
from ..widgets.labels import Elided
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import PageBar, fill
from .model import FILTERS, QueueModel
from .report import ReportPanel
from .telling import mend_for, second_line
from .tools import JobTools
from .view import JobView


class QueuePage(Page):
    """Everything that is to be made, what it waits for, what went wrong and the way on."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = QueueModel(studio, self)
        self.view = JobView(self.model.table, studio.background)
        self.headline = Elided("", 15)
        self.run = QPushButton()
        role(self.run, "primary")
        self.pause = QPushButton()
        self.pause.setCheckable(True)
        self.row = JobTools(self.model.filter)
        self.search, self.chips, self.tools = self.row.search, self.row.chips, self.row.tools
        self.report = ReportPanel()
        self.said = Elided("", 12, secondary=True)
        self.undo = QPushButton(tr("Undo"))
        role(self.undo, "quiet")
        self.empty = Empty(
            "queue",
            tr("Nothing is queued."),
            tr("Generate on Create, or drop a shot list here: CSV, TSV, Excel or JSON."),
            tr("Write a set"),
        )
        self.notes = OneNotice()
        self._selected: list[str] = []
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._looked()

    @property
    def failure(self) -> Notice | None:
        """Why the chosen job failed, if it did."""
        return self.notes.current

    def primary(self) -> None:
        if self.report.isVisible():
            self.report.accept()
        else:
            self.model.run_or_stop()

    def cancel(self) -> None:
        if self.report.isVisible():
            self.report.hide()
        elif self.search.text():
            self.search.clear()
        else:
            self.view.clearSelection()

    def receive(self, what: object) -> None:
        if isinstance(what, Path):
            self.model.check(what)

    def shown(self) -> None:
        self.view.setFocus()
        self.model.look()

    def dropped(self, files: list[Path]) -> None:
        self.model.check(files[0])

    def scenes(self) -> dict[str, Callable[[], None]]:
        return {
            "": lambda: self.row.choose("all"),
            "failed": self._scene_failed,
            "list": self._scene_list,
        }

    def _arrange(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.empty)
        last = QHBoxLayout()
        last.addWidget(self.said, 1)
        last.addWidget(self.undo)
        left = QVBoxLayout()
        left.setSpacing(GAP)
        left.addWidget(self.row)
        left.addWidget(self.stack, 1)
        left.addLayout(self.notes)
        left.addLayout(last)
        body = QHBoxLayout()
        body.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP)
        body.setSpacing(GAP_WIDE)
        body.addLayout(left, 3)
        body.addWidget(self.report, 2)
        fill(self, PageBar("", self.pause, self.run, wide=self.headline), body)
        self.row.serve(self.view)
        self.undo.hide()

    def _connect(self) -> None:
        model = self.model
        model.taking.connect(self._keep_selection)
        model.looked.connect(self._looked)
        model.acted.connect(self._acted)
        model.checked.connect(self.report.show_list)
        self.view.mend.connect(model.mend)
        self.view.chosen.connect(self._chosen)
        self.view.nudged.connect(self._nudge)
        self.row.filtered.connect(model.show)
        self.row.asked.connect(self._act)
        self.run.clicked.connect(self.primary)
        self.pause.clicked.connect(model.pause_all)
        self.empty.asked.connect(lambda: self.studio.go("create"))
        self.report.closed.connect(self.report.hide)
        self.report.again.connect(model.check)
        self.report.accepted.connect(self._accept)
        self.undo.clicked.connect(self._undo)
        self.studio.bridge.phase_changed.connect(self._phase)
        QShortcut(QKeySequence("Ctrl+Z"), self).activated.connect(self._undo)
        self._phase()

    def _act(self, name: str) -> None:
        jobs = self.view.jobs()
        if name == "edit":
            if len(jobs) == 1:
                self.model.edit(jobs[0].id)
            return
        self.model.act(name, [job.id for job in jobs])

    def _nudge(self, way: int) -> None:
        """One place up or down, by the keyboard."""
        jobs = self.view.jobs()
        if not jobs:
            return
        first = self.model.table.row_of(jobs[0].id)
        last = self.model.table.row_of(jobs[-1].id)
        if first is None or last is None:
            return
        target = self.model.table.row(first - 1 if way < 0 else last + 2)
        if target is not None or way > 0:
            self.model.move([job.id for job in jobs], target.id if target else "")

    def _keep_selection(self) -> None:
        self._selected = [job.id for job in self.view.jobs()]

    def _looked(self) -> None:
        model = self.model
        if self._selected != [job.id for job in self.view.jobs()]:
            self.view.choose(self._selected)  # jobs have moved: the selection goes with them
        total = sum(model.counts.values())
        self.headline.set_text(model.headline or tr("Queue"))
        self.pause.setChecked(model.paused)
        self.pause.setText(tr("Go on") if model.paused else tr("Pause"))
        tip = tr("While it is paused no new set is begun; what is under way is finished")
        self.pause.setToolTip(tip)
        self.row.show_counts(model.counts)
        self.stack.setCurrentWidget(self.view if total else self.empty)
        self._chosen()

    def _chosen(self) -> None:
        jobs = self.view.jobs()
        self.row.allow(jobs)
        self._show_failure()

    def _show_failure(self) -> None:
        """Why the one job that is selected failed, in full, with the action that mends it."""
        jobs = self.view.jobs()
        row = jobs[0] if len(jobs) == 1 else None
        mend = mend_for(row) if row is not None else None
        failed = row is not None and row.error is not None and row.state in FILTERS["failed"]
        text = second_line(row) if row is not None and failed else ""
        if self.failure is not None and self.failure.label.text() != text:
            self.notes.clear()
        if row is not None and text and mend is not None and self.failure is None:
            note = self.notes.say(text, "error", mend.words, lambda: self.model.mend(row))
            note.closed.connect(self.view.clearSelection)

    def _acted(self, text: str) -> None:
        self.said.set_text(text)
        self.undo.setVisible(self.model.can_undo)

    def _undo(self) -> None:
        self.said.set_text("")
        self.model.undo()
        self.undo.setVisible(self.model.can_undo)

    def _accept(self, file: Path, found: Checked) -> None:
        self.report.hide()
        self.model.accept(file, found)

    def _phase(self) -> None:
        off = self.studio.bridge.phase in ("off", "stopping")
        self.run.setText(tr("Run  Ctrl+Enter") if off else tr("Stop  Ctrl+Enter"))

    def _scene_failed(self) -> None:
        self.row.choose("failed")
        self.model.looked.connect(lambda: self.view.selectRow(0))

    def _scene_list(self) -> None:
        """A list with good rows and bad ones."""
        file = self.studio.folders.cache / "shots.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "task,summary,panel1,panel2,panel3\n"
            "film-storyboard,a red creature,on the beach,in the forest,at night\n"
            "film-storyboard,a blue creature,on the beach,,at night\n"
            "film-storybord,a red creature,on the beach,in the forest,at night\n",
            encoding="utf-8",
        )
        self.model.check(file)
