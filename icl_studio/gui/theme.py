"""How everything looks: one set of tokens, two schemes, one palette and one small style sheet.

No widget holds a colour of its own: it has a ``role`` (:func:`role`), which the style sheet
knows, or paints with :func:`tokens`. Chrome is neutral grey, so that colour judgement is not
disturbed; the one accent is for the primary action and the selection.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from .design import (
    BODY,
    DARK,
    EMPHASIS,
    GAP,
    GAP_BLOCK,
    GAP_PAGE,
    GAP_WIDE,
    GRID,
    ICON,
    ICON_SMALL,
    LIGHT,
    RADIUS,
    ROW,
    SECONDARY,
    TITLE,
    Scheme,
    Tokens,
)
from .style import style_sheet

__all__ = [
    "BODY",
    "DARK",
    "EMPHASIS",
    "GAP",
    "GAP_BLOCK",
    "GAP_PAGE",
    "GAP_WIDE",
    "GRID",
    "ICON",
    "ICON_SMALL",
    "LIGHT",
    "RADIUS",
    "ROW",
    "SECONDARY",
    "TITLE",
    "Scheme",
    "Theme",
    "Tokens",
    "font",
    "palette",
    "role",
    "system_scheme",
    "tokens",
]


class Theme(QObject):
    """Puts a scheme on the application and follows the system's while nobody chose one."""

    changed = Signal()

    def __init__(self, app: QApplication, scheme: Scheme | None = None) -> None:
        super().__init__(app)
        self._app = app
        self._chosen = scheme
        app.setStyle("Fusion")  # the one style that honours a palette on every system
        font = QFont(app.font())
        font.setPixelSize(BODY)
        app.setFont(font)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        self._put(scheme or system_scheme())

    def choose(self, scheme: Scheme | None) -> None:
        """Use ``scheme`` from now on; None follows the system again."""
        self._chosen = scheme
        self._put(scheme or system_scheme())

    def _follow(self) -> None:
        if self._chosen is None:
            self._put(system_scheme())

    def _put(self, scheme: Scheme) -> None:
        global _current
        _current = DARK if scheme == "dark" else LIGHT
        self._app.setPalette(palette(_current))
        mirrored = self._app.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self._app.setStyleSheet(style_sheet(_current, right_to_left=mirrored))
        self.changed.emit()


_current: Tokens = DARK


def tokens() -> Tokens:
    """The colours of the scheme that is on."""
    return _current


def system_scheme() -> Scheme:
    """What the system asks for; dark where it does not say, as pictures are judged on it."""
    light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return "light" if light else "dark"


def role(widget: QWidget, name: str) -> None:
    """Give ``widget`` the look called ``name`` in the style sheet; may be changed any time."""
    widget.setProperty("role", name)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def font(size: int = BODY, *, bold: bool = False, tabular: bool = False) -> QFont:
    """The application's font at ``size`` pixels; ``tabular`` figures stand under each other."""
    made = QFont(QApplication.font())
    made.setPixelSize(size)
    made.setBold(bold)
    if tabular:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette(t: Tokens) -> QPalette:
    """Qt's palette for ``t``; Fusion draws combo boxes, menus and sliders with it."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: t.window,
        QPalette.ColorRole.WindowText: t.text,
        QPalette.ColorRole.Base: t.panel,
        QPalette.ColorRole.AlternateBase: t.window,
        QPalette.ColorRole.Text: t.text,
        QPalette.ColorRole.Button: t.raised,
        QPalette.ColorRole.ButtonText: t.text,
        QPalette.ColorRole.ToolTipBase: t.raised,
        QPalette.ColorRole.ToolTipText: t.text,
        QPalette.ColorRole.PlaceholderText: t.secondary,
        QPalette.ColorRole.Highlight: t.accent,
        QPalette.ColorRole.HighlightedText: t.on_accent,
        QPalette.ColorRole.Link: t.accent,
        QPalette.ColorRole.Accent: t.accent,
        QPalette.ColorRole.Mid: t.line,
    }
    for color_role, color in roles.items():
        made.setColor(color_role, QColor(color))
    off = QPalette.ColorGroup.Disabled
    for color_role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        faint = QColor(t.secondary)
        faint.setAlphaF(0.6)
        made.setColor(off, color_role, faint)
    return made
