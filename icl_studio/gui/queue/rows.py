"""How a job is drawn: two lines, its state with a sign, a bar, and the action that mends it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ...queue.job import JobRow
from ...queue.store import Progress
from ...sets.record import SHEET_FILE
from .. import icons
from ..background import Background
from ..images import read_image
from ..theme import BODY, GAP, ICON_SMALL, SECONDARY, font, tokens
from ..widgets.writing import draw_text
from .table import PROGRESS_ROLE, ROW_ROLE, Column, Index
from .telling import part_done, second_line, title

HEIGHT = 48
THUMB = 40
MOST_THUMBS = 300

SIGNS = {
    "waiting": "list",
    "paused": "pause",
    "running": "run",
    "done": "ok",
    "failed": "error",
    "cancelled": "close",
    "quarantined": "warning",
}
KINDS = {"train": "train", "export": "engines", "build": "engines", "evaluate": "list",
         "caption": "text"}  # fmt: skip
"""What stands in the place of a picture, where a job makes none or has not made it yet."""


class Thumbs(QObject):
    """Small sheets of finished sets, read when they are first drawn; ``came`` when one is here."""

    came = Signal()

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._images: dict[str, QImage | None] = {}

    def get(self, row: JobRow) -> QImage | None:
        """The small sheet of ``row``; None while it is not here, or cannot be."""
        if row.folder is None or row.state != "done" or row.kind != "generate":
            return None
        if row.id not in self._images:
            self._images[row.id] = None
            while len(self._images) > MOST_THUMBS:
                self._images.pop(next(iter(self._images)))
            file = Path(row.folder) / SHEET_FILE
            self._background.call(
                self,
                lambda: read_image(file, 3 * THUMB),
                lambda image: self._take(row.id, image),
                lambda _: None,  # moved, deleted or damaged: the row says it is done, no more
            )
        return self._images[row.id]

    def _take(self, id: str, image: QImage) -> None:
        self._images[id] = image
        self.came.emit()


class RowDelegate(QStyledItemDelegate):
    """Paints; decides nothing."""

    def __init__(self, thumbs: Thumbs, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbs = thumbs
        self._cell = (Qt.LayoutDirection.LeftToRight, QRect())

    def _at(self, rect: QRect) -> QRect:
        """``rect`` of the cell that is drawn, counted from where reading begins."""
        return QStyle.visualRect(*self._cell, rect)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        self._cell = (option.direction, option.rect)
        painter.save()
        self._draw_ground(painter, option, index)
        rect = option.rect.adjusted(GAP, 0, -GAP, 0)
        text, faint = QColor(tokens().text), QColor(tokens().secondary)
        painter.setPen(text)
        if not isinstance(row, JobRow):
            painter.setPen(faint)
            draw_text(painter, rect, "" if index.column() else "…")
        elif index.column() == Column.SET:
            self._draw_set(painter, rect, row, text, faint)
        elif index.column() == Column.STATE:
            self._draw_state(painter, rect, row, index)
        elif index.column() == Column.PROGRESS:
            self._draw_progress(painter, rect, row, index, faint)
        else:
            mend = index.column() == Column.MEND
            painter.setPen(QColor(tokens().accent) if mend else text)
            side = Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter
            painter.setFont(font(BODY, tabular=True))
            draw_text(painter, rect, str(index.data() or ""), side)
        painter.restore()

    def _draw_set(
        self, painter: QPainter, rect: QRect, row: JobRow, text: QColor, faint: QColor
    ) -> None:
        edge = QRect(rect.left(), rect.top() + (HEIGHT - THUMB) // 2, THUMB, THUMB)
        box = self._at(edge)
        image = self._thumbs.get(row)
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(box.center())
            painter.drawImage(place, image)
        else:
            painter.fillRect(box.adjusted(2, 2, -2, -2), QColor(tokens().surround))
            sign = icons.pixmap(KINDS.get(row.kind, "picture"), ICON_SMALL, tokens().secondary)
            corner = box.center() - QPoint(ICON_SMALL // 2 - 1, ICON_SMALL // 2 - 1)
            painter.drawPixmap(corner, sign)
        left = edge.right() + GAP + 4
        width = rect.right() - left
        for points, color, words, top in (
            (BODY, text, title(row), rect.top() + 6),
            (SECONDARY, faint, second_line(row), rect.top() + 25),
        ):
            painter.setFont(font(points))
            painter.setPen(color)
            said = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, width)
            draw_text(painter, self._at(QRect(left, top, width, 18)), said)

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A chosen row is raised and has a bar: a whole row of accent would outshine pictures."""
        t = tokens()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(t.line))
            if index.column() == Column.SET:
                bar = QRect(option.rect)
                bar.setWidth(3)
                painter.fillRect(self._at(bar), QColor(t.accent))
        edge = QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1)
        painter.fillRect(edge, QColor(t.line))

    def _draw_state(self, painter: QPainter, rect: QRect, row: JobRow, index: Index) -> None:
        t = tokens()
        color = {"failed": t.error, "quarantined": t.warning, "done": t.ok, "running": t.accent}
        sign = color.get(row.state, t.secondary)
        drawn = icons.pixmap(SIGNS[row.state], ICON_SMALL, sign)
        top = rect.center().y() - ICON_SMALL // 2
        painter.drawPixmap(self._at(QRect(rect.left(), top, ICON_SMALL, ICON_SMALL)), drawn)
        room = rect.adjusted(ICON_SMALL + 6, 0, 0, 0)
        said = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, room.width()
        )
        draw_text(painter, self._at(room), said)

    def _draw_progress(
        self, painter: QPainter, rect: QRect, row: JobRow, index: Index, faint: QColor
    ) -> None:
        progress = index.data(PROGRESS_ROLE)
        part = part_done(row, progress if isinstance(progress, Progress) else None)
        painter.setFont(font(SECONDARY, tabular=True))
        painter.setPen(faint)
        room = rect
        if part is not None:
            line = QRect(rect.left(), rect.bottom() - 14, rect.width(), 4)
            painter.fillRect(line, QColor(tokens().line))
            line.setWidth(round(rect.width() * part))
            painter.fillRect(self._at(line), QColor(tokens().accent))
            room = rect.adjusted(0, 4, 0, -16)
        said = painter.fontMetrics().elidedText(
            str(index.data() or ""), Qt.TextElideMode.ElideRight, room.width()
        )
        draw_text(painter, self._at(room), said)
