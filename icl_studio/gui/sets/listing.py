"""What is listed: the search is asked of the shelf, its answer shown in the gallery."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from ...domain.problems import Problem, UserError
from ...sets.index import Index as LibraryIndex
from ...sets.index import Order, SetRow
from ...sets.search import parse_query
from ..studio import Studio
from ..texts import tr, trn
from ..widgets.empty import Empty
from .acting import ActingPage
from .gallery import Gallery
from .problems import Problems
from .search_bar import COUNTED, SearchBar, Values
from .thumbs import Thumbs

Shapes = list[tuple[int, float]]


class ListingPage(ActingPage):
    """A page of sets with a search and a gallery; other views may stand in the gallery's place."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.thumbs = Thumbs(studio)
        self.search = SearchBar()
        self.gallery = Gallery(self.model, self.thumbs)
        self.problems = Problems()
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
        for widget in (self.gallery, self.empty, self.nothing, self.problems):
            self.stack.addWidget(widget)
        self.pick = QPushButton(tr("Pick  P"))
        self.order: Order = "newest"
        self._turn = 0
        self._known = False
        self._unreadable = 0
        self._current: int | None = None
        self._wanted: int | None = None
        self._listen()

    def chosen(self) -> list[int]:
        return self.gallery.chosen()

    def current_row(self) -> SetRow | None:
        """The set that the keys are about."""
        return self.gallery.current_row()

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

    def _listen(self) -> None:
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
        self.nothing.asked.connect(lambda: self.search.set_text(""))
        self.studio.queue_changed.connect(self.shelf.look)
        chosen = self.gallery.selectionModel()
        chosen.currentChanged.connect(self._moved)
        chosen.selectionChanged.connect(lambda *_: self._count())

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
        lists = (self.gallery, self.empty, self.nothing, self.problems)
        large = self.stack.currentWidget() not in lists and self.model.rowCount() > 0
        if not large and not self.search.problems.isChecked():
            self._show_listed()
        self._count()

    def _counted(self, counts: dict[str, Values]) -> None:
        self.search.set_counts(counts)

    def _problems(self, problems: list[Problem]) -> None:
        self.search.set_problems(len(problems))
        self.problems.show_problems(problems)
        self._unreadable = len(problems)
        if self.stack.currentWidget() in (self.empty, self.problems):
            self._show_problems(self.search.problems.isChecked())

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
            elif self._known:  # sets that cannot be read are not no sets
                widget = self.problems if self._unreadable else self.empty
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


def _counts(index: LibraryIndex) -> dict[str, Values]:
    return {what: index.counted(what) for what in COUNTED}
