"""What a view shows while it has nothing to show: what it is for, and the button to start."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from .. import icons
from ..theme import GAP, GAP_BLOCK, role, tokens
from .labels import label


class Empty(QWidget):
    """An icon, a sentence, a hint and perhaps one button; ``asked`` when it is pressed."""

    asked = Signal()

    def __init__(self, icon: str, title: str, hint: str = "", action: str = "") -> None:
        super().__init__()
        self._icon = icon
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setSpacing(GAP)
        column.addStretch(2)
        column.addWidget(self._sign)
        column.addSpacing(GAP)
        said = label(title, "emphasis", wrap=True)
        said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(said)
        if hint:
            more = label(hint, "secondary", wrap=True)
            more.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(more)
        if action:
            self.button = QPushButton(action)
            role(self.button, "primary")
            self.button.clicked.connect(self.asked)
            column.addSpacing(GAP_BLOCK - GAP)
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        self._sign.setPixmap(icons.pixmap(self._icon, 40, tokens().secondary))
