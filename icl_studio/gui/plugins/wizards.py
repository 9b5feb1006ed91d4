"""New plugin and new task: a few fields, checked as they are typed, one button at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...domain.layout import Layout
from ...domain.task import TaskSpec
from ...plugins import Registry
from ...plugins.scaffold import nearest_name
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, SECONDARY, font, tokens
from ..widgets.labels import label
from ..widgets.numbers import Whole
from ..widgets.page_bar import button, copy_button, tool
from . import state


class LayoutPreview(QWidget):
    """The panels of a layout at their true proportions, each with its name."""

    def __init__(self) -> None:
        super().__init__()
        self.layout_shown: Layout | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(140, 140))
        self.setAccessibleName(tr("The layout, drawn"))

    def show_layout(self, layout: Layout | None) -> None:
        self.layout_shown = layout
        names = ", ".join(layout.names) if layout else tr("no layout")
        self.setAccessibleDescription(names)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        t = tokens()
        painter.fillRect(self.rect(), QColor(t.surround))
        if self.layout_shown is None:
            return
        canvas = self.layout_shown.canvas
        room = self.rect().adjusted(GAP, GAP, -GAP, -GAP)
        scale = min(room.width() / canvas.width, room.height() / canvas.height)
        left = room.x() + (room.width() - canvas.width * scale) / 2
        top = room.y() + (room.height() - canvas.height * scale) / 2
        painter.setFont(font(SECONDARY))
        whole = QRectF(left, top, canvas.width * scale, canvas.height * scale)
        painter.fillRect(whole, QColor(t.line))
        for panel in self.layout_shown.panels:
            box = panel.box
            x, y = left + box.x0 * scale, top + box.y0 * scale
            place = QRectF(x, y, (box.x1 - box.x0) * scale, (box.y1 - box.y0) * scale)
            place.adjust(1, 1, -1, -1)
            painter.fillRect(place, QColor(t.raised))
            painter.setPen(QColor(t.text))
            fit = painter.fontMetrics().elidedText(
                panel.name, Qt.TextElideMode.ElideRight, int(place.width()) - 4
            )
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, fit)


class NewPlugin(QWidget):
    """A name and a folder; ``asked(name, parent)``."""

    asked = Signal(str, Path)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = QLineEdit("mood-board")
        self.folder = QLineEdit(str(Path.home()))
        self.folder.setAccessibleName(tr("In the folder"))
        self.note = label("", "secondary", wrap=True)
        self.write = button(tr("Write the plugin"), self.ask, "primary")
        self._next = label("", wrap=True)
        self._command = ""
        self.copy = copy_button(lambda: self._command)
        self.copy.hide()
        column = _column(self, tr("New plugin"))
        what = tr("A complete plugin to start from: one task, its test, its README.")
        column.addWidget(label(what, "secondary", wrap=True))
        form = QFormLayout()
        form.setVerticalSpacing(GAP)
        form.addRow(tr("Name"), self.name)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(tool("folder", tr("Choose a folder"), self._choose))
        form.addRow(tr("In the folder"), row)
        column.addLayout(form)
        column.addWidget(self.note)
        column.addLayout(_ending(self.write, self.closed.emit))
        column.addWidget(self._next)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.name.textChanged.connect(self._check)
        self._check()

    def ask(self) -> None:
        self.asked.emit(self.name.text(), Path(self.folder.text()).expanduser())

    def show_written(self, folder: Path) -> None:
        """Where it lies now, and what to do next."""
        self._command = state.pip_command(folder, editable=True)
        text = tr("{folder} is a complete plugin. Install it with", folder=folder)
        self._next.setText(f"{text}\n{self._command}")
        self.copy.show()

    def _check(self) -> None:
        name = self.name.text()
        near = nearest_name(name) if name else ""
        sound = bool(name) and name == near
        self.write.setEnabled(sound)
        if sound:
            self.note.setText(tr("Small letters, digits and single hyphens."))
        else:
            self.note.setText(tr("Not a name that works. Nearest: {name}", name=near or "my-task"))

    def _choose(self) -> None:
        dialog = QFileDialog(self, tr("Choose a folder"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()


class NewTask(QWidget):
    """A task of the user's own, its layout drawn as it is described; ``asked(task)``."""

    asked = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        usual = state.TaskForm()
        self.registry = Registry(tasks={}, models={}, engines={})
        self.id = QLineEdit(usual.id)
        self.title = QLineEdit(usual.title)
        self.rows = Whole(minimum=1, maximum=12, value=usual.rows)
        self.cols = Whole(minimum=1, maximum=12, value=usual.cols)
        self.wide = Whole(minimum=16, maximum=4096, singleStep=16, value=usual.width)
        self.high = Whole(minimum=16, maximum=4096, singleStep=16, value=usual.height)
        self.gutter = Whole(minimum=0, maximum=512, singleStep=16)
        self.names = QLineEdit()
        self.prefix = QLineEdit()
        self.note = label("", "secondary", wrap=True)
        self.preview = LayoutPreview()
        self.write = button(tr("Write the task"), self.ask, "primary")
        column = _column(self, tr("New task"))
        what = tr("A kind of set without any code: a file in your tasks folder.")
        column.addWidget(label(what, "secondary", wrap=True))
        both = QHBoxLayout()
        both.setSpacing(GAP_BLOCK)
        both.addLayout(self._form(), 3)
        both.addWidget(self.preview, 2)
        column.addLayout(both, 1)
        column.addWidget(self.note)
        column.addLayout(_ending(self.write, self.closed.emit))
        self._check()

    def set_registry(self, registry: Registry) -> None:
        self.registry = registry
        self._check()

    def form(self) -> state.TaskForm:
        return state.TaskForm(
            id=self.id.text(),
            title=self.title.text(),
            rows=self.rows.value(),
            cols=self.cols.value(),
            width=self.wide.value(),
            height=self.high.value(),
            gutter=self.gutter.value(),
            names=state.names_of(self.names.text()),
            prefix=self.prefix.text(),
        )

    def ask(self) -> None:
        task = self.form().task(self.registry)
        if isinstance(task, TaskSpec):
            self.asked.emit(task)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(GAP)
        self.prefix.setPlaceholderText(tr("none"))
        for said, widget in (
            (tr("Id"), self.id),
            (tr("Title"), self.title),
            (tr("Rows"), self.rows),
            (tr("Columns"), self.cols),
            (tr("Panel width (pixels)"), self.wide),
            (tr("Panel height (pixels)"), self.high),
            (tr("Gutter (pixels)"), self.gutter),
            (tr("Panel names"), self.names),
            (tr("Caption begins with"), self.prefix),
        ):
            form.addRow(said, widget)
            widget.setAccessibleName(said)
            if isinstance(widget, Whole):
                widget.valueChanged.connect(self._check)
            else:
                widget.textChanged.connect(self._check)
        return form

    def _check(self) -> None:
        form = self.form()
        self.names.setPlaceholderText(", ".join(form.panel_names))
        self.preview.show_layout(form.layout())
        found = form.task(self.registry)
        self.write.setEnabled(isinstance(found, TaskSpec))
        if isinstance(found, TaskSpec):
            canvas = found.layout.canvas
            text = tr("{canvas} pixels, {n:,} image tokens.", canvas=canvas, n=canvas.tokens)
            self.note.setText(text)
        else:
            self.note.setText("\n".join(map(str, found)))


def _column(widget: QWidget, title: str) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(GAP_PAGE, GAP_BLOCK, GAP_PAGE, GAP_PAGE)
    column.setSpacing(GAP)
    column.addWidget(label(title, "title"))
    return column


def _ending(main: QWidget, close: Callable[[], None]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GAP)
    row.addWidget(main)
    row.addWidget(button(tr("Close (Esc)"), close, "quiet"))
    row.addStretch(1)
    return row
