"""The data set for Qt."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from ...training.dataset import Item
from ...training.material import Material
from ..texts import trn

Index = QModelIndex | QPersistentModelIndex
ITEM, PICTURE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.DecorationRole


class Items(QAbstractListModel):
    """A row for each set of the data set; its small picture comes later."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Material, Item]] = []
        self._pictures: dict[int, QImage] = {}

    def set_pairs(self, pairs: list[tuple[Material, Item]]) -> None:
        self.beginResetModel()
        self.pairs = pairs
        self._pictures = {}
        self.endResetModel()

    def set_picture(self, row: int, picture: QImage) -> None:
        if row < len(self.pairs):
            self._pictures[row] = picture
            index = self.index(row)
            self.dataChanged.emit(index, index, [PICTURE])

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.pairs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.pairs):
            return None
        item = self.pairs[index.row()][1]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.name
        if role == PICTURE:
            return self._pictures.get(index.row())
        if role == ITEM:
            return item
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return trn("{n} problem", "{n} problems", len(item.problems))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(str(problem) for problem in item.problems) or item.caption
        return None
