"""A sentence and a button: how the window says that something is wrong. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

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


class OneNotice(QVBoxLayout):
    """Room for one notice on a page; no room is taken while there is nothing to say."""

    def __init__(self, margin: int = 0) -> None:
        super().__init__()
        self.setContentsMargins(margin, 0, margin, 0)
        self.setSpacing(GAP)
        self.current: Notice | None = None

    def say(
        self,
        text: str,
        kind: str = "error",
        action: str = "",
        act: Callable[[], None] | None = None,
    ) -> Notice:
        """Show this in the place of what stood there; its cross clears it."""
        self.clear()
        self.current = Notice(text, kind, action, act)
        self.current.closed.connect(self.clear)
        self.addWidget(self.current)
        return self.current

    def clear(self) -> None:
        if self.current is not None:
            self.removeWidget(self.current)
            self.current.hide()
            self.current.deleteLater()
            self.current = None
