"""The jobs as a Qt model: one page of them at a time is read from the queue's database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from ...queue.job import JobRow
from ...queue.store import Progress
from ..texts import tr
from .telling import mend_for, progress_words, second_line, state_words, title

PAGE: Final = 200
MOST_PAGES: Final = 8
MIME: Final = "application/x-icl-studio-jobs"
ROW_ROLE: Final = Qt.ItemDataRole.UserRole
PROGRESS_ROLE: Final = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """What stands where."""

    SET = 0
    STATE = 1
    PROGRESS = 2
    ATTEMPTS = 3
    MEND = 4


class JobTable(QAbstractTableModel):
    """``count`` jobs of which some pages are here; ``wanted(pages)`` asks for those that are not.

    ``moved(ids, before)`` when rows were dragged, ``before`` being a job's id or empty for the end.
    """

    wanted = Signal(list)
    moved = Signal(list, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._pages: dict[int, list[JobRow]] = {}
        self._progress: dict[str, Progress] = {}
        self._missing: set[int] = set()
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and section == Column.ATTEMPTS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter  # as its numbers
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Set"), tr("State"), tr("Progress"), tr("Attempts"), "")[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row(index.row())
        if row is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole and not index.column() else None
        if role == ROW_ROLE:
            return row
        if role == PROGRESS_ROLE:
            return self._progress.get(row.id)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(row, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == Column.SET:
            return f"{title(row)}\n{second_line(row)}\n{row.id}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row = self._known(index.row())
        if row is not None and row.state in ("waiting", "paused"):
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        rows = (self._known(index.row()) for index in sorted(indexes, key=lambda i: i.row()))
        ids = list(dict.fromkeys(row.id for row in rows if row is not None))
        data = QMimeData()
        data.setData(MIME, QByteArray(json.dumps(ids).encode()))
        return data

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Asks for the move; False, because the rows change only when the queue says so."""
        if data is None or not data.hasFormat(MIME):
            return False
        ids = json.loads(bytes(data.data(MIME).data()))
        place = parent.row() if parent.isValid() else row
        before = self._known(place) if 0 <= place < self._count else None
        if before is None or before.id not in ids:
            self.moved.emit(ids, before.id if before else "")
        return False

    def row(self, n: int) -> JobRow | None:
        """The job in row ``n``; None, and asked for, while its page is not here."""
        found = self._known(n)
        if found is None and 0 <= n < self._count:
            self._missing.add(n // PAGE)
            self._asking.start()
        return found

    def pages(self) -> list[int]:
        """The pages that are here."""
        return sorted(self._pages)

    def take(self, count: int, pages: Mapping[int, Sequence[JobRow]]) -> None:
        """There are ``count`` jobs now, and these are ``pages`` of them; others are out of date."""
        self._pages = {n: list(rows) for n, rows in pages.items()}
        if count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._count = count
            self.endInsertRows()
        elif count < self._count:
            self.beginRemoveRows(QModelIndex(), count, self._count - 1)
            self._count = count
            self.endRemoveRows()
        if self._count:
            self.dataChanged.emit(self.index(0, 0), self.index(self._count - 1, len(Column) - 1))

    def take_page(self, n: int, rows: Sequence[JobRow]) -> None:
        """One more page; the one that was read first goes where there are many."""
        self._pages[n] = list(rows)
        while len(self._pages) > MOST_PAGES:
            self._pages.pop(next(page for page in self._pages if page != n))
        last = min(self._count, (n + 1) * PAGE) - 1
        if last >= n * PAGE:
            self.dataChanged.emit(self.index(n * PAGE, 0), self.index(last, len(Column) - 1))

    def take_progress(self, progress: Mapping[str, Progress]) -> None:
        """How far the running jobs are; only their cells are drawn again."""
        changed = {id for id in {*progress, *self._progress}
                   if progress.get(id) != self._progress.get(id)}  # fmt: skip
        self._progress = dict(progress)
        for page, rows in self._pages.items():
            for n, row in enumerate(rows):
                if row.id in changed:
                    cell = self.index(page * PAGE + n, Column.PROGRESS)
                    self.dataChanged.emit(cell, cell)

    def row_of(self, id: str) -> int | None:
        """The row of a job among the pages that are here."""
        for page, rows in self._pages.items():
            for n, row in enumerate(rows):
                if row.id == id:
                    return page * PAGE + n
        return None

    def _known(self, n: int) -> JobRow | None:
        rows = self._pages.get(n // PAGE, [])
        return rows[n % PAGE] if n >= 0 and n % PAGE < len(rows) else None

    def _words(self, row: JobRow, column: Column) -> str:
        match column:
            case Column.SET:
                return title(row)
            case Column.STATE:
                return state_words(row)
            case Column.PROGRESS:
                return progress_words(row, self._progress.get(row.id))
            case Column.ATTEMPTS:
                return str(row.attempts) if row.attempts else ""
            case Column.MEND:
                mend = mend_for(row)
                return mend.words if mend else ""

    def _ask(self) -> None:
        missing, self._missing = sorted(self._missing), set()
        missing = [page for page in missing if page not in self._pages]
        if missing:
            self.wanted.emit(missing)
