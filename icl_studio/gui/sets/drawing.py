"""How one set looks in the gallery: its sheet, its words, what the user thinks of it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ...sets.index import SetRow
from ...sets.record import Rating
from .. import icons
from ..theme import GRID, ICON_SMALL, RADIUS, SECONDARY, font, tokens
from ..widgets.writing import draw_text
from .model import described

FOOT = 26
"""Pixels below a sheet for its words."""
REJECTED = 0.35
"""How much of a rejected sheet is seen: it recedes, and can still be judged."""


def stars_text(rating: Rating) -> str:
    """Stars as people read them; empty for a set without."""
    return "" if rating.stars is None else "★" * rating.stars or "0 ★"


def draw_cell(
    painter: QPainter,
    sheet: QRect,
    row: SetRow | None,
    image: QImage | None,
    *,
    problem: str,
    selected: bool,
    current: bool,
) -> None:
    """Draw a set with its sheet at ``sheet`` and its words in the ``FOOT`` below."""
    t = tokens()
    if image is None:
        painter.fillRect(sheet, QColor(t.panel))
        if problem:
            _centred(painter, sheet, "error", t.error)
    else:
        rejected = row is not None and row.rating.flag == "reject"
        painter.setOpacity(REJECTED if rejected else 1.0)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(sheet), image)
        painter.setOpacity(1.0)
    if selected or current:
        _frame(painter, sheet, t.accent if selected else t.secondary)
    if row is not None:
        _foot(painter, QRect(sheet.left(), sheet.bottom() + 1, sheet.width(), FOOT), row)


def _foot(painter: QPainter, room: QRect, row: SetRow) -> None:
    """Flag and stars at the right, as many as fit; the words in what is left."""
    t = tokens()
    room = room.adjusted(0, 4, 0, 0)
    painter.setFont(font(SECONDARY, tabular=True))
    metrics = painter.fontMetrics()
    right = room.right()
    sign = {"pick": ("ok", t.ok), "reject": ("close", t.error)}.get(row.rating.flag or "")
    if sign is not None and room.width() > ICON_SMALL:
        right -= ICON_SMALL
        top = room.top() + (room.height() - ICON_SMALL) // 2
        painter.drawPixmap(right, top, icons.pixmap(sign[0], ICON_SMALL, sign[1]))
        right -= GRID
    stars = stars_text(row.rating)
    width = metrics.horizontalAdvance(stars)
    if stars and right - room.left() > width:
        painter.setPen(QColor(t.text))
        box = QRect(right - width, room.top(), width, room.height())
        draw_text(painter, box, stars)
        right -= width + 2 * GRID
    words = metrics.elidedText(
        described(row), Qt.TextElideMode.ElideRight, max(0, right - room.left())
    )
    painter.setPen(QColor(t.secondary))
    box = QRect(room.left(), room.top(), max(0, right - room.left()), room.height())
    draw_text(painter, box, words)


def _centred(painter: QPainter, room: QRect, icon: str, color: str) -> None:
    side = 20
    left = room.left() + (room.width() - side) // 2
    top = room.top() + (room.height() - side) // 2
    painter.drawPixmap(left, top, icons.pixmap(icon, side, color))


def _frame(painter: QPainter, sheet: QRect, color: str) -> None:
    """A line around the sheet, with a gap, so that it covers no pixel of it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(sheet).adjusted(-3, -3, 3, 3), RADIUS / 2, RADIUS / 2)
