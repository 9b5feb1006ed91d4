"""The page Plugins: the list at the left; beside it a plugin, what was dropped, or a wizard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
)

from ..pages import Page
from ..studio import Studio, error_text
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, GAP_WIDE, ROW, role
from ..widgets.labels import label
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import PageBar, button, fill
from . import state
from .model import PluginsModel
from .views import Detail, Report
from .wizards import NewPlugin, NewTask

LIST_LEAST, LIST_WIDTH = 260, 400


class PluginsPage(Page):
    """Shows what the model has and hands it what is pressed or dropped."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = PluginsModel(studio)
        self.list = QTableView()
        self.detail = Detail()
        self.report = Report()
        self.new_plugin = NewPlugin()
        self.new_task = NewTask()
        self.safe = QPushButton(tr("Safe mode"))
        self.safe.setCheckable(True)
        role(self.safe, "chip")
        self.notes = OneNotice(GAP_PAGE)
        self._name = ""
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._refreshed()

    @property
    def note(self) -> Notice | None:
        """What is said above the list."""
        return self.notes.current

    def primary(self) -> None:
        self._choose()

    def cancel(self) -> None:
        """Back to the plugin that is chosen in the list."""
        self._show(self.detail)
        self.list.setFocus()

    def shown(self) -> None:
        self.safe.setChecked(state.safe_mode())
        self.list.setFocus()

    def dropped(self, files: list[Path]) -> None:
        self.model.examine(files[0])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "stack"):
            # Not at once: Qt is just telling the very widgets that this replaces.
            QTimer.singleShot(0, self, self._chosen)

    def scenes(self) -> dict[str, Callable[[], None]]:
        from ...plugins.scaffold import template_folder

        return {
            "": self.cancel,
            "dropped": lambda: self.model.examine(template_folder()),
            "wrong": lambda: self.model.examine(Path(__file__)),
            "new-task": lambda: self._show(self.new_task),
            "new-plugin": lambda: self._show(self.new_plugin),
        }

    def _arrange(self) -> None:
        self.list.setModel(self.model.table)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setTabKeyNavigation(False)
        self.list.setShowGrid(False)
        self.list.setAccessibleName(tr("Installed plugins and task files"))
        self.list.verticalHeader().hide()
        self.list.verticalHeader().setDefaultSectionSize(ROW)
        head = self.list.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 84), (2, 92)):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.list.setColumnWidth(column, width)
        hint = tr("Drop a .whl, a plugin's folder or a task file anywhere here to look into it.")
        left = QVBoxLayout()
        left.setSpacing(GAP)
        left.addWidget(self.list, 1)
        left.addWidget(label(hint, "secondary", wrap=True))
        holder = QFrame()
        holder.setLayout(left)
        holder.setMinimumWidth(LIST_LEAST)
        holder.setMaximumWidth(LIST_WIDTH)
        left.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        for view in (self.detail, self.report, self.new_plugin, self.new_task):
            self.stack.addWidget(view)
        right = QFrame()
        role(right, "panel")
        inside = QVBoxLayout(right)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.stack)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_PAGE, GAP_BLOCK, GAP_PAGE, GAP_BLOCK)
        row.setSpacing(GAP_BLOCK)
        row.addWidget(holder, 2)
        row.addWidget(right, 4)
        tip = tr("Load only the plugins that come with ICL Studio, until this window is closed")
        self.safe.setToolTip(tip)
        bar = PageBar(
            tr("Plugins"),
            self.safe,
            button(tr("New task"), lambda: self._show(self.new_task)),
            button(tr("New plugin"), lambda: self._show(self.new_plugin)),
            button(tr("Look into a file…"), self._choose, "primary"),
        )
        above = QVBoxLayout()
        above.setContentsMargins(0, GAP_WIDE, 0, 0)
        above.addLayout(self.notes)
        fill(self, bar, above, row)

    def _connect(self) -> None:
        model = self.model
        self.list.selectionModel().currentRowChanged.connect(self._current)
        model.table.modelReset.connect(self._refreshed)
        model.examined.connect(self._examined)
        model.refused.connect(lambda error: self.notes.say(error_text(error)))
        model.plugin_written.connect(self.new_plugin.show_written)
        model.task_written.connect(self._task_written)
        self.studio.tasks_changed.connect(lambda: self.new_task.set_registry(self.studio.registry))
        self.new_task.set_registry(self.studio.registry)
        self.safe.clicked.connect(model.set_safe_mode)
        self.detail.switched.connect(model.switch)
        self.report.closed.connect(self.cancel)
        self.report.reload_asked.connect(self.studio.reload)
        self.report.task_asked.connect(model.write_task)
        self.new_plugin.asked.connect(model.write_plugin)
        self.new_plugin.closed.connect(self.cancel)
        self.new_task.asked.connect(model.write_task)
        self.new_task.closed.connect(self.cancel)

    def _refreshed(self) -> None:
        """The list is new; the plugin that was chosen stays so, if it is still there."""
        row = self.model.table.row_of(self._name) if self._name else 0
        if row >= 0 and self.model.table.plugins:
            self.list.selectRow(row)
        self._chosen()

    def _current(self, index: QModelIndex) -> None:
        if index.isValid():
            self._name = self.model.table.plugins[index.row()].name
            self._chosen()
            self._show(self.detail)

    def _chosen(self) -> None:
        row = self.model.table.row_of(self._name)
        info = self.model.table.plugins[row] if row >= 0 else None
        self.detail.show_plugin(info, self._name)

    def _show(self, view: Any) -> None:
        self.notes.clear()
        self.stack.setCurrentWidget(view)
        if view is self.new_plugin:
            self.new_plugin.name.setFocus()
        elif view is self.new_task:
            self.new_task.id.setFocus()

    def _examined(self, path: Path, found: state.Dropped) -> None:
        self.report.show_report(path, found)
        self._show(self.report)

    def _task_written(self, id: str) -> None:
        self._name = f"{id}.json"
        self._show(self.detail)
        self.studio.tell(tr("{id} is a task now: choose it on the page Create.", id=id))

    def _choose(self) -> None:
        kinds = tr("Plugins and tasks (*.whl *.json pyproject.toml)")
        dialog = QFileDialog(self, tr("Look into a file"), str(Path.home()), kinds)
        dialog.fileSelected.connect(self._picked)
        dialog.open()

    def _picked(self, name: str) -> None:
        path = Path(name)
        self.model.examine(path.parent if path.name == "pyproject.toml" else path)
