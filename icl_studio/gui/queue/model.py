"""The queue behind signals: what there is, how far it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from ...queue import control
from ...queue.history import Estimate, estimate
from ...queue.job import JobRow
from ...queue.states import State
from ...queue.store import Filter, Progress, Store
from ...shotlists.checking import Checked
from ..handing import EditJob
from ..studio import Studio
from ..texts import trn
from .lists import check_file, queue_list
from .table import PAGE, JobTable
from .telling import headline, mend_for

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


class QueueModel(QObject):
    """Looks when the queue has changed, and acts in the queue's own thread.

    ``taking`` before and ``looked`` after :attr:`counts`, :attr:`headline` and the table are new;
    ``acted(text)`` says what was done and can be undone; ``checked(file, result)`` comes when a
    dropped list has been read.
    """

    taking = Signal()
    looked = Signal()
    acted = Signal(str)
    checked = Signal(Path, object)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self.table = JobTable(self)
        self.filter = "open"
        self.text = ""
        self.counts: dict[State, int] = {}
        self.headline = ""
        self.paused = False
        self._undo: list[Callable[[Store], object]] = []
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

    def act(self, name: str, ids: Sequence[str]) -> None:
        """``pause``, ``resume``, ``cancel``, ``retry``, ``duplicate``, ``first`` or ``last``."""
        some = tuple(ids)
        if not some:
            return
        does: dict[str, Callable[[Store], object]] = {
            "pause": lambda store: control.pause(store, some),
            "resume": lambda store: control.resume(store, some),
            "cancel": lambda store: control.cancel(store, some),
            "retry": lambda store: control.retry(store, some),
            "duplicate": lambda store: control.duplicate(store, some),
            "first": lambda store: _move(store, some, "first"),
            "last": lambda store: _move(store, some, "last"),
        }
        n = len(some)
        said = {
            "pause": trn("{n} job paused.", "{n} jobs paused.", n),
            "resume": trn("{n} job resumed.", "{n} jobs resumed.", n),
            "cancel": trn("{n} job called off.", "{n} jobs called off.", n),
            "retry": trn("{n} job is tried again.", "{n} jobs are tried again.", n),
            "duplicate": trn("{n} job doubled.", "{n} jobs doubled.", n),
            "first": trn("{n} job moved.", "{n} jobs moved.", n),
            "last": trn("{n} job moved.", "{n} jobs moved.", n),
        }

        def done(answer: object) -> None:
            back = self._way_back(name, some, answer)
            if back is not None:
                self._undo.append(back)
            self.acted.emit(said[name])
            self.studio.look()

        self.studio.desk.ask(self, does[name], done)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    def undo(self) -> None:
        """Take the last change back, as far as the queue still allows it."""
        if self._undo:
            self.studio.desk.ask(self, self._undo.pop(), lambda _: self.studio.look())

    def move(self, ids: Sequence[str], before: str) -> None:
        """Put jobs before another one, or with an empty ``before`` last."""
        some = tuple(ids)

        def done(stood: tuple[control.Stood, ...]) -> None:
            self._undo.append(lambda store: control.put_back(store, stood))
            self.acted.emit(trn("{n} job moved.", "{n} jobs moved.", len(some)))
            self.studio.look()

        self.studio.desk.ask(self, lambda store: _move(store, some, before or "last"), done)

    def mend(self, row: JobRow) -> None:
        """Do what helps ``row``."""
        mend = mend_for(row)
        if mend is None:
            return
        if mend.act == "edit":
            self.edit(row.id)
        else:
            self.act(mend.act, [row.id])

    def edit(self, id: str) -> None:
        """Bring the job to Create; one that failed is written there as a new set."""

        def read(store: Store) -> EditJob:
            job = store.get(id)
            same = job.state in ("waiting", "paused")
            return EditJob(id if same else "", job.request)

        self.studio.desk.ask(self, read, lambda found: self.studio.go("create", found))

    def pause_all(self, paused: bool) -> None:
        """Claim nothing any more, or go on."""
        self.studio.desk.ask(
            self,
            lambda store: control.pause_queue(store, paused),
            lambda _: self.studio.look(),
        )

    def clear_done(self) -> None:
        """Take done and cancelled jobs off the list; their sets stay."""
        self.studio.desk.ask(self, control.clear, lambda _: self.studio.look())

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

    def accept(self, file: Path, found: Checked) -> None:
        """Queue the good rows of a checked list."""
        studio = self.studio
        studio.desk.ask(
            self,
            lambda store: queue_list(
                store, found, file.stem, studio.sets_root, studio.settings.set_name
            ),
            lambda ids: self._accepted(len(ids), ids),
        )

    def _accepted(self, n: int, ids: Sequence[str]) -> None:
        some = tuple(ids)
        self._undo.append(lambda store: control.cancel(store, some))
        self.acted.emit(trn("{n} set queued.", "{n} sets queued.", n))
        self.studio.look()

    def _which(self) -> Filter:
        return Filter(states=FILTERS[self.filter], text=self.text)

    def _way_back(
        self, name: str, ids: tuple[str, ...], answer: object
    ) -> Callable[[Store], object] | None:
        match name:
            case "pause":
                return lambda store: control.resume(store, ids)
            case "resume":
                return lambda store: control.pause(store, ids)
            case "cancel":
                return lambda store: control.retry(store, ids)
            case "first" | "last" if isinstance(answer, tuple):
                return lambda store: control.put_back(store, answer)
            case "duplicate" if isinstance(answer, tuple):
                return lambda store: control.cancel(store, answer)
        return None

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


def _move(store: Store, ids: Sequence[str], where: str) -> tuple[control.Stood, ...]:
    """Move jobs; where they stood before."""
    stood = control.stood(store, ids)
    control.move(store, ids, where)
    return stood
