"""Text boxes whose undo is the page's own, and that can underline what is wrong in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from ..texts import tr
from ..theme import GAP_WIDE, role, tokens


class TextBox(QPlainTextEdit):
    """Plain text; Tab goes on to the next field. ``typed`` only when the user typed."""

    typed = Signal(str)
    focused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setUndoRedoEnabled(False)  # the page undoes everything, in the order it was done
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._quiet = False
        self.textChanged.connect(self._changed)

    def set_text(self, text: str) -> None:
        """Show ``text``; nothing happens, and the cursor stays, if it stands there already."""
        if text == self.toPlainText():
            return
        at = self.textCursor().position()
        self._quiet = True
        self.setPlainText(text)
        self._quiet = False
        cursor = self.textCursor()
        cursor.setPosition(min(at, len(text)))
        self.setTextCursor(cursor)

    def underline(self, spans: Sequence[tuple[int, int]]) -> None:
        """Draw a wave under these stretches."""
        wave = QTextCharFormat()
        wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wave.setUnderlineColor(QColor(tokens().error))
        self.setExtraSelections([self._selection(span, wave) for span in spans])

    def event(self, event: QEvent) -> bool:
        # Qt lets a text box claim undo for itself even where it has none.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and _is_ours(event):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_ours(event):
            event.ignore()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit()

    def _changed(self) -> None:
        if not self._quiet:
            self.typed.emit(self.toPlainText())

    def _selection(self, span: tuple[int, int], look: QTextCharFormat) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        end = max(0, self.document().characterCount() - 1)
        cursor.setPosition(min(span[0], end))
        cursor.setPosition(min(span[1], end), QTextCursor.MoveMode.KeepAnchor)
        selection.cursor = cursor
        selection.format = look
        return selection


class PanelText(TextBox):
    """The text of one panel, in that panel's place."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText(tr("What this panel shows"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        role(self, "in-sheet")

    def set_name(self, name: str) -> None:
        self.setAccessibleName(tr("Text of the panel {name}", name=name))

    def lines(self, width: int) -> int:
        """How many lines the text takes in a box of ``width``; one more while it is written."""
        room = max(20, width - 2 * GAP_WIDE)
        flags = Qt.TextFlag.TextWordWrap
        box = self.fontMetrics().boundingRect(0, 0, room, 10_000, flags, self.toPlainText() or " ")
        return round(box.height() / self.fontMetrics().lineSpacing()) + self.hasFocus()

    def set_over_picture(self, over: bool) -> None:
        """A strip over a picture has a ground of its own, so that it can be read on any."""
        wanted = "over-picture" if over else "in-sheet"
        if self.property("role") != wanted:
            role(self, wanted)


def _is_ours(event: QKeyEvent) -> bool:
    """Whether the page, not the text box, answers this key: undo, redo, Ctrl+Enter."""
    if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return False
    return event.key() in (Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_Return, Qt.Key.Key_Enter)
