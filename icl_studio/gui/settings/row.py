"""One setting: what it is called and does, its value to change, its default to go back to."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ...errors import UserError
from ...plugins import Registry
from .. import icons
from ..studio import error_text
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_WIDE, GRID, ICON_SMALL, role, tokens
from ..widgets.labels import label
from ..widgets.page_bar import button, tool
from ..widgets.writing import leading
from . import state

EDITOR_WIDTH = 380


class SettingRow(QFrame):
    """Emits ``asked(value)`` when the user has set one, None for the default."""

    asked = Signal(object)
    plugins_asked = Signal()

    def __init__(self, key: str) -> None:
        super().__init__()
        role(self, "panel")
        self.key = key
        self.words = state.words()[key]
        self.value: Any = None
        self.field: QLineEdit | QComboBox | QLabel
        self.reset = tool("undo", tr("Back to the default"), lambda: self.asked.emit(None))
        role(self.reset, "quiet")
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.note = label("", "secondary", wrap=True)
        self.note.setAlignment(leading(Qt.AlignmentFlag.AlignTop))
        self._sign = QLabel()
        self._sign.hide()
        self.setAccessibleName(self.words.title)
        self._arrange()

    def show_value(self, value: Any, registry: Registry) -> None:
        """Show ``value`` as it is saved; what stood there wrong goes."""
        self.value = value
        default = state.default(self.key)
        self.reset.setVisible(value != default)
        if isinstance(self.field, QComboBox):
            self._fill(self.field, value, registry)
        elif isinstance(self.field, QLineEdit):
            self.field.setText("" if value is None else str(value))
            self.field.setCursorPosition(0)
            self.field.setPlaceholderText(self.words.unset)
        else:
            self.field.setText(state.shown(self.key, value))
        self._say_default()

    def show_error(self, text: str) -> None:
        """Why what was typed is not saved; it stays there to be mended."""
        self._sign.setPixmap(icons.pixmap("error", ICON_SMALL, tokens().error))
        self._sign.setAccessibleName(tr("Error"))
        self._sign.show()
        self.note.setText(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A wheel over a closed list scrolls the page; it does not change a setting in passing.
        if isinstance(event, QWheelEvent) and watched is self.field:
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_BLOCK, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        row.setSpacing(GAP_BLOCK)
        said = QVBoxLayout()
        said.setSpacing(GRID)
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(label(self.words.title, "emphasis"))
        name = label(self.key, "secondary")
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head.addWidget(name, 1)
        said.addLayout(head)
        said.addWidget(label(self.words.what, "secondary", wrap=True))
        said.addStretch(1)
        row.addLayout(said, 1)
        right = QHBoxLayout()
        right.setSpacing(GAP)
        for widget, stretch in self._editor():
            right.addWidget(widget, stretch)
        right.addWidget(self.reset)
        under = QHBoxLayout()
        under.setSpacing(GAP)
        under.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        under.addWidget(self.note, 1)
        holder = QWidget()
        holder.setFixedWidth(EDITOR_WIDTH)
        edited = QVBoxLayout(holder)
        edited.setContentsMargins(0, 0, 0, 0)
        edited.setSpacing(GRID)
        edited.addLayout(right)
        edited.addLayout(under)
        edited.addStretch(1)
        row.addWidget(holder)

    def _editor(self) -> list[tuple[QWidget, int]]:
        """What the setting is edited with, from the left."""
        kind = self.words.kind
        if kind in ("choice", "free"):
            combo = QComboBox()
            combo.setEditable(kind == "free")
            combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            combo.installEventFilter(self)
            combo.activated.connect(lambda: self.asked.emit(self._chosen()))
            edit = combo.lineEdit()
            if edit is not None:
                edit.editingFinished.connect(lambda: self.asked.emit(self._chosen()))
            self.field = combo
            made: list[tuple[QWidget, int]] = [(combo, 1)]
        elif kind == "plugins":
            self.field = label("")
            self.field.setWordWrap(True)
            go = button(tr("Open Plugins"), self.plugins_asked.emit)
            made = [(self.field, 1), (go, 0)]
        else:
            self.field = line = QLineEdit()
            line.editingFinished.connect(lambda: self.asked.emit(line.text().strip() or None))
            made = [(line, 1)]
            if kind == "folder":
                made.append((tool("folder", tr("Choose a folder"), self._choose_folder), 0))
            else:
                line.textEdited.connect(lambda _: self._say_default())
                line.setToolTip(state.tokens_help())
        self.field.setAccessibleName(self.words.title)
        self.field.setAccessibleDescription(self.words.what)
        return made

    def _fill(self, combo: QComboBox, value: Any, registry: Registry) -> None:
        combo.clear()
        if self.words.unset:
            combo.addItem(self.words.unset, None)
        offered = state.choices(self.key, registry)
        if value is not None and value not in offered:
            offered = [*offered, value]
        for text in offered:
            combo.addItem(text, text)
        combo.setCurrentIndex(max(0, combo.findData(value)))

    def _chosen(self) -> Any:
        combo = self.field
        assert isinstance(combo, QComboBox)
        typed = combo.currentText().strip()
        known = combo.findText(typed)
        return combo.itemData(known) if known >= 0 else typed or None

    def _say_default(self) -> None:
        self._sign.hide()
        usual = tr("Default: {value}", value=state.shown(self.key, state.default(self.key)))
        if self.words.kind == "template" and isinstance(self.field, QLineEdit):
            try:
                example = state.preview(self.field.text() or state.default(self.key))
                usual = tr("{default}\nExample: {name}", default=usual, name=example)
            except UserError as error:
                self.show_error(error_text(error))
                return
        self.note.setText(usual)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, tr("Folder of sets"), str(self.value or ""))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.asked)
        dialog.open()
