"""The table of jobs: rows of one height, so that ten thousand are as quick as ten."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ...queue.job import JobRow
from ..background import Background
from ..texts import tr
from .rows import HEIGHT, RowDelegate, Thumbs
from .table import MIME, ROW_ROLE, Column, JobTable

WIDTHS = {Column.STATE: 128, Column.PROGRESS: 230, Column.ATTEMPTS: 84, Column.MEND: 112}
NARROW, NARROWEST = 860, 560


class JobView(QTableView):
    """Shows a :class:`JobTable`; ``mend`` with the job whose action was pressed.

    ``chosen`` when other jobs are selected; ``nudged(-1 or 1)`` for Alt+Up and Alt+Down.
    """

    mend = Signal(object)
    chosen = Signal()
    nudged = Signal(int)

    def __init__(self, table: JobTable, background: Background) -> None:
        super().__init__()
        self._table = table
        self.setModel(table)
        thumbs = Thumbs(background, self)
        thumbs.came.connect(self.viewport().update)
        self.setItemDelegate(RowDelegate(thumbs, self))
        self.setAccessibleName(tr("Jobs"))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        side = self.verticalHeader()
        side.hide()
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        side.setDefaultSectionSize(HEIGHT)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(Column.SET, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        self.clicked.connect(self._clicked)
        self.doubleClicked.connect(self._clicked)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())

    def jobs(self) -> list[JobRow]:
        """The selected jobs that have been read, from top to bottom."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        found = (self._table.row(row) for row in rows)
        return [row for row in found if row is not None]

    def choose(self, ids: list[str]) -> None:
        """Select these jobs, where they are among what has been read."""
        self.clearSelection()
        selection = self.selectionModel()
        for id in ids:
            row = self._table.row_of(id)
            if row is not None:
                index = self._table.index(row, 0)
                selection.select(
                    index, selection.SelectionFlag.Select | selection.SelectionFlag.Rows
                )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words of a set come first: in a narrow table the rest gives way."""
        super().resizeEvent(event)
        narrow = self.viewport().width() < NARROW
        self.setColumnHidden(Column.ATTEMPTS, narrow)
        self.setColumnHidden(Column.PROGRESS, self.viewport().width() < NARROWEST)
        self.setColumnWidth(Column.PROGRESS, WIDTHS[Column.PROGRESS] // (2 if narrow else 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.nudged.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
            return
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            jobs = self.jobs()
            if len(jobs) == 1:
                self.mend.emit(jobs[0])
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Rows may be dropped here; files are the page's."""
        if event.mimeData().hasFormat(MIME):
            super().dragEnterEvent(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            super().dragMoveEvent(event)
        else:
            event.ignore()

    def _clicked(self, index: object) -> None:
        current = self.currentIndex()
        row = current.data(ROW_ROLE)
        if current.column() == Column.MEND and isinstance(row, JobRow):
            self.mend.emit(row)
