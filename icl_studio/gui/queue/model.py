"""The queue behind signals: what there is of it, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from ...queue.history import Estimate, estimate
from ...queue.job import JobRow
from ...queue.states import State
from ...queue.store import Filter, Progress, Store
from ..studio import Studio
from .acting import QueueActions
from .lists import check_file
from .table import PAGE, JobTable
from .telling import headline

PROGRESS_MILLIS: Final = 1000
FILTERS: Final[dict[str, tuple[State, ...]]] = {
    "open": ("running", "waiting", "paused", "failed", "quarantined"),
    "failed": ("failed", "quarantined"),
    "done": ("done",),
    "all": (),
}


@dataclass(frozen=True)
class Seen:
    """What one look at the queue found."""

    count: int
    pages: dict[int, list[JobRow]]
    counts: dict[State, int]
    progress: dict[str, Progress]
    expected: Estimate
    paused: bool


class QueueModel(QueueActions):
    """Looks when the queue has changed; what can be done with it is in :mod:`.acting`.

    ``taking`` before and ``looked`` after :attr:`counts`, :attr:`headline` and the table are new;
    ``checked(file, result)`` comes when a dropped list has been read.
    """

    taking = Signal()
    looked = Signal()
    checked = Signal(Path, object)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(studio, parent)
        self.table = JobTable(self)
        self.filter = "open"
        self.text = ""
        self.counts: dict[State, int] = {}
        self.headline = ""
        self.paused = False
        self._looking = False
        self._again = False
        self._progressing = QTimer(self, interval=PROGRESS_MILLIS)
        self._progressing.timeout.connect(self._ask_progress)
        self.table.wanted.connect(self._ask_pages)
        self.table.moved.connect(self.move)
        studio.queue_changed.connect(self.look)
        self.look()

    def show(self, name: str, text: str = "") -> None:
        """Show the jobs of a filter whose words fit ``text``."""
        if (name, text) != (self.filter, self.text):
            self.filter, self.text = name, text
            self.table.take(0, {})
            self.look()

    def look(self) -> None:
        """Read what is shown; a look that is asked for during another follows it."""
        if self._looking:
            self._again = True
            return
        self._looking = True
        which, wanted = self._which(), self.table.pages() or [0]

        def read(store: Store) -> Seen:
            pages = {n: store.page(which, offset=n * PAGE, limit=PAGE) for n in wanted}
            return Seen(
                store.count(which),
                {n: rows for n, rows in pages.items() if rows},
                store.summary(),
                store.progress(),
                estimate(store),
                store.paused,
            )

        self.studio.desk.ask(self, read, self._saw, self._did_not_see)

    def run_or_stop(self) -> None:
        """Start working on the queue, or stop between two steps."""
        if self.studio.bridge.phase in ("off", "stopping"):
            self.studio.run_queue()
        else:
            self.studio.bridge.stop()

    def check(self, file: Path) -> None:
        """Read a dropped list; ``checked`` follows, or its error above the page."""
        studio = self.studio
        studio.background.call(
            self,
            lambda: check_file(file, studio.registry, studio.folders, studio.settings),
            lambda found: self.checked.emit(file, found),
        )

    def _which(self) -> Filter:
        return Filter(states=FILTERS[self.filter], text=self.text)

    def _saw(self, seen: Seen) -> None:
        self._looking = False
        self.counts, self.paused = seen.counts, seen.paused
        etas = [progress.eta or 0.0 for progress in seen.progress.values()]
        self.headline = headline(seen.counts, seen.expected, max(etas, default=0.0), datetime.now())
        self.taking.emit()
        self.table.take(seen.count, seen.pages)
        self.table.take_progress(seen.progress)
        if seen.counts.get("running"):
            self._progressing.start()
        else:
            self._progressing.stop()
        self.looked.emit()
        if self._again:
            self._again = False
            self.look()

    def _did_not_see(self, error: Exception) -> None:
        """The studio says what is wrong with the queue; here it is only not shown."""
        self._looking = False
        self.looked.emit()

    def _ask_pages(self, pages: list[int]) -> None:
        which = self._which()
        for n in pages:
            self.studio.desk.ask(
                self,
                lambda store, n=n: store.page(which, offset=n * PAGE, limit=PAGE),  # type: ignore[misc]
                lambda rows, n=n: self._took_page(n, which, rows),  # type: ignore[misc]
                lambda _: None,
            )

    def _took_page(self, n: int, which: Filter, rows: list[JobRow]) -> None:
        if which == self._which():
            self.table.take_page(n, rows)

    def _ask_progress(self) -> None:
        self.studio.desk.ask(self, Store.progress, self.table.take_progress, lambda _: None)
