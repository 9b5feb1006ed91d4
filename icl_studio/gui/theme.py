"""How everything looks: one set of tokens, two schemes, one palette and one small style sheet.

No widget holds a colour of its own: it has a ``role`` (:func:`role`), which the style sheet
knows, or paints with :func:`tokens`. Chrome is neutral grey, so that colour judgement is not
disturbed; the one accent is for the primary action and the selection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from ..paths import resource

GRID: Final = 4
GAP, GAP_WIDE, GAP_BLOCK, GAP_PAGE = 8, 12, 16, 24
RADIUS: Final = 6
ROW: Final = 28
ICON_SMALL, ICON = 16, 20
SECONDARY, BODY, EMPHASIS, TITLE = 12, 13, 15, 20
"""Type sizes in pixels (Qt scales them with the screen)."""

_QT_ADDS: Final = 3
"""Pixels that Qt adds to the height of tool buttons and boxes to count in, and to no other."""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Tokens:
    """The colours of one scheme. ``surround`` lies around pictures, ``line`` divides."""

    scheme: Scheme
    window: str
    panel: str
    raised: str
    surround: str
    text: str
    secondary: str
    line: str
    accent: str
    on_accent: str
    ok: str
    warning: str
    error: str


DARK: Final = Tokens(
    scheme="dark",
    window="#1f1f1f",
    panel="#262626",
    raised="#2e2e2e",
    surround="#181818",
    text="#e6e6e6",
    secondary="#a0a0a0",
    line="#3a3a3a",
    accent="#4f8cff",
    on_accent="#0d1420",
    ok="#3fa66b",
    warning="#d99a2b",
    error="#e0605c",
)
LIGHT: Final = Tokens(
    scheme="light",
    window="#f4f4f4",
    panel="#ffffff",
    raised="#ffffff",
    surround="#e2e2e2",
    text="#1c1c1c",
    secondary="#5c5c5c",
    line="#d4d4d4",
    accent="#2563eb",
    on_accent="#ffffff",
    ok="#2f8a57",
    warning="#b97a10",
    error="#c9403c",
)


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
        self._app.setStyleSheet(style_sheet(_current))
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


def style_sheet(t: Tokens) -> str:
    """The named roles. Everything else is the palette's."""
    return f"""
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; }}
    QLabel {{ background: transparent; }}
    [role="title"] {{ font-size: {TITLE}px; }}
    [role="emphasis"] {{ font-size: {EMPHASIS}px; }}
    [role="secondary"] {{ font-size: {SECONDARY}px; color: {t.secondary}; }}
    [role="panel"] {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
    [role="bar"] {{ background: {t.panel}; border: none; border-bottom: 1px solid {t.line}; }}
    [role="foot"] {{ background: {t.panel}; border: none; border-top: 1px solid {t.line}; }}
    [role="rail"] {{ background: {t.panel}; border: none; border-right: 1px solid {t.line}; }}
    [role="surround"] {{ background: {t.surround}; border: none; }}
    QPushButton, QToolButton {{
        background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        padding: 0 {GAP_WIDE}px; min-height: {ROW - 2}px; }}
    QToolButton {{ padding: 0 4px; min-width: 15px; min-height: {ROW - _QT_ADDS - 2}px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {t.secondary}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {t.window}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.secondary}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton::menu-indicator {{
        image: url("{_drawn("down", t)}"); width: 12px; height: 12px;
        subcontrol-origin: padding; subcontrol-position: center right; right: 8px; }}
    [role="primary"] {{
        background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
        font-weight: 600; padding: 0 {GAP_BLOCK}px; }}
    [role="primary"]:hover {{ border-color: {t.text}; }}
    [role="primary"]:focus {{ border: 2px solid {t.text}; }}
    [role="primary"]:pressed {{ background: {t.accent}; }}
    [role="primary"]:disabled {{
        background: {t.raised}; color: {t.secondary}; border-color: {t.line}; }}
    [role="quiet"] {{ background: transparent; border-color: transparent; }}
    [role="quiet"]:hover {{ background: {t.raised}; border-color: {t.line}; }}
    [role="quiet"]:focus {{ border: 1px solid {t.accent}; }}
    [role="quiet"]:checked {{ background: {t.raised}; border-color: {t.line}; }}
    [role="chip"] {{ border-radius: 13px; padding: 0 {GAP_WIDE}px; min-height: 24px; }}
    QToolButton[role="chip"] {{ min-height: {24 - _QT_ADDS}px; }}
    [role="chip"]:checked {{ border-color: {t.accent}; background: {_tint(t)}; }}
    [role="thumb"] {{
        background: transparent; border: 1px solid transparent; padding: 0; min-width: 12px; }}
    [role="thumb"]:hover {{ border-color: {t.secondary}; }}
    [role="thumb"]:focus {{ border-color: {t.accent}; }}
    [role="place"] {{
        background: transparent; border: none; border-left: 3px solid transparent;
        border-radius: 0; min-height: 46px; min-width: 50px; padding: 0; }}
    [role="place"]:hover {{ background: {t.raised}; border-color: transparent; }}
    [role="place"]:checked, [role="place"]:checked:hover {{
        border-left-color: {t.accent}; background: {t.raised}; }}
    [role="place"]:focus {{ border: 1px solid {t.accent}; border-left: 3px solid {t.accent}; }}
    QLineEdit, QPlainTextEdit, QTextEdit {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        padding: 3px 6px; selection-background-color: {t.accent};
        selection-color: {t.on_accent}; }}
    QLineEdit {{ min-height: 20px; }}
    QLineEdit > QToolButton {{
        min-height: 0; min-width: 0; padding: 0; border: none; background: transparent; }}
{_boxes(t)}
    [role="reading"] {{ background: transparent; border: none; padding: 0; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {t.accent}; }}
    [role="in-sheet"] {{ background: transparent; border: 1px solid transparent; }}
    [role="in-sheet"]:focus {{ border: 1px solid {t.accent}; }}
    [role="over-picture"] {{
        background: {_veil(t.panel)}; border: none; border-radius: 0; padding: 2px 6px; }}
    [role="over-picture"]:focus {{ border: 1px solid {t.accent}; }}
    QAbstractItemView {{
        background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        outline: none; }}
    QTableView, QListView {{
        selection-background-color: {_tint(t)}; selection-color: {t.text}; }}
    QTableView::item {{ padding: 0 {GAP}px; border: none; }}
    QTableView::item:selected, QListView::item:selected {{
        background: {_tint(t)}; color: {t.text}; }}
    [role="gallery"] {{ background: {t.surround}; border: none; border-radius: 0; }}
    QHeaderView {{ background: transparent; }}
    QHeaderView::section {{
        background: {t.panel}; color: {t.secondary}; font-size: {SECONDARY}px; border: none;
        border-bottom: 1px solid {t.line}; padding: 0 8px; min-height: 26px; }}
    QProgressBar {{
        background: {t.window}; border: none; border-radius: 2px; max-height: 4px;
        min-height: 4px; text-align: center; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {t.line}; border-radius: 3px; margin: 2px; }}
    QScrollBar::handle:vertical {{ min-height: 28px; }}
    QScrollBar::handle:horizontal {{ min-width: 28px; }}
    QScrollBar::handle:hover {{ background: {t.secondary}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSplitter::handle {{ background: transparent; }}
    """


