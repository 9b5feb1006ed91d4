"""The window's icons: thin lines on a grid of 20, drawn in the colour of the text.

They are paths, not files or a font, because a font of icons takes longer to load than the
whole window. A line follows the scheme: ask for an icon again when the theme changes.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from .theme import ICON, ICON_SMALL, tokens

DOTS: Final = ((6.8, 6.8), (13.2, 6.8), (10, 10), (6.8, 13.2), (13.2, 13.2))
"""The five of a die."""
PATHS: Final[dict[str, str]] = {
    "create": "M4 3h12v14H4zM4 7.7h12M4 12.3h12",
    "queue": "M3 5h2M3 10h2M3 15h2M8 5h9M8 10h9M8 15h9",
    "sets": "M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z",
    "train": "M3 3v14h14M6 6c2 6 4 8 10 8.5",
    "engines": "M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3",
    "plugins": "M8 3v4M12 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
    "settings": "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
    "more": "M5 10h.01M10 10h.01M15 10h.01",
    "add": "M10 4v12M4 10h12",
    "close": "M5 5l10 10M15 5L5 15",
    "run": "M6 4l10 6-10 6z",
    "stop": "M5 5h10v10H5z",
    "pause": "M7 4v12M13 4v12",
    "retry": "M16 10a6 6 0 1 1-2-4.5M14.5 2v4h-4",
    "edit": "M4 16l1-4 8.5-8.5 3 3L8 15z",
    "copy": "M7 7h9v9H7zM13 7V4H4v9h3",
    "trash": "M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11",
    "up": "M10 16V4M5 9l5-5 5 5",
    "down": "M10 4v12M5 11l5 5 5-5",
    "undo": "M5 8h7a4 4 0 0 1 0 8H9M8 4.5L4.5 8 8 11.5",
    "redo": "M15 8H8a4 4 0 0 0 0 8h3M12 4.5L15.5 8 12 11.5",
    "dice": "M6 3h8a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V6a3 3 0 0 1 3-3z"
    + "".join(f"M{x - 0.4:g} {y:g}h.8M{x:g} {y - 0.4:g}v.8" for x, y in DOTS),  # not lost at 16
    "text": "M4 5h12M10 5v11",
    "folder": "M3 5h5l2 2h7v9H3z",
    "search": "M8.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.3 12.3L17 17",
    "star": "M10 3l2.2 4.6 5 .7-3.6 3.5.9 5L10 14.4l-4.5 2.4.9-5L2.8 8.3l5-.7z",
    "ok": "M4 10.5l4 4 8-9",
    "warning": "M10 3l8 14H2zM10 8v4M10 14.5h.01",
    "error": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6.5v4.5M10 13.5h.01",
    "info": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 9.5v4M10 6.5h.01",
    "picture": "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5h.01",
    "preset": "M5 3h10v14l-5-4-5 4z",
    "expand": "M7 5l5 5-5 5",
    "list": "M4 3h12v14H4zM7 7h6M7 10h6M7 13h4",
}


def icon(name: str, color: str | None = None) -> QIcon:
    """The icon called ``name``, in the text's colour unless another is given."""
    return _icon(name, color or tokens().text)


def pixmap(name: str, size: int = ICON, color: str | None = None) -> QPixmap:
    """The icon as a picture of ``size`` device-independent pixels, sharp at any scale."""
    ratio = max(_ratios())
    made = QPixmap(_drawn(name, color or tokens().text, round(size * ratio)))
    made.setDevicePixelRatio(ratio)
    return made


@cache
def _icon(name: str, color: str) -> QIcon:
    made = QIcon()
    sides = {round(size * ratio) for size in (ICON_SMALL, ICON) for ratio in (*_ratios(), 1, 2, 3)}
    for side in sorted(sides):
        drawn = _drawn(name, color, side)
        made.addPixmap(drawn)
        # On a chosen row Qt would else blend it with the accent, until it is hardly seen.
        made.addPixmap(drawn, QIcon.Mode.Selected)
        faint = QPixmap(drawn.size())
        faint.fill(Qt.GlobalColor.transparent)
        painter = QPainter(faint)
        painter.setOpacity(0.35)
        painter.drawPixmap(0, 0, drawn)
        painter.end()
        made.addPixmap(faint, QIcon.Mode.Disabled)
    return made


@cache
def _drawn(name: str, color: str, side: int) -> QPixmap:
    """The icon in ``side`` by ``side`` pixels of the screen."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path d="{PATHS[name]}" '
        f'fill="none" stroke="{color}" stroke-width="1.5" stroke-linecap="round" '
        'stroke-linejoin="round"/></svg>'
    )
    drawn = QPixmap(side, side)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return drawn


def _ratios() -> list[float]:
    """Pixels of each screen to one that does not depend on it: 1 to 3, and parts."""
    return [screen.devicePixelRatio() for screen in QGuiApplication.screens()] or [1.0]
