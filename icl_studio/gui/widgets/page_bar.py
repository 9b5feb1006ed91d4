"""The bar over a page: its title, what can be searched or switched, and its one main button."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_PAGE, GAP_WIDE, role
from .labels import label

HEIGHT = 52
SEARCH_WIDTH = 280


class PageBar(QFrame):
    """A title or ``wide`` at the left, ``left`` after it, ``right`` at the end."""

    def __init__(
        self,
        title: str = "",
        *right: QWidget,
        left: Sequence[QWidget] = (),
        wide: QWidget | None = None,
    ) -> None:
        super().__init__()
        role(self, "bar")
        self.setFixedHeight(HEIGHT)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(GAP_PAGE if title else GAP_WIDE, 0, GAP_WIDE, 0)
        self._row.setSpacing(GAP)
        if title:
            self._row.addWidget(label(title, "title"))
            self._row.addSpacing(GAP_WIDE)
        self.put(left, right, wide)

    def put(
        self, left: Sequence[QWidget], right: Sequence[QWidget], wide: QWidget | None = None
    ) -> None:
        """Widgets for a bar that has none yet; ``wide`` takes the room between."""
        for widget in left:
            self._row.addWidget(widget)
        if wide is not None:
            self._row.addWidget(wide, 1)
        elif left or right:
            self._row.addStretch(1)
        for widget in right:
            self._row.addWidget(widget)


def fill(page: QWidget, *parts: QWidget | QLayout) -> None:
    """Lay ``parts`` under each other over all of ``page``; the last takes what room is left."""
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        last = int(part is parts[-1])
        if isinstance(part, QLayout):
            column.addLayout(part, last)
        else:
            column.addWidget(part, last)


def search_field(hint: str, typed: Callable[[str], None]) -> QLineEdit:
    """A field that tells every change of its words; Esc is the page's."""
    field = QLineEdit()
    field.setPlaceholderText(hint)
    field.setAccessibleName(hint)
    field.setClearButtonEnabled(True)
    field.setMinimumWidth(SEARCH_WIDTH)
    field.textChanged.connect(typed)
    return field


def tool(name: str, said: str, act: Callable[[], object], look: str = "") -> QToolButton:
    """A button with the icon ``name``; what it does is its tool tip and accessible name."""
    made = QToolButton()
    if look:
        role(made, look)
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
