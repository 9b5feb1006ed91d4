"""What keys and buttons do with the sets that are selected, whichever view they are in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt

from ...domain.problems import UserError
from ...generate.stored import read_request
from ...sets.index import Index as LibraryIndex
from ...sets.index import SetRow
from ...sets.library import Entry
from ...sets.record import read_record
from ..pages import Page
from ..studio import Studio
from ..texts import tr, trn
from .curator import Curator
from .doings import Doings
from .exporting import ExportForm
from .model import Answer, SetModel
from .shelf import Shelf


class ActingPage(Page):
    """A page of sets that can act on them; what is selected is known where they are shown."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.shelf = Shelf(studio)
        self.curator = Curator(self.shelf)
        self.doings = Doings(studio)
        self.model = SetModel(self._fetch)

    def chosen(self) -> list[int]:
        """The numbers of the sets in the model that are selected."""
        raise NotImplementedError

    def compared(self) -> SetRow | None:
        """The one set that is judged while several are compared."""
        raise NotImplementedError

    def save(self) -> None:
        self.doings.close()
        self.shelf.close()

    def _fetch(self, keys: list[int], answer: Answer) -> None:
        self.shelf.ask(self, lambda index: index.rows(keys), answer)

    def rate(self, word: str) -> None:
        """Give ``word`` to what is selected."""
        self._with_chosen(lambda rows: self._rate(rows, word))

    def delete(self) -> None:
        """Move what is selected to the trash; Ctrl+Z brings it back."""
        self._with_chosen(self.curator.delete)

    def _rate(self, rows: list[SetRow], word: str) -> None:
        locked = sum(row.read_only for row in rows)
        if locked:
            self.studio.tell(
                trn(
                    "{n} set was saved by a newer ICL Studio and is read-only here.",
                    "{n} sets were saved by a newer ICL Studio and are read-only here.",
                    locked,
                ),
                "warning",
            )
        rows = [row for row in rows if not row.read_only]
        if rows:
            self.curator.rate(rows, word)

    def _with_chosen(self, act: Callable[[list[SetRow]], None]) -> None:
        """``act`` with the rows of what is selected, those included that were never in view.

        While sets are compared it is the one that is marked.
        """
        compared = self.compared()
        if compared is not None:
            act([compared])
            return
        numbers = self.chosen()
        rows = [self.model.row(number) for number in numbers]
        if all(row is not None for row in rows):
            if rows:
                act([row for row in rows if row is not None])
            return
        keys = [self.model.key(number) for number in numbers]

        def read(index: LibraryIndex) -> list[SetRow]:
            found = index.rows(keys)
            return [found[key] for key in keys if key in found]

        self.shelf.ask(self, read, act)

    def _with_entries(self, act: Callable[[list[Entry]], None]) -> None:
        def read(rows: list[SetRow]) -> None:
            self.studio.background.call(
                self,
                lambda: [Entry(row.folder, read_record(row.folder)) for row in rows],
                act,
                self.studio.tell_error,
            )

        self._with_chosen(read)

    def export(self) -> None:
        """Ask where to and how, then deliver what is selected."""
        self._with_chosen(self._export)

    def _export(self, rows: list[SetRow]) -> None:
        form = ExportForm(len(rows), self)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        folders = [row.folder for row in rows]
        form.wanted.connect(lambda to, delivery: self.doings.export(folders, to, delivery))
        form.open()

    def run_again(self) -> None:
        """Queue what is selected once more, with other seeds."""
        self._with_entries(self._run_again)

    def _run_again(self, entries: list[Entry]) -> None:
        drawn = [entry for entry in entries if entry.record.assembly is None]
        if len(drawn) < len(entries):
            self.studio.tell(tr("Assembled sets have no single request to run again."), "warning")
        if drawn:
            self.doings.run_again(drawn)

    def _tagged(self, tags: list[str]) -> None:
        def put(rows: list[SetRow]) -> None:
            try:
                self.curator.tag(rows, tags)
            except UserError as error:
                self.studio.tell_error(error)

        self._with_chosen(put)

    def undo(self) -> None:
        words = self.curator.undo()
        self.studio.tell(tr("Taken back: {what}", what=words) if words else tr("Nothing to undo"))

    def redo(self) -> None:
        words = self.curator.redo()
        self.studio.tell(tr("Done again: {what}", what=words) if words else tr("Nothing to redo"))

    def load_request(self, file: Path) -> None:
        """Hand the request in ``file`` to Create; say so where it carries none."""
        self.studio.background.call(
            self,
            lambda: read_request(file),
            lambda request: self.studio.go("create", request),
            self.studio.tell_error,
        )
