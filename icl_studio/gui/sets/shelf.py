"""The index of the library behind a thread of its own: the window never waits for a disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from ...domain.problems import Problem
from ...sets.index import Index, Refreshed, open_index
from ...sets.trash import Trash
from ..background import Background, Failed
from ..studio import Studio

T = TypeVar("T")


class Shelf(QObject):
    """Questions and changes go through one thread, in order; looking for changes is another's.

    ``changed`` comes after the index has changed, ``reading(done, total)`` while records are
    read, ``looked`` after each look, whatever it found.
    """

    changed = Signal()
    looked = Signal()
    reading = Signal(int, int)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.root = studio.sets_root
        self.trash = Trash(self.root, studio.folders.deleted_sets)
        self.work = Background(1, "icl-shelf")
        self.work.failed_unheard.connect(studio.tell_error)
        self._index: Index | None = None
        self._looking = False
        self._again = False
        self._closed = False

    def ask(
        self,
        owner: QObject,
        question: Callable[[Index], T],
        done: Callable[[T], None] = lambda _: None,
        failed: Failed | None = None,
    ) -> None:
        """``question`` of the index; the answer to ``done`` in the window's thread."""
        self.work.call(owner, lambda: question(self._opened()), done, failed)

    def problems(self, owner: QObject, done: Callable[[list[Problem]], None]) -> None:
        """Every set that cannot be read, with the reason."""
        self.ask(owner, Index.problems, done)

    def look(self) -> None:
        """Look whether folders have changed; asked for while looking, it looks once more."""
        if self._looking or self._closed:
            self._again = True
            return
        self._looking, self._again = True, False
        self.studio.background.call(self, self._refresh, self._refreshed, self._not_refreshed)

    def close(self) -> None:
        """End the thread; blocks until a change under way is on the disk."""
        self._closed = True
        self.work.close(last=self._close_index)

    def _opened(self) -> Index:
        if self._index is None:
            self._index = open_index(self.studio.folders, self.root)
        return self._index

    def _close_index(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    def _refresh(self) -> Refreshed:
        """In a thread, with a connection of its own: questions are answered meanwhile."""
        with open_index(self.studio.folders, self.root) as index:
            return index.refresh(self.reading.emit, lambda: self._closed)

    def _refreshed(self, found: Refreshed) -> None:
        self._looking = False
        if found.changed:
            self.changed.emit()
        self.looked.emit()
        if self._again:
            self.look()

    def _not_refreshed(self, error: Exception) -> None:
        self._looking = False
        self.studio.tell_error(error)
        self.looked.emit()
