"""The kinds of sets there are, each with a picture: what Create begins with."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextLayout,
)
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from ...domain.layout import Layout
from ...domain.task import TaskSpec
from ...paths import resource
from ..background import Background
from ..images import read_image
from ..texts import tr
from ..theme import EMPHASIS, GAP, GAP_BLOCK, GAP_PAGE, RADIUS, SECONDARY, font, tokens
from ..widgets.labels import label

CARD = QSize(236, 276)
PICTURE = 166


class TaskGallery(QScrollArea):
    """Cards of all tasks; ``chosen`` with a task's id. A click or Enter chooses."""

    chosen = Signal(str)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self.cards: list[TaskCard] = []
        self.setWidgetResizable(True)
        self.setAccessibleName(tr("Kinds of set"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(GAP_PAGE, GAP_PAGE, GAP_PAGE, GAP_PAGE)
        column.setSpacing(GAP_BLOCK)
        column.addWidget(label(tr("What do you want to make?"), "title"))
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP_BLOCK)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        column.addLayout(self._grid)
        column.addStretch()
        self.setWidget(inner)

    def show_tasks(self, tasks: list[TaskSpec], current: str) -> None:
        """Show these; ``current`` is marked, and gets the focus when the gallery is shown."""
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [TaskCard(task, task.id == current) for task in tasks]
        for card in self.cards:
            self._wire(card)
        self._arrange()

    def _wire(self, card: TaskCard) -> None:
        """A click; and a picture that ships with us. A plugin's task shows its layout instead."""
        card.clicked.connect(lambda: self.chosen.emit(card.task.id))
        file = resource("tasks", f"{card.task.id}.png")
        if file.is_file():
            self._background.call(card, lambda: read_image(file, 2 * PICTURE), card.set_image)

    def focus_current(self) -> None:
        for card in self.cards:
            if card.current:
                card.setFocus()
                self.ensureWidgetVisible(card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.viewport().width() - 2 * GAP_PAGE
        columns = max(1, (room + GAP_BLOCK) // (CARD.width() + GAP_BLOCK))
        for n, card in enumerate(self.cards):
            self._grid.addWidget(card, n // columns, n % columns)


class TaskCard(QAbstractButton):
    """A task: its picture or its layout, its title, what it is for."""

    def __init__(self, task: TaskSpec, current: bool = False) -> None:
        super().__init__()
        self.task = task
        self.current = current
        self._image: QImage | None = None
        self.setFixedSize(CARD)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(task.title)
        self.setAccessibleName(task.title)
        self.setAccessibleDescription(task.description)
        self.setToolTip(task.description)

    def set_image(self, image: QImage) -> None:
        self._image = image
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        marked = self.hasFocus() or self.current
        edge = t.accent if marked else t.secondary if self.underMouse() else t.line
        painter.setPen(QPen(QColor(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(t.panel))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        room = QRect(GAP, GAP, self.width() - 2 * GAP, PICTURE)
        painter.fillRect(room, QColor(t.surround))
        if self._image is not None:
            size = self._image.size().scaled(
                room.size() - QSize(GAP, GAP), Qt.AspectRatioMode.KeepAspectRatio
            )
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(room.center())
            painter.drawImage(place, self._image)
        else:
            _draw_layout(painter, room.adjusted(GAP_PAGE, GAP, -GAP_PAGE, -GAP), self.task.layout)
        self._draw_words(painter, room.bottom() + GAP)

    def _draw_words(self, painter: QPainter, top: int) -> None:
        width = self.width() - 2 * GAP - 8
        painter.setPen(QColor(tokens().text))
        painter.setFont(font(EMPHASIS))
        title = painter.fontMetrics().elidedText(
            self.task.title, Qt.TextElideMode.ElideRight, width
        )
        line = painter.fontMetrics().height()
        painter.drawText(QRect(GAP + 4, top, width, line), 0, title)
        painter.setPen(QColor(tokens().secondary))
        painter.setFont(font(SECONDARY))
        room = QRect(GAP + 4, top + line + 4, width, self.height() - top - line - GAP - 4)
        draw_elided(painter, room, self.task.description)


def draw_elided(painter: QPainter, room: QRect, text: str) -> None:
    """``text`` in whole lines, the last one with an ellipsis where there is more."""
    metrics = painter.fontMetrics()
    layout = QTextLayout(text, painter.font())
    layout.beginLayout()
    top = room.top()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(room.width())
        start, end = line.textStart(), line.textStart() + line.textLength()
        last = top + 2 * metrics.lineSpacing() > room.bottom() + 1
        shown = text[start:] if last else text[start:end]
        place = QRect(room.left(), top, room.width(), metrics.lineSpacing())
        elided = metrics.elidedText(shown.strip(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(place, 0, elided)
        top += metrics.lineSpacing()
        if last:
            break
    layout.endLayout()


def _draw_layout(painter: QPainter, room: QRect, layout: Layout) -> None:
    """The panels as empty boxes, where there is no picture."""
    canvas = layout.canvas
    scale = min(room.width() / canvas.width, room.height() / canvas.height)
    left = room.left() + round((room.width() - canvas.width * scale) / 2)
    top = room.top() + round((room.height() - canvas.height * scale) / 2)
    painter.setPen(QPen(QColor(tokens().secondary), 1))
    painter.setBrush(QColor(tokens().panel))
    for box in layout.boxes:
        painter.drawRect(
            left + round(box.x0 * scale),
            top + round(box.y0 * scale),
            round(box.size.width * scale),
            round(box.size.height * scale),
        )
