"""The bar over a page: its title, what can be searched or switched, and its one main button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget

from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_PAGE, GAP_WIDE, role
from .labels import label

HEIGHT = 52
SEARCH_WIDTH = 280


class PageBar(QFrame):
    """Title at the left, ``middle`` after it, ``right`` at the end."""

    def __init__(self, title: str, *right: QWidget, middle: QWidget | None = None) -> None:
        super().__init__()
        role(self, "bar")
        self.setFixedHeight(HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_PAGE, 0, GAP_WIDE, 0)
        row.setSpacing(GAP)
        row.addWidget(label(title, "title"))
        row.addSpacing(GAP_WIDE)
        if middle is not None:
            row.addWidget(middle)
        row.addStretch(1)
        for widget in right:
            row.addWidget(widget)


def search_field(hint: str, typed: Callable[[str], None]) -> QLineEdit:
    """A field that tells every change of its words; Esc is the page's."""
    field = QLineEdit()
    field.setPlaceholderText(hint)
    field.setAccessibleName(hint)
    field.setClearButtonEnabled(True)
    field.setMinimumWidth(SEARCH_WIDTH)
    field.textChanged.connect(typed)
    return field


def tool(name: str, said: str, act: Callable[[], object]) -> QToolButton:
    """A button with the icon ``name``; what it does is its tool tip and accessible name."""
    made = QToolButton()
    made.setIcon(icons.icon(name))
    made.setToolTip(said)
    made.setAccessibleName(said)
    made.clicked.connect(lambda: act())
    return made


def button(text: str, act: Callable[[], object], look: str = "") -> QPushButton:
    """A button with a text; ``look`` is a role of the theme, such as ``primary``."""
    made = QPushButton(text)
    if look:
        role(made, look)
    made.clicked.connect(lambda: act())
    return made


def copy_button(text: Callable[[], str]) -> QPushButton:
    """Puts ``text()`` on the clipboard and says so where it stands."""
    from PySide6.QtGui import QGuiApplication

    made = QPushButton(tr("Copy"))
    made.setIcon(icons.icon("copy"))

    def copy() -> None:
        QGuiApplication.clipboard().setText(text())
        made.setText(tr("Copied"))

    made.clicked.connect(copy)
    return made
