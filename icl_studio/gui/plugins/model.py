"""The list of plugins for Qt, and what is done with one, in a thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QIcon

from ...domain.task import TaskSpec
from ...plugins import PluginInfo
from ...plugins.scaffold import new_plugin
from ...training.tasks import write_task
from .. import icons
from ..studio import Studio
from ..texts import tr
from ..theme import tokens
from . import state

Index = QModelIndex | QPersistentModelIndex
SIGNS = {"ok": "ok", "disabled": "pause", "broken": "error"}


def state_word(info: PluginInfo) -> str:
    """How it fares, in a word."""
    if info.state == "disabled":
        return tr("off")
    return tr("works") if info.state == "ok" else tr("broken")


def sign_color(info: PluginInfo) -> str:
    t = tokens()
    return {"ok": t.ok, "disabled": t.secondary, "broken": t.error}[info.state]


def sign_of(info: PluginInfo) -> QIcon:
    """The sign of its state; the same on a row that is chosen."""
    return icons.icon(SIGNS[info.state], sign_color(info))


class PluginTable(QAbstractTableModel):
    """A row for each plugin: name, version, how it fares."""

    def __init__(self) -> None:
        super().__init__()
        self.plugins: tuple[PluginInfo, ...] = ()

    def set_plugins(self, plugins: tuple[PluginInfo, ...]) -> None:
        """Show ``plugins``; nothing happens if they are shown already."""
        if plugins != self.plugins:
            self.beginResetModel()
            self.plugins = plugins
            self.endResetModel()

    def row_of(self, name: str) -> int:
        """The row of the plugin ``name``, -1 where there is none of that name any more."""
        return next((n for n, info in enumerate(self.plugins) if info.name == name), -1)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.plugins)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return (tr("Plugin"), tr("Version"), tr("State"))[section] if section < 3 else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.plugins):
            return None
        info = self.plugins[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (info.name, info.version, state_word(info))[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 2:
            return sign_of(info)
        if role == Qt.ItemDataRole.ToolTipRole:
            return info.error or info.label
        return None


class PluginsModel(QObject):
    """``examined(path, what)`` and ``refused(error)`` after a drop; ``written`` after a wizard."""

    examined = QtSignal(object, object)
    refused = QtSignal(object)
    plugin_written = QtSignal(object)
    task_written = QtSignal(str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.table = PluginTable()
        self.refresh()
        studio.tasks_changed.connect(self.refresh)

    def refresh(self) -> None:
        self.table.set_plugins(self.studio.registry.plugins)

    def switch(self, name: str, on: bool) -> None:
        folders = self.studio.folders
        self._do(lambda: state.switch(folders, name, on), lambda _: self.studio.reload())

    def set_safe_mode(self, on: bool) -> None:
        state.set_safe_mode(on)
        self.studio.reload()

    def examine(self, path: Path) -> None:
        self._do(lambda: state.examine(path), lambda found: self.examined.emit(path, found))

    def write_plugin(self, name: str, parent: Path) -> None:
        self._do(lambda: new_plugin(name, parent), self.plugin_written.emit)

    def write_task(self, task: TaskSpec) -> None:
        """Make ``task`` one of the user's own, from now on."""
        folders = self.studio.folders

        def done(_: Path) -> None:
            self.studio.reload()
            self.task_written.emit(task.id)

        self._do(lambda: write_task(task, folders), done)

    def _do(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.studio.background.call(self, work, done, self.refused.emit)
