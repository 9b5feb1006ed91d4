"""A picture one can zoom into; several may share one zoom, so that they move together."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QMimeData,
    QObject,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QDrag,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from ..theme import GAP, SECONDARY, font, tokens

FURTHEST: Final = 16.0
STEP: Final = 1.25


class Zoom(QObject):
    """How far in, and on which point of the picture (0 to 1); 1 shows all of it."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scale = 1.0
        self.center = QPointF(0.5, 0.5)

    def by(self, factor: float, at: QPointF) -> None:
        """Zoom so that the point ``at`` of the picture stays where it is."""
        scale = min(max(self.scale * factor, 1.0), FURTHEST)
        kept = self.scale / scale
        self.scale = scale
        self._look_at(at + (self.center - at) * kept)

    def move(self, by: QPointF) -> None:
        """Move the picture, in parts of its size."""
        self._look_at(self.center - by)

    def fit(self) -> None:
        """All of the picture again."""
        self.scale = 1.0
        self._look_at(QPointF(0.5, 0.5))

    def _look_at(self, center: QPointF) -> None:
        edge = 0.5 / self.scale
        x = min(max(center.x(), edge), 1 - edge)
        y = min(max(center.y(), edge), 1 - edge)
        self.center = QPointF(x, y)
        self.changed.emit()


class PictureView(QWidget):
    """Shows one picture whole, or a part of it; drags its file out while it is whole.

    ``clicked`` on a press and release in one place, ``hovered`` when the mouse comes in.
    """

    clicked = Signal()
    hovered = Signal()

    def __init__(self, zoom: Zoom | None = None) -> None:
        super().__init__()
        self.zoom = zoom or Zoom()
        self.zoom.changed.connect(self.update)
        self.file: Path | None = None
        self.caption = ""
        self.marked = False
        self.problem = ""
        self._image: QImage | None = None
        self._over: QImage | None = None
        self._part = 0.5
        self._pressed: QPoint | None = None
        self.setMinimumSize(QSize(80, 60))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def image(self) -> QImage | None:
        return self._image

    def show_image(self, image: QImage | None, file: Path | None = None, problem: str = "") -> None:
        """Show ``image``, whose ``file`` can be dragged out; or say what is wrong with it."""
        self._image, self.file, self.problem = image, file, problem
        self.update()

    def show_over(self, image: QImage | None, part: float = 0.5) -> None:
        """Show another picture over the right of this one, from ``part`` (0 to 1) on."""
        self._over, self._part = image, part
        self.update()

    def mark(self, marked: bool) -> None:
        """Frame the picture that the keys are about."""
        if marked != self.marked:
            self.marked = marked
            self.update()

    def picture_rect(self) -> QRectF:
        """Where the whole picture would lie at this zoom, in the widget's coordinates."""
        if self._image is None or self._image.isNull():
            return QRectF()
        room = QRectF(self.rect()).adjusted(4, 4, -4, -4 - self._foot())
        scale = self.zoom.scale * min(
            room.width() / self._image.width(), room.height() / self._image.height()
        )
        width, height = self._image.width() * scale, self._image.height() * scale
        center = self.zoom.center
        left = room.center().x() - center.x() * width
        top = room.center().y() - center.y() * height
        return QRectF(left, top, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.surround))
        foot = self._foot()
        painter.setFont(font(SECONDARY))
        painter.setPen(QColor(t.secondary))
        if self._image is None:
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            inside = self.rect().adjusted(GAP, GAP, -GAP, -GAP - foot)
            painter.drawText(inside, wrapped, self.problem)
        else:
            self._paint_image(painter, foot)
        if self.caption:
            painter.setPen(QColor(t.text if self.marked else t.secondary))
            box = QRect(GAP, self.height() - foot, self.width() - 2 * GAP, foot)
            shown = painter.fontMetrics().elidedText(
                self.caption, Qt.TextElideMode.ElideRight, box.width()
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
        if self.marked:
            painter.setPen(QColor(t.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_image(self, painter: QPainter, foot: int) -> None:
        assert self._image is not None
        rect = self.picture_rect()
        room = self.rect().adjusted(4, 4, -4, -4 - foot)
        painter.save()
        painter.setClipRect(room)
        smooth = rect.width() < 3 * self._image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(rect, self._image)
        if self._over is not None:
            cut = round(room.left() + room.width() * self._part)
            painter.setClipRect(QRect(cut, room.top(), room.right() - cut + 1, room.height()))
            painter.drawImage(rect, self._over)
            painter.setClipRect(room)
            painter.setPen(QColor(tokens().accent))
            painter.drawLine(cut, room.top(), cut, room.bottom())
        painter.restore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        rect = self.picture_rect()
        if rect.isEmpty() or not event.angleDelta().y():
            return
        where = event.position()
        at = QPointF((where.x() - rect.x()) / rect.width(), (where.y() - rect.y()) / rect.height())
        self.zoom.by(STEP if event.angleDelta().y() > 0 else 1 / STEP, at)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        moved = event.position().toPoint() - self._pressed
        if self.zoom.scale > 1.0:
            rect = self.picture_rect()
            self.zoom.move(QPointF(moved.x() / rect.width(), moved.y() / rect.height()))
            self._pressed = event.position().toPoint()
        elif moved.manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self._drag_out()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and self.zoom.scale <= 1.0:
            self.clicked.emit()
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.zoom.scale > 1.0:
            self.zoom.fit()
            return
        rect = self.picture_rect()
        if self._image is not None and not rect.isEmpty():
            where = event.position()
            at = QPointF(
                (where.x() - rect.x()) / rect.width(), (where.y() - rect.y()) / rect.height()
            )
            self.zoom.by(max(2.0, self._image.width() / rect.width()), at)

    def enterEvent(self, event: object) -> None:
        self.hovered.emit()

    def drag_data(self) -> QMimeData | None:
        """What other applications get: the file itself, so that they can link to it.

        No picture beside it: whoever was offered both might take the one without metadata.
        """
        if self.file is None:
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.file))])
        return data

    def _drag_out(self) -> None:
        data = self.drag_data()
        if data is None:
            return
        drag = QDrag(self)
        drag.setMimeData(data)
        if self._image is not None:
            small = self._image.scaled(
                128,
                128,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            drag.setPixmap(QPixmap.fromImage(small))
        drag.exec(Qt.DropAction.CopyAction)

    def _foot(self) -> int:
        return self.fontMetrics().height() + GAP if self.caption else 0
