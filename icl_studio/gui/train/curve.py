"""The loss as it falls: every step faint, the running mean over it; hover tells the values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ...training.record import Line
from ..texts import tr
from ..theme import GAP, GAP_WIDE, SECONDARY, font, tokens

LEFT, BOTTOM = 56, 24
TICKS = 4


class LossCurve(QWidget):
    """Steps from the left, loss upwards; a logarithmic scale where it spans a decade."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.total = 1
        self._under: int | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Loss by step"))

    def sizeHint(self) -> QSize:
        return QSize(480, 200)

    def show_lines(self, lines: Sequence[Line], total: int) -> None:
        self.lines, self.total = list(lines), max(1, total)
        self._say()

    def add(self, line: Line) -> None:
        """A step more; one that stands there already is passed over."""
        if not self.lines or line.step > self.lines[-1].step:
            self.lines.append(line)
            self._say()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place()
        share = (event.position().x() - place.left()) / max(1.0, place.width())
        step = share * self.total
        nearest = min(
            range(len(self.lines)), key=lambda n: abs(self.lines[n].step - step), default=None
        )
        inside = nearest is not None and step <= self.lines[-1].step + self.total / 50
        self._under = nearest if inside else None
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._under = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # steps go so everywhere
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(SECONDARY, tabular=True))
        t = tokens()
        place = self._place()
        painter.fillRect(place, QColor(t.surround))
        if not self.lines:
            painter.setPen(QColor(t.secondary))
            text = tr("The loss is drawn here from the first step on.")
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
            return
        low, high, log = self._range()
        self._axes(painter, place, low, high, log)
        stride = max(1, len(self.lines) // max(1, int(place.width() * 2)))
        shown = [*self.lines[::stride], self.lines[-1]]
        faint = QColor(t.secondary)
        faint.setAlphaF(0.45)
        for values, color, width in (
            ([line.loss for line in shown], faint, 1.0),
            ([line.smoothed for line in shown], QColor(t.accent), 2.0),
        ):
            points = [
                self._point(place, line.step, value, low, high, log)
                for line, value in zip(shown, values, strict=True)
                if math.isfinite(value)
            ]
            painter.setPen(QPen(color, width))
            painter.drawPolyline(QPolygonF(points))
        self._hover(painter, place, low, high, log)

    def _axes(self, painter: QPainter, place: QRectF, low: float, high: float, log: bool) -> None:
        t = tokens()
        for n in range(TICKS + 1):
            share = n / TICKS
            y = place.bottom() - share * place.height()
            value = low * (high / low) ** share if log else low + share * (high - low)
            painter.setPen(QColor(t.line))
            painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
            painter.setPen(QColor(t.secondary))
            box = QRectF(0, y - 8, LEFT - GAP, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"{value:.3g}")
        box = QRectF(place.left(), place.bottom() + 2, place.width(), BOTTOM - 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, "0")
        text = tr("step {n:,}", n=self.total)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, text)

    def _hover(self, painter: QPainter, place: QRectF, low: float, high: float, log: bool) -> None:
        if self._under is None or self._under >= len(self.lines):
            return
        line, t = self.lines[self._under], tokens()
        at = self._point(place, line.step, line.smoothed, low, high, log)
        painter.setPen(QPen(QColor(t.secondary), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(at.x(), place.top()), QPointF(at.x(), place.bottom()))
        text = tr(
            "step {n:,} · mean {mean:.4f} · this step {loss:.4f}",
            n=line.step,
            mean=line.smoothed,
            loss=line.loss,
        )
        painter.setPen(QColor(t.text))
        box = place.adjusted(GAP, GAP, -GAP, -GAP)
        painter.drawText(box, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, text)

    def _place(self) -> QRectF:
        return QRectF(self.rect()).adjusted(LEFT, GAP, -GAP_WIDE, -BOTTOM)

    def _range(self) -> tuple[float, float, bool]:
        values = [v for line in self.lines for v in (line.loss, line.smoothed) if math.isfinite(v)]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if low > 0 and high / low >= 10:
            return low, high, True
        room = (high - low) * 0.05 or abs(high) * 0.05 or 0.05
        return low - room, high + room, False

    def _point(
        self, place: QRectF, step: int, value: float, low: float, high: float, log: bool
    ) -> QPointF:
        share = (
            math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
        )
        x = place.left() + min(1.0, step / self.total) * place.width()
        return QPointF(x, place.bottom() - share * place.height())

    def _say(self) -> None:
        if self.lines:
            last = self.lines[-1]
            text = tr("step {n:,}, mean loss {mean:.4f}", n=last.step, mean=last.smoothed)
            self.setAccessibleDescription(text)
        self.update()
