"""The rail: every page's name and icon, the one in front marked.

Tab reaches the page that is in front, the arrows go from page to page and show each; the ring
goes with them. To press the one in front goes into the page.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout

from . import icons
from .pages import PageSpec
from .texts import tr
from .theme import GAP, ICON, SECONDARY, font, role, tokens

WIDTH = 68


class Rail(QFrame):
    """Emits ``chosen`` with a page's id; :meth:`mark` shows which one is in front."""

    chosen = Signal(str)

    def __init__(self, pages: tuple[PageSpec, ...]) -> None:
        super().__init__()
        role(self, "rail")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Pages"))
        self._pages = {page.id: page for page in pages}
        self._buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, GAP)
        column.setSpacing(0)
        for page in pages:
            button = self._button(page)
            group.addButton(button)
            column.addWidget(button)
            self._buttons[page.id] = button
        column.addStretch()
        self.redraw()

    def mark(self, id: str) -> None:
        """Show that the page ``id`` is in front."""
        for name, button in self._buttons.items():
            button.setChecked(name == id)
        self.redraw()

    def has_keyboard(self) -> bool:
        """Whether the keyboard's focus is on the rail."""
        return any(button.hasFocus() for button in self._buttons.values())

    def take_keyboard(self, id: str) -> None:
        """Put the focus on the place of the page ``id``."""
        self._buttons[id].setFocus(Qt.FocusReason.TabFocusReason)

    def redraw(self) -> None:
        """Draw the icons in the colours of the scheme that is on."""
        for name, button in self._buttons.items():
            color = tokens().text if button.isChecked() else tokens().secondary
            button.setIcon(icons.icon(self._pages[name].icon, color))

    def _button(self, page: PageSpec) -> QToolButton:
        button = QToolButton()
        role(button, "place")
        title = page.title()
        button.setText(title)
        button.setToolTip(tr("{page} (Ctrl+{digit})", page=title, digit=page.digit))
        button.setAccessibleName(title)
        button.setCheckable(True)
        button.setFont(font(SECONDARY))
        button.setIconSize(QSize(ICON, ICON))
        button.setFixedWidth(WIDTH - 1)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.clicked.connect(lambda: self.chosen.emit(page.id))
        return button
