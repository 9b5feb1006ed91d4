"""Texts by their rank, and one that gives way when there is little room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ..theme import font, role
from .writing import LEADING, draw_text, leading, right_to_left


def label(text: str = "", rank: str = "body", *, wrap: bool = False) -> QLabel:
    """A plain-text label; ``rank`` is ``title``, ``emphasis``, ``body`` or ``secondary``."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if right_to_left():
        made.setAlignment(leading())
    if rank != "body":
        role(made, rank)
    return made


class Elided(QWidget):
    """One line of text with an ellipsis where it does not fit; the whole is its tool tip."""

    def __init__(self, text: str = "", size: int = 13, *, secondary: bool = False) -> None:
        super().__init__()
        self._text = ""
        self._align = LEADING
        self._role = QPalette.ColorRole.PlaceholderText if secondary else QPalette.ColorRole.Text
        self.setFont(font(size, tabular=True))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        text = " ".join(text.split())
        if text != self._text:
            self._text = text
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    def center(self) -> None:
        """Stand in the middle of the room."""
        self._align = Qt.AlignmentFlag.AlignCenter
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text), metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self._role))
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        draw_text(painter, self.rect(), shown, self._align)
