"""A sentence and a button: how the window says that something is wrong. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_WIDE, ICON_SMALL, role, tokens
from .labels import label

KINDS = ("info", "warning", "error")


class Notice(QFrame):
    """One message with an icon for its kind, perhaps a button, and a cross; ``closed`` by it."""

    closed = Signal()

    def __init__(
        self,
        text: str,
        kind: str = "info",
        action: str = "",
        act: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        role(self, "panel")
        sign = QLabel()
        color = {"warning": tokens().warning, "error": tokens().error}.get(kind)
        sign.setPixmap(icons.pixmap(kind, ICON_SMALL, color))
        sign.setAccessibleName(
            {"warning": tr("Warning"), "error": tr("Error")}.get(kind, tr("Note"))
        )
        self.label = label(text, wrap=True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_WIDE, GAP, GAP, GAP)
        row.setSpacing(GAP)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.label, 1)
        if action and act is not None:
            self.button = QPushButton(action)
            self.button.clicked.connect(lambda: act())
            row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.cross = cross = QToolButton()
        role(cross, "quiet")
        cross.setIcon(icons.icon("close"))
        cross.setToolTip(tr("Close this note"))
        cross.setAccessibleName(tr("Close this note"))
        cross.clicked.connect(self.closed)
        row.addWidget(cross, 0, Qt.AlignmentFlag.AlignVCenter)
