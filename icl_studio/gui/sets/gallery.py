"""The gallery: whole sheets in rows, drawn only where they are in view."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView

from ...sets.index import SetRow
from ..texts import tr
from ..theme import GAP_BLOCK, GAP_WIDE, role
from .drawing import FOOT, draw_cell
from .model import ROW, Index, SetModel
from .rows import Place, Rows
from .thumbs import Thumbs

SMALLEST, USUAL, LARGEST = 96, 208, 420
"""Pixels of a row's height."""
MARGIN = GAP_BLOCK


class Gallery(QAbstractItemView):
    """Shows a :class:`SetModel`; emits ``activated`` on a double click and on Space or Enter."""

    def __init__(self, model: SetModel, thumbs: Thumbs) -> None:
        super().__init__()
        self._thumbs = thumbs
        self._height = USUAL
        self._rows = Rows([], 1, USUAL, GAP_WIDE, FOOT)
        role(self, "gallery")
        self.setAccessibleName(tr("Sets"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setModel(model)
        thumbs.arrived.connect(self._thumb_arrived)

    def sets(self) -> SetModel:
        """The model, as what it is."""
        model = self.model()
        assert isinstance(model, SetModel)
        return model

    def set_row_height(self, height: int) -> None:
        """Make sheets larger or smaller; what is current stays in view."""
        if height != self._height:
            self._height = height
            self._lay_out()
            if self.currentIndex().isValid():
                self.scrollTo(self.currentIndex())

    def chosen(self) -> list[int]:
        """The numbers of the sets that are selected, from top to bottom; else of the current."""
        numbers = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        current = self.currentIndex()
        return numbers or ([current.row()] if current.isValid() else [])

    def current_row(self) -> SetRow | None:
        index = self.currentIndex()
        return self.sets().row(index.row()) if index.isValid() else None

    def in_view(self) -> range:
        """The numbers of the sets that can be seen."""
        top = self.verticalOffset() - MARGIN
        return self._rows.between(max(0, top), max(0, top + self.viewport().height()))

    # What Qt asks of a view.

    def reset(self) -> None:
        super().reset()
        self._lay_out()

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid() or index.row() >= len(self._rows):
            return QRect()
        return self._rect(self._rows.place(index.row()))

    def indexAt(self, point: QPoint) -> QModelIndex:
        y = point.y() + self.verticalOffset() - MARGIN
        number = self._rows.at(point.x() - MARGIN, y)
        return QModelIndex() if number is None else self.model().index(number, 0)

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        rect = self.visualRect(index)
        bar, room = self.verticalScrollBar(), self.viewport().height()
        if rect.isNull():
            return
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - room // 2)
        elif rect.top() < 0 or rect.height() > room:
            bar.setValue(bar.value() + rect.top() - MARGIN)
        elif rect.bottom() > room:
            bar.setValue(bar.value() + rect.bottom() - room + MARGIN)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        count = len(self._rows)
        if not count:
            return QModelIndex()
        now = self.currentIndex().row() if self.currentIndex().isValid() else -1
        if now < 0:
            return self.model().index(0, 0)
        rows = max(1, self.viewport().height() // (self._height + FOOT + GAP_WIDE))
        move = QAbstractItemView.CursorAction
        goal = {
            move.MoveLeft: now - 1,
            move.MovePrevious: now - 1,
            move.MoveRight: now + 1,
            move.MoveNext: now + 1,
            move.MoveHome: 0,
            move.MoveEnd: count - 1,
        }.get(action)
        steps = {
            move.MoveUp: -1,
            move.MoveDown: 1,
            move.MovePageUp: -rows,
            move.MovePageDown: rows,
        }
        if goal is None:
            goal = self._rows.beside(now, steps.get(action, 0))
        return self.model().index(min(max(goal, 0), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        rect = rect.normalized().translated(-MARGIN, self.verticalOffset() - MARGIN)
        found = QItemSelection()
        for number in self._rows.between(rect.top(), rect.bottom()):
            place = self._rows.place(number)
            if rect.intersects(QRect(place.x, place.y, place.width, place.height + FOOT)):
                index = self.model().index(number, 0)
                found.select(index, index)
        self.selectionModel().select(found, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for number in self.in_view():
            index = self.model().index(number, 0)
            if selection.contains(index):
                region += self.visualRect(index).adjusted(-4, -4, 4, 4)
        return region

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        seen = self.in_view()
        self._lay_out()
        if seen and event.oldSize().width() != event.size().width():
            self.scrollTo(self.model().index(min(seen[0], len(self._rows) - 1), 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid() and not event.modifiers():
                self.activated.emit(self.currentIndex())
            return
        if event.text().isalnum() and not event.modifiers():
            event.ignore()  # one key for culling, not a jump to what begins with that letter
            return
        super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: object) -> None:
        index = self.indexAt(event.position().toPoint())  # type: ignore[attr-defined]
        if index.isValid():
            self.activated.emit(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        chosen, current = self.selectionModel(), self.currentIndex().row()
        for number in self.in_view():
            place = self._rows.place(number)
            rect = self._rect(place)
            if not rect.intersects(event.rect()):
                continue
            index = self.model().index(number, 0)
            row = index.data(ROW)
            image = self._thumbs.image(row) if row is not None else None
            draw_cell(
                painter,
                rect.adjusted(0, 0, 0, -FOOT),
                row,
                image,
                problem=self._thumbs.problem(row) if row is not None else "",
                selected=chosen.isSelected(index),
                current=number == current and self.hasFocus(),
            )

    def _rect(self, place: Place) -> QRect:
        """In the viewport's own coordinates, the words below included."""
        top = place.y + MARGIN - self.verticalOffset()
        return QRect(place.x + MARGIN, top, place.width, place.height + FOOT)

    def _lay_out(self) -> None:
        width = self.viewport().width() - 2 * MARGIN
        self._rows = Rows(self.sets().ratios, width, self._height, GAP_WIDE, FOOT)
        self.updateGeometries()
        self.viewport().update()

    def updateGeometries(self) -> None:
        super().updateGeometries()
        room = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setPageStep(room)
        bar.setSingleStep(max(20, self._height // 4))
        bar.setRange(0, max(0, self._rows.height + 2 * MARGIN - room))

    def _thumb_arrived(self, key: int) -> None:
        number = self.sets().number(key)
        if number is not None and number < len(self._rows):
            self.viewport().update(self.visualRect(self.model().index(number, 0)))
