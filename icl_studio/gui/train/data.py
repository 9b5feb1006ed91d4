"""The data set as a contact sheet; beside it the caption of the set that is chosen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPolygonF, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ...training.dataset import Item
from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_WIDE, GRID, ICON_SMALL, SECONDARY, font, tokens
from ..widgets.labels import Elided, label
from ..widgets.page_bar import button
from ..widgets.texts import TextBox
from .items import ITEM, PICTURE, Items
from .model import TrainModel

CORNER = 28
CELL = 156
SIDE, NARROW = 320, 180


def worst(item: Item) -> str:
    """``error``, ``warning`` or empty: what is to be seen of a set from afar."""
    levels = {problem.level for problem in item.problems}
    if "error" in levels or not item.usable:
        return "error"
    return "warning" if "warning" in levels else ""


class ItemDelegate(QStyledItemDelegate):
    """The small picture, its name, and a corner with a sign where something is wrong."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(CELL, CELL + 20)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        t = tokens()
        rect: QRect = option.rect.adjusted(GRID, GRID, -GRID, -GRID)
        item: Item = index.data(ITEM)
        room = rect.adjusted(GRID, GRID, -GRID, -20 - GRID)
        picture = index.data(PICTURE)
        painter.fillRect(rect, QColor(t.surround))
        place = room
        if picture is not None:
            size = picture.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(room.topLeft(), size)
            place.moveCenter(room.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, picture)
        wrong = worst(item)
        if wrong:
            corner = QPointF(place.topRight()) + QPointF(1, 0)
            down, left = corner + QPointF(0, CORNER), corner - QPointF(CORNER, 0)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.error if wrong == "error" else t.warning))
            painter.drawPolygon(QPolygonF([left, corner, down]))
            sign = icons.pixmap(wrong, 12, t.window)
            painter.drawPixmap(QRect(int(corner.x()) - 14, int(corner.y()) + 2, 12, 12), sign)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(t.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setFont(font(SECONDARY))
        painter.setPen(QColor(t.text))
        line = QRect(room.left(), room.bottom() + GRID, room.width(), 18)
        name = painter.fontMetrics().elidedText(
            item.name, Qt.TextElideMode.ElideMiddle, line.width()
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)


class DataView(QWidget):
    """Emits ``save_asked(row, text)`` for a caption that was changed."""

    save_asked = Signal(int, str)

    def __init__(self, model: TrainModel) -> None:
        super().__init__()
        self.model = model
        self.items: Items = model.items
        self.list = QListView()
        self.list.setModel(self.items)
        self.list.setItemDelegate(ItemDelegate(self.list))
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName(tr("Sets of the data set"))
        self.summary = label("", "secondary", wrap=True)
        self.name = Elided("", 15)
        self.caption = TextBox()
        self.caption.setUndoRedoEnabled(True)
        self.caption.setAccessibleName(tr("Joint caption"))
        self.save = button(tr("Save caption (Ctrl+S)"), self._save)
        self.hint = label("", "secondary", wrap=True)
        self.problems = QVBoxLayout()
        self.problems.setSpacing(GRID)
        self.row = -1
        self._name = ""
        self._arrange()
        self.list.selectionModel().currentChanged.connect(self._current)
        self.items.modelReset.connect(self._reset)
        self.caption.textChanged.connect(self._typed)
        QShortcut(QKeySequence.StandardKey.Save, self).activated.connect(self._save)

    def _arrange(self) -> None:
        side = QVBoxLayout()
        side.setSpacing(GAP)
        side.addWidget(self.name)
        side.addWidget(self.caption, 2)
        side.addWidget(self.hint)
        side.addWidget(self.save)
        side.addSpacing(GAP)
        side.addLayout(self.problems)
        side.addStretch(1)
        holder = QWidget()
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        holder.setMinimumWidth(NARROW)
        holder.setMaximumWidth(SIDE)
        self.list.setMinimumWidth(CELL + GAP_WIDE)
        row = QHBoxLayout()
        row.setSpacing(GAP_WIDE)
        row.addWidget(self.list, 3)
        row.addWidget(holder, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.summary)
        column.addLayout(row, 1)

    def _reset(self) -> None:
        """The data set was looked at again; the set that was chosen stays so by its name."""
        data = self.model.data
        if data is None:
            self.summary.setText("")
        else:
            good, whole = len(data.inspected.usable), len(data.inspected.items)
            parts = [tr("{good} of {n} sets can be trained on", good=good, n=whole)]
            parts += [tr("The data set {what}", what=one) for one in data.inspected.problems]
            self.summary.setText(". ".join(part.rstrip(".") for part in parts) + ".")
        names = [item.name for _, item in self.items.pairs]
        row = names.index(self._name) if self._name in names else 0 if names else -1
        self.row = -1
        if row >= 0:
            self.list.setCurrentIndex(self.items.index(row))
            self._show(row)
        else:
            self._show(-1)

    def _current(self, index: Any, before: Any = None) -> None:
        if index.isValid() and index.row() != self.row:
            self._save()
            self._show(index.row())

    def _show(self, row: int) -> None:
        self.row = row
        while (left := self.problems.takeAt(0)) is not None:
            widget = left.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.caption.setEnabled(row >= 0)
        if row < 0:
            self.name.set_text("")
            self.caption.set_text("")
            self.hint.setText("")
            self.save.setEnabled(False)
            return
        item = self.items.pairs[row][1]
        self._name = item.name
        self.name.set_text(item.name)
        self.caption.set_text(item.caption)
        file = self.model.caption_file(row)
        self.caption.setReadOnly(file is None)
        if file is None:
            self.hint.setText(tr("The captions of zips and of sets made here cannot be edited."))
        else:
            self.hint.setText(tr("Kept in {name}", name=file.name))
        for problem in item.problems:
            self.problems.addWidget(Told(problem.level, str(problem)))
        if not item.problems:
            self.problems.addWidget(Told("ok", tr("Nothing is wrong with this set.")))
        self._typed()

    def _typed(self) -> None:
        changed = (
            self.row >= 0 and self.caption.toPlainText() != self.items.pairs[self.row][1].caption
        )
        self.save.setEnabled(changed and not self.caption.isReadOnly())

    def _save(self) -> None:
        if self.row >= 0 and self.save.isEnabled():
            self.save.setEnabled(False)
            self.save_asked.emit(self.row, self.caption.toPlainText())


class Told(QWidget):
    """A finding with its sign."""

    def __init__(self, level: str, text: str) -> None:
        super().__init__()
        t = tokens()
        color = {"error": t.error, "warning": t.warning, "ok": t.ok}.get(level, t.secondary)
        sign = label()
        sign.setPixmap(icons.pixmap("info" if level == "note" else level, ICON_SMALL, color))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(text, "secondary", wrap=True), 1)
