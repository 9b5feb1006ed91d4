"""The sets that fit a search as Qt's list: every one is there, a few hundred are read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from ...sets.index import SetRow
from ..texts import tr

ROW: Final = Qt.ItemDataRole.UserRole + 1
"""The :class:`SetRow` of an item, None until it has been read."""
PAGE = 128
KEPT_PAGES = 24
Index = QModelIndex | QPersistentModelIndex
Answer = Callable[[dict[int, SetRow]], None]


class SetModel(QAbstractListModel):
    """Knows the key and the proportion of every set, and reads rows page by page when asked.

    ``fetch(keys, answer)`` reads rows elsewhere and calls ``answer`` with them later.
    """

    def __init__(self, fetch: Callable[[list[int], Answer], None]) -> None:
        super().__init__()
        self._fetch = fetch
        self._keys: list[int] = []
        self._numbers: dict[int, int] = {}
        self._pages: OrderedDict[int, dict[int, SetRow]] = OrderedDict()
        self._asked: set[int] = set()
        self._turn = 0
        self.ratios: list[float] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._keys)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._keys):
            return None
        row = self.row(index.row())
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return described(row) if row else tr("Reading …")
        if role == Qt.ItemDataRole.ToolTipRole and row is not None:
            return tip(row)
        return None

    def row(self, number: int) -> SetRow | None:
        """The row of item ``number``; None for now where it must be read first."""
        page = number // PAGE
        if page in self._pages:
            self._pages.move_to_end(page)
            return self._pages[page].get(self._keys[number])
        if page not in self._asked:
            self._asked.add(page)
            keys = self._keys[page * PAGE : (page + 1) * PAGE]
            turn = self._turn
            self._fetch(keys, lambda rows: self._arrived(turn, page, rows))
        return None

    def key(self, number: int) -> int:
        return self._keys[number]

    def number(self, key: int) -> int | None:
        """Which item has this key, None where none has."""
        return self._numbers.get(key)

    def show(self, shapes: Sequence[tuple[int, float]]) -> bool:
        """List these sets (key, width over height); whether others than before.

        The same ones in the same order keep selection and place: only their rows are read
        again.
        """
        keys = [key for key, _ in shapes]
        self._turn += 1
        self._asked.clear()
        if keys == self._keys:
            self._pages.clear()
            self._tell(range(len(keys)))
            return False
        self.beginResetModel()
        self._keys = keys
        self._numbers = {key: number for number, key in enumerate(keys)}
        self.ratios = [ratio for _, ratio in shapes]
        self._pages.clear()
        self.endResetModel()
        return True

    def put(self, rows: Iterable[SetRow]) -> None:
        """Show these rows from now on, where their sets are listed."""
        for row in rows:
            number = self._numbers.get(row.key)
            page = None if number is None else self._pages.get(number // PAGE)
            if number is not None and page is not None:
                page[row.key] = row
                self._tell(range(number, number + 1))

    def _arrived(self, turn: int, page: int, rows: dict[int, SetRow]) -> None:
        if turn != self._turn:
            return
        self._asked.discard(page)
        self._pages[page] = rows
        while len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)
        self._tell(range(page * PAGE, min((page + 1) * PAGE, len(self._keys))))

    def _tell(self, numbers: range) -> None:
        if numbers:
            self.dataChanged.emit(self.index(numbers[0]), self.index(numbers[-1]))


def described(row: SetRow) -> str:
    """A set in one line: its name, else what it shows."""
    return row.name or row.summary or row.task


def tip(row: SetRow) -> str:
    """What a tool tip says of a set; plain text."""
    lines = [described(row), f"{row.task} · {tr('seed')} {row.seed} · {row.engine}"]
    lines.append(f"{row.created_at:%Y-%m-%d %H:%M}")
    if row.tags:
        lines.append(", ".join(row.tags))
    return "\n".join(lines)
