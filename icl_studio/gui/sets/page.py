"""The Sets page: the search above, the gallery below, one key for each judgement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ...domain.problems import Problem, UserError
from ...sets.assemble import Choice
from ...sets.index import Index as LibraryIndex
from ...sets.index import Order, SetRow
from ...sets.library import Entry
from ...sets.record import SetRecord, read_record
from ...sets.search import parse_query, with_term
from ..pages import local_files
from ..studio import Studio
from ..texts import tr, trn
from ..theme import role
from ..widgets.empty import Empty
from .acting import ActingPage
from .compare import MOST, Column, CompareView
from .gallery import Gallery
from .problems import Problems
from .search_bar import COUNTED, SearchBar, Values
from .thumbs import Thumbs
from .tray import Tray
from .view import SetView

RATINGS: Final = {
    **{Qt.Key(Qt.Key.Key_0 + n): str(n) for n in range(6)},
    Qt.Key.Key_P: "pick",
    Qt.Key.Key_X: "reject",
    Qt.Key.Key_U: "clear",
}
"""One key for each judgement."""
Shapes = list[tuple[int, float]]


class SetsPage(ActingPage):
    """Decides which view is shown and what is listed; the widgets show and emit."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.thumbs = Thumbs(studio)
        self.search = SearchBar()
        self.gallery = Gallery(self.model, self.thumbs)
        self.problems = Problems()
        self.view = SetView(studio)
        self.board = CompareView(studio)
        self.tray = Tray()
        self.empty = Empty(
            "sets",
            tr("No sets yet"),
            tr("What you make is kept here: whole sheets, their panels, and how they were made."),
            tr("Make the first set"),
        )
        self.nothing = Empty(
            "search",
            tr("No set fits this search"),
            tr("Take a word or a filter away."),
            tr("Show all sets"),
        )
        self.stack = QStackedWidget()
        self.pick = QPushButton(tr("Pick  P"))
        self.order: Order = "newest"
        self._turn = 0
        self._known = False
        self._current: int | None = None
        self._wanted: int | None = None
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._ask()
        self.shelf.look()

    # What the window asks of a page.

    def primary(self) -> None:
        self.rate("pick")

    def cancel(self) -> None:
        if self.stack.currentWidget() is not self.gallery:
            self.search.problems.setChecked(False)
            self._show_listed()
        elif self.search.text():
            self.search.set_text("")

    def receive(self, what: Any) -> None:
        """A set to look at: anything with a ``folder``, or its path."""
        folder = getattr(what, "folder", what)
        if isinstance(folder, Path):
            self.look_at(folder)

    def shown(self) -> None:
        self.shelf.look()
        self.gallery.setFocus()

    def chosen(self) -> list[int]:
        return self.gallery.chosen()

    def compared(self) -> SetRow | None:
        column = self.board.current() if self.stack.currentWidget() is self.board else None
        return None if column is None else column.row

    def scenes(self) -> dict[str, Callable[[], None]]:
        return {
            "": lambda: self._select(0),
            "set": self.open_current,
            "compare": self._compare_some,
            "tray": self.board.take,
            "problems": lambda: self.search.problems.setChecked(True),
            "search": lambda: self.search.set_text(with_term("", "flag", "pick")),
            "nothing": lambda: self.search.set_text(with_term("", "seed", "0")),
        }

    def _compare_some(self) -> None:
        self._show_listed()
        select = QItemSelectionModel.SelectionFlag.Select
        for number in range(1, 3):
            self.gallery.selectionModel().select(self.model.index(number, 0), select)
        deselect = QItemSelectionModel.SelectionFlag.Deselect
        self.gallery.selectionModel().select(self.model.index(0, 0), deselect)
        self.compare()

    # What the user does.

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

    def look_at(self, folder: Path) -> None:
        """Select the set in ``folder``, whatever is searched for."""
        if self.search.text():
            self.search.set_text("")

        def found(key: int | None) -> None:
            self._wanted = key
            self._ask()

        def key_of(index: LibraryIndex) -> int | None:
            index.note(folder)
            return index.key_of(folder)

        self.shelf.ask(self, key_of, found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not (event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier)
        key = Qt.Key(event.key())
        keys = self._keys()
        if plain and key in RATINGS:
            self.rate(RATINGS[key])
        elif plain and key in keys:
            keys[key]()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.line.setFocus()
            self.search.line.selectAll()
        else:
            super().keyPressEvent(event)

    def _keys(self) -> dict[Qt.Key, Callable[[], None]]:
        """What single keys do, besides judging."""
        found: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Delete: self.delete,
            Qt.Key.Key_C: self.compare,
            Qt.Key.Key_E: self.export,
            Qt.Key.Key_V: self.verify,
            Qt.Key.Key_R: self.run_again,
        }
        if self.stack.currentWidget() is self.view:
            found |= {
                Qt.Key.Key_Left: lambda: self._step(-1),
                Qt.Key.Key_Right: lambda: self._step(1),
                Qt.Key.Key_Up: lambda: self.view.step(-1),
                Qt.Key.Key_Down: lambda: self.view.step(1),
                Qt.Key.Key_Space: self._show_listed,
            }
        return found

    def _step(self, by: int) -> None:
        """The next set, large."""
        number = self.gallery.currentIndex().row() + by
        if 0 <= number < self.model.rowCount():
            self._select(number)
            self._with_chosen(lambda _: self.open_current())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.load_request(files[0])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.search.redraw()
            self.gallery.viewport().update()

    # Building.

    def _arrange(self) -> None:
        role(self.pick, "primary")
        self.pick.setToolTip(tr("Pick what is selected (P or Ctrl+Enter)"))
        self.search.first.addWidget(self.pick)
        for widget in (
            self.gallery,
            self.empty,
            self.nothing,
            self.problems,
            self.view,
            self.board,
        ):
            self.stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.search)
        column.addWidget(self.stack, 1)
        column.addWidget(self.tray)

    def _connect(self) -> None:
        self.search.searched.connect(lambda _: self._searched())
        self.search.ordered.connect(self._reorder)
        self.search.sized.connect(self.gallery.set_row_height)
        self.search.problems_asked.connect(self._show_problems)
        self.shelf.changed.connect(self._ask)
        self.shelf.looked.connect(self._looked)
        self.shelf.reading.connect(self.search.set_reading)
        self.curator.changed.connect(self.model.put)
        self.curator.gone.connect(lambda _: self._ask())
        self.curator.returned.connect(self._ask)
        self.curator.failed.connect(self._failed)
        self.curator.changed.connect(self._refresh_view)
        self.gallery.activated.connect(lambda _: self.open_current())
        self.view.acted.connect(self._acted)
        self.view.tagged.connect(self._tagged)
        self.doings.verified.connect(self._verified)
        self.board.taken.connect(self._take)
        self.board.closed.connect(self.cancel)
        self.curator.changed.connect(self.board.put_rows)
        self.curator.assembled.connect(self._assembled)
        self.tray.wanted.connect(self._assemble)
        self.pick.clicked.connect(self.primary)
        self.empty.asked.connect(lambda: self.studio.go("create"))
        self.nothing.asked.connect(lambda: self.search.set_text(""))
        self.studio.queue_changed.connect(self.shelf.look)
        chosen = self.gallery.selectionModel()
        chosen.currentChanged.connect(self._moved)
        chosen.selectionChanged.connect(lambda *_: self._count())

    # Answers of the shelf.

    def _searched(self) -> None:
        """Whoever searches wants to see what is found, whatever was shown."""
        self.search.problems.setChecked(False)
        self._show_listed()
        self._ask()

    def _ask(self) -> None:
        """Search; an answer that has been overtaken by another search is not shown."""
        self._turn += 1
        turn, order = self._turn, self.order
        try:
            query = parse_query(self.search.text())
        except UserError as error:
            self.search.line.setToolTip(str(error))
            self.search.count.setText(error.message)
            return
        self.search.line.setToolTip("")
        self.shelf.ask(
            self,
            lambda index: index.shapes(query, order),
            lambda shapes: self._listed(turn, shapes),
        )
        self.shelf.ask(self, _counts, self._counted)
        self.shelf.problems(self, self._problems)

    def _listed(self, turn: int, shapes: Shapes) -> None:
        if turn != self._turn:
            return
        near = self.gallery.currentIndex().row()
        if self.model.show(shapes):
            number = None if self._current is None else self.model.number(self._current)
            if number is None and near >= 0:
                number = min(near, len(shapes) - 1)
            if number is not None and number >= 0:
                self._select(number)
        wanted = None if self._wanted is None else self.model.number(self._wanted)
        if wanted is not None:
            self._wanted = None
            self._select(wanted)
        large = self.stack.currentWidget() in (self.view, self.board) and self.model.rowCount() > 0
        if not large and self.stack.currentWidget() is not self.problems:
            self._show_listed()
        self._count()

    def _counted(self, counts: dict[str, Values]) -> None:
        self.search.set_counts(counts)

    def _problems(self, problems: list[Problem]) -> None:
        self.search.set_problems(len(problems))
        self.problems.show_problems(problems)

    def _looked(self) -> None:
        first, self._known = not self._known, True
        if first:
            self._show_listed()
        self._count()

    def _show_listed(self) -> None:
        """The gallery, or what stands in its place where nothing is listed."""
        widget: QWidget = self.gallery
        if not self.model.rowCount():
            if self.search.text():
                widget = self.nothing
            elif self._known:
                widget = self.empty
        self.stack.setCurrentWidget(widget)

    def _show_problems(self, wanted: bool) -> None:
        if wanted:
            self.stack.setCurrentWidget(self.problems)
        else:
            self._show_listed()

    def _reorder(self, order: Order) -> None:
        self.order = order
        self._ask()

    def _select(self, number: int) -> None:
        index = self.model.index(number, 0)
        if index.isValid():
            select = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.gallery.selectionModel().setCurrentIndex(index, select)

    def _moved(self, now: QModelIndex, _: QModelIndex) -> None:
        self._current = self.model.key(now.row()) if now.isValid() else None

    def _count(self) -> None:
        chosen = len(self.gallery.chosen())
        self.search.set_count(self.model.rowCount(), chosen)
        self.pick.setEnabled(chosen > 0)

    def _failed(self, errors: list[UserError]) -> None:
        """Say the first; folders may have gone, so look again."""
        self.studio.tell_error(errors[0])
        if len(errors) > 1:
            more = trn("{n} more set failed", "{n} more sets failed", len(errors) - 1)
            self.studio.tell(more, "error")
        self.shelf.look()

    def current_row(self) -> SetRow | None:
        """The set that the keys are about."""
        return self.gallery.current_row()


def _counts(index: LibraryIndex) -> dict[str, Values]:
    return {what: index.counted(what) for what in COUNTED}