def _tint(t: Tokens) -> str:
    """What is chosen: a little of the accent, so that text keeps its colour and contrast."""
    accent, ground = QColor(t.accent), QColor(t.panel)
    mixed = [
        round(0.2 * one + 0.8 * other)
        for one, other in zip(accent.getRgb()[:3], ground.getRgb()[:3], strict=True)  # type: ignore[index]
    ]
    return QColor(*mixed).name()


def _boxes(t: Tokens) -> str:
    """Boxes to choose and to count in look like the buttons and fields beside them."""
    return f"""
    QComboBox, QAbstractSpinBox {{
        background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px;
        min-height: {ROW - 2}px; padding: 0 6px 0 {GAP}px;
        selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QAbstractSpinBox {{
        background: {t.panel}; padding-right: 20px; min-height: {ROW - _QT_ADDS - 2}px; }}
    QComboBox:hover, QAbstractSpinBox:hover {{ border-color: {t.secondary}; }}
    QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {t.accent}; }}
    QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {t.secondary}; }}
    QComboBox::drop-down {{
        subcontrol-origin: border; subcontrol-position: center right; width: 22px;
        border: none; }}
    QComboBox::down-arrow {{ image: url("{_drawn("down", t)}"); width: 12px; height: 12px; }}
    QComboBox::down-arrow:disabled {{ image: url("{_drawn("down-off", t)}"); }}
    QComboBox QAbstractItemView {{ border-radius: 0; padding: 2px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        subcontrol-origin: border; width: 20px; border: none; }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; top: 2px; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; bottom: 2px; }}
    QAbstractSpinBox::up-arrow {{ image: url("{_drawn("up", t)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::down-arrow {{
        image: url("{_drawn("down", t)}"); width: 10px; height: 10px; }}
    QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::up-arrow:off {{
        image: url("{_drawn("up-off", t)}"); }}
    QAbstractSpinBox::down-arrow:disabled, QAbstractSpinBox::down-arrow:off {{
        image: url("{_drawn("down-off", t)}"); }}
    QCheckBox {{ spacing: {GAP}px; }}
    QCheckBox::indicator {{
        width: 14px; height: 14px; border: 1px solid {t.secondary}; border-radius: 4px;
        background: {t.panel}; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {t.accent}; }}
    QCheckBox::indicator:disabled {{ border-color: {t.line}; }}
    QCheckBox::indicator:checked {{
        background: {t.accent}; border-color: {t.accent};
        image: url("{_drawn("check", t)}"); }}
    QCheckBox::indicator:checked:disabled {{
        background: {t.secondary}; border-color: {t.secondary}; }}
    """


def _drawn(name: str, t: Tokens) -> str:
    """A style sheet takes pictures from files only; these are small and drawn for a scheme."""
    return resource("window", f"{name}-{t.scheme}.svg").as_posix()


def _veil(color: str) -> str:
    """``color``, a little transparent: text stays readable, the picture below is guessed."""
    solid = QColor(color)
    return f"rgba({solid.red()}, {solid.green()}, {solid.blue()}, 225)"
