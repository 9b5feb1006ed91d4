"""What stands beside the list: one plugin in full, or what was dropped on the page."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...domain.task import TaskSpec
from ...plugins import PluginInfo
from ...plugins.check import CheckReport
from .. import icons
from ..texts import tr, trn
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, GRID, ICON_SMALL, role, tokens
from ..widgets.labels import label
from ..widgets.page_bar import button, copy_button
from . import state
from .model import SIGNS, sign_color, state_word


class Column(QScrollArea):
    """A column of texts that is written anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.column = QVBoxLayout()
        self.start()

    def start(self, name: str = "") -> None:
        """Empty; whatever stood here goes. ``name`` is what a screen reader says of it."""
        self.setAccessibleName(name)
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()
        inner = QWidget()
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(GAP_PAGE, GAP_BLOCK, GAP_PAGE, GAP_PAGE)
        self.column.setSpacing(GAP)
        self.setWidget(inner)
        inner.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def say(self, text: str, rank: str = "body") -> QLabel:
        made = label(text, rank, wrap=True)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(made)
        return made

    def head(self, text: str) -> None:
        self.column.addSpacing(GAP)
        self.column.addWidget(label(text, "secondary"))

    def signed(self, sign: str, color: str, text: str, more: str = "") -> None:
        """A sentence with a sign before it, what mends it below."""
        row = QHBoxLayout()
        row.setSpacing(GAP)
        mark = QLabel()
        mark.setPixmap(icons.pixmap(sign, ICON_SMALL, color))
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        said = QVBoxLayout()
        said.setSpacing(GRID // 2)
        said.addWidget(label(text, wrap=True))
        if more:
            said.addWidget(label(more, "secondary", wrap=True))
        row.addLayout(said, 1)
        self.column.addLayout(row)

    def command(self, text: str, name: str) -> QLineEdit:
        """A command to copy; the line is returned."""
        row = QHBoxLayout()
        row.setSpacing(GAP)
        line = QLineEdit(text)
        line.setReadOnly(True)
        line.setCursorPosition(0)
        line.setAccessibleName(name)
        row.addWidget(line, 1)
        row.addWidget(copy_button(lambda: text))
        self.column.addLayout(row)
        return line


class Detail(Column):
    """One plugin: who it is, what it adds, what is wrong, its switch."""

    switched = Signal(str, bool)

    def show_plugin(self, info: PluginInfo | None, gone: str = "") -> None:
        """Show ``info``; None says that ``gone`` is installed no more."""
        self.start(tr("About the plugin"))
        if info is None:
            text = tr("{name} is not installed any more.", name=gone) if gone else tr("No plugin.")
            self.say(text, "secondary")
            self.column.addStretch(1)
            return
        self.say(info.name, "title")
        origin = f"{info.distribution} {info.version}".strip()
        if info.own:
            origin = tr("{origin} · comes with ICL Studio", origin=origin)
        self.say(origin or tr("a task file of yours"), "secondary")
        self.signed(SIGNS[info.state], sign_color(info), state_word(info))
        on = state.is_on(info)
        text = tr("Disable") if on else tr("Enable")
        self.switch = button(text, lambda: self.switched.emit(info.name, not on))
        self.column.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignLeft)
        if info.problems:
            self.head(tr("What is wrong") if info.state == "broken" else tr("Why"))
        for problem in info.problems:
            sign, color = ("error", tokens().error) if info.state == "broken" else ("info", "")
            what = f"{problem.where}: {problem.what}" if problem.where else problem.what
            self.signed(sign, color or tokens().secondary, what, problem.fix)
        self.head(tr("Adds"))
        self.say("\n".join(info.provides) or tr("nothing"))
        self.head(tr("Hooks"))
        self.say("\n".join(info.hooks) or tr("none"))
        self.head(tr("From"))
        self.say(info.module)
        self.column.addStretch(1)


class Report(Column):
    """What is in a wheel, a folder or a task file; nothing of it was run."""

    closed = Signal()
    reload_asked = Signal()
    task_asked = Signal(object)

    def show_report(self, path: Path, found: state.Dropped) -> None:
        self.start(tr("What was dropped"))
        self.line: QLineEdit | None = None
        if isinstance(found, TaskSpec):
            self._task(path, found)
        else:
            self._plugin(path, found)
        self.column.addStretch(1)

    def _plugin(self, path: Path, report: CheckReport) -> None:
        self.say(f"{report.name} {report.version}".strip() or path.name, "title")
        self.say(str(path), "secondary")
        t = tokens()
        if report.accepted:
            self.signed("ok", t.ok, tr("Nothing speaks against it. Nothing of it has been run."))
        else:
            text = tr("Do not install it as it is. Nothing of it has been run.")
            self.signed("error", t.error, text)
        for finding in report.findings:
            color = t.error if finding.level == "error" else t.warning
            self.signed(finding.level, color, f"{finding.where}: {finding.what}", finding.fix)
        if report.accepted:
            self.head(tr("Install it with"))
            self.line = self.command(state.pip_command(path), tr("Command that installs it"))
            again = button(tr("Installed: load it"), self.reload_asked.emit)
            self.column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        if report.entry_points:
            self.head(tr("Entry points"))
            self.say("\n".join(f"{name} = {value}" for name, value in report.entry_points.items()))
        self.head(trn("{n} file", "{n} files", len(report.files)))
        files = QPlainTextEdit("\n".join(report.files))
        files.setReadOnly(True)
        files.setTabChangesFocus(True)
        files.setAccessibleName(tr("Files"))
        files.setMinimumHeight(140)
        role(files, "surround")
        self.column.addWidget(files, 1)
        self._close()

    def _task(self, path: Path, task: TaskSpec) -> None:
        self.say(task.title, "title")
        self.say(str(path), "secondary")
        self.signed("ok", tokens().ok, tr("A sound task: {id}", id=task.id), task.description)
        self.say(f"{task.layout.canvas}: {', '.join(task.layout.names)}")
        add = button(tr("Add this task"), lambda: self.task_asked.emit(task), "primary")
        self.column.addWidget(add, 0, Qt.AlignmentFlag.AlignLeft)
        self._close()

    def _close(self) -> None:
        close = button(tr("Close (Esc)"), self.closed.emit, "quiet")
        self.column.addWidget(close, 0, Qt.AlignmentFlag.AlignLeft)
