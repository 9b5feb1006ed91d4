"""Sets in full: one large with what can be done with it, or several compared."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtGui import QImage

from ...sets.assemble import Choice
from ...sets.index import SetRow
from ...sets.library import Entry
from ...sets.record import SetRecord, read_record
from ..studio import Studio
from ..texts import tr
from .compare import MOST, Column, CompareView
from .listing import ListingPage
from .tray import Tray
from .view import SetView


class ShowingPage(ListingPage):
    """Adds the set view, the comparison and the tray in which a best-of set grows."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.view = SetView(studio)
        self.board = CompareView(studio)
        self.tray = Tray()
        self.stack.addWidget(self.view)
        self.stack.addWidget(self.board)
        self.gallery.activated.connect(lambda _: self.open_current())
        self.view.acted.connect(self._acted)
        self.view.tagged.connect(self._tagged)
        self.doings.verified.connect(self._verified)
        self.board.taken.connect(self._take)
        self.curator.changed.connect(self._refresh_view)
        self.curator.changed.connect(self.board.put_rows)
        self.curator.assembled.connect(self._assembled)
        self.tray.wanted.connect(self._assemble)

    def compared(self) -> SetRow | None:
        column = self.board.current() if self.stack.currentWidget() is self.board else None
        return None if column is None else column.row

    def open_current(self) -> None:
        """Show the current set large."""
        row = self.gallery.current_row()
        if row is None:
            return

        def show(record: SetRecord) -> None:
            self.view.show_set(Entry(row.folder, record))
            self.stack.setCurrentWidget(self.view)
            self.view.large.setFocus()

        def failed(error: Exception) -> None:
            self.studio.tell_error(error)
            self.shelf.look()

        self.studio.background.call(self, lambda: read_record(row.folder), show, failed)

    def compare(self) -> None:
        """Two to four of what is selected, side by side."""
        numbers = self.gallery.chosen()
        if not 2 <= len(numbers) <= MOST:
            self.studio.tell(tr("Select two to four sets to compare them."))
            return

        def show(columns: list[Column]) -> None:
            self.board.show_sets(columns)
            self.stack.setCurrentWidget(self.board)
            self.board.setFocus()

        def read(rows: list[SetRow]) -> None:
            self.studio.background.call(
                self,
                lambda: [Column(row, Entry(row.folder, read_record(row.folder))) for row in rows],
                show,
                self.studio.tell_error,
            )

        self._with_chosen(read)

    def _compare_some(self) -> None:
        self._show_listed()
        select = QItemSelectionModel.SelectionFlag.Select
        for number in range(1, 3):
            self.gallery.selectionModel().select(self.model.index(number, 0), select)
        deselect = QItemSelectionModel.SelectionFlag.Deselect
        self.gallery.selectionModel().select(self.model.index(0, 0), deselect)
        self.compare()

    def _take(self, column: Column, panel: str, image: QImage | None) -> None:
        said = self.tray.put(column.entry, panel, image)
        if said:
            self.studio.tell(said, "warning")

    def _assemble(self, choices: list[Choice]) -> None:
        task = self.studio.registry.tasks.get(self.tray.task)
        self.curator.assemble(choices, task.caption if task else None)

    def _assembled(self, folder: Path) -> None:
        self.tray.clear()
        self.studio.tell(tr("Best-of set saved; Ctrl+Z takes it back."))
        self._show_listed()
        self.look_at(folder)

    def verify(self) -> None:
        """Make the current set again and compare; the answer stands in its view."""
        if self.view.entry is None or self.stack.currentWidget() is not self.view:
            self._with_entries(lambda entries: self.doings.verify(entries[0]))
            self.studio.tell(tr("Verifying: the set is being made again …"))
            return
        self.view.set_busy(True)
        self.doings.verify(self.view.entry)

    def _acted(self, what: str) -> None:
        """A button of the set view."""
        entry = self.view.entry
        if what == "back":
            self._show_listed()
            self.gallery.setFocus()
        elif what == "change" and entry is not None:
            self.studio.go("create", entry.record.request)
        else:
            {"again": self.run_again, "verify": self.verify, "export": self.export}[what]()

    def _verified(self, folder: Path, words: str) -> None:
        self.view.set_busy(False)
        if self.view.entry is not None and self.view.entry.folder == folder:
            self.view.verdict.setText(words)
        else:
            self.studio.tell(f"{folder.name}: {words}")

    def _refresh_view(self, rows: list[SetRow]) -> None:
        """The set that is shown large has been rated or tagged."""
        entry = self.view.entry
        if entry is None or all(row.folder != entry.folder for row in rows):
            return
        folder = entry.folder
        self.studio.background.call(
            self,
            lambda: read_record(folder),
            lambda record: self.view.show_set(Entry(folder, record)),
            lambda _: None,
        )

    def _step(self, by: int) -> None:
        """The next set, large."""
        number = self.gallery.currentIndex().row() + by
        if 0 <= number < self.model.rowCount():
            self._select(number)
            self._with_chosen(lambda _: self.open_current())
