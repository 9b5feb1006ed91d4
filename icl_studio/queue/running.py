"""A run: every worker claims and carries out until the queue is empty, then a report."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..domain.events import Event
from ..engines.protocol import EngineOptions
from ..models.locate import DownloadProgress
from ..paths import UserFolders
from ..plugins import Registry
from ..worker.executor import Place, Placed
from .claims import CLAIM_SIZE
from .database import Database, queue_file
from .job import JobError
from .recovery import find_finished, tidy
from .runner import Runner
from .states import State
from .store import Store
from .studios import Studio
from .turns import Worker

WAIT_SECONDS = 0.1


@dataclass
class Bench:
    """What the runner of a kind works with. ``kinds`` are those its place does, None all.

    ``idle`` is to be called while a worker says nothing, ``tell`` takes an event that the
    runner does not yield, ``halted`` says whether a job is to stop. Its worker's
    :class:`~.runner.Runner` sets all three.
    """

    folders: UserFolders
    registry: Registry
    place: Place
    options: EngineOptions
    batch: int = 1
    previews: Path | None = None
    downloading: DownloadProgress | None = None
    kinds: tuple[str, ...] | None = None
    idle: Callable[[], None] = lambda: None
    tell: Callable[[Event], None] = lambda _: None
    halted: Callable[[str], bool] = lambda _: False


@dataclass
class Report:
    """What became of a run: jobs by their ends, folders that could not be written, a failure.

    ``found`` are sets that stood already when it began, ``left`` how many jobs still wait,
    ``failure`` is why it ended early.
    """

    done: list[str] = field(default_factory=list)
    failed: dict[str, JobError] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    found: dict[str, Path] = field(default_factory=dict)
    closed: dict[Path, JobError] = field(default_factory=dict)
    failure: Exception | None = None
    left: Counter[State] = field(default_factory=Counter)
    stopped: bool = False


class Shared:
    """What the workers of a run have in common; every method may be called by any of them."""

    def __init__(
        self,
        file: Path,
        *,
        claim_size: int,
        affinity: bool,
        stay: bool,
        on_event: Callable[[Event], None],
    ) -> None:
        self.file = file
        self.claim_size = claim_size
        self.affinity = affinity
        self.stay = stay
        self.stopping = threading.Event()
        self.killed = threading.Event()
        self.begun: set[str] = set()
        self.report = Report()
        self._on_event = on_event
        self._lock = threading.Lock()

    @property
    def closed(self) -> Collection[Path]:
        """Results folders that could not be written in this run."""
        with self._lock:
            return tuple(self.report.closed)

    def close_folder(self, folder: Path, error: JobError) -> None:
        with self._lock:
            self.report.closed.setdefault(folder, error)

    def on_event(self, event: Event) -> None:
        with self._lock:
            self._on_event(event)

    def ended(self, id: str, state: State, error: JobError | None) -> None:
        with self._lock:
            if state == "done":
                self.report.done.append(id)
            elif state in ("failed", "quarantined") and error is not None:
                self.report.failed[id] = error
            elif state == "cancelled":
                self.report.cancelled.append(id)

    def fail(self, error: Exception) -> None:
        with self._lock:
            self.report.failure = self.report.failure or error
        self.stopping.set()


class Run:
    """One program's run of the queue. :meth:`go` once; :meth:`stop` and :meth:`kill` any time."""

    def __init__(
        self,
        folders: UserFolders,
        registry: Registry,
        places: Sequence[Placed],
        *,
        batch: int = 1,
        claim_size: int = CLAIM_SIZE,
        affinity: bool = True,
        stay: bool = False,
        previews: Path | None = None,
        on_event: Callable[[Event], None] = lambda _: None,
        downloading: DownloadProgress | None = None,
    ) -> None:
        self._folders = folders
        self._shared = Shared(
            queue_file(folders),
            claim_size=claim_size,
            affinity=affinity,
            stay=stay,
            on_event=on_event,
        )
        self._benches = [
            Bench(folders, registry, place, options, batch, previews, downloading, kinds)
            for place, options, kinds in places
        ]

    def go(self, idle: Callable[[], None] = lambda: None) -> Report:
        """Work until nothing is left to come; ``idle`` is called ten times a second.

        First finds the sets that stand already. Jobs that are held until a time are waited
        for, paused ones are not, nor those that need a job which will not be done. Raises
        :class:`~icl_studio.errors.StorageProblem` when the queue cannot be opened.
        """
        shared = self._shared
        with Database(shared.file) as database:
            store = Store(database)
            with Studio(shared.file, on_lost=self._lost) as studio:
                shared.report.found = find_finished(store)
                threads = [
                    threading.Thread(target=self._work, args=(bench, studio.id, n), daemon=True)
                    for n, bench in enumerate(self._benches)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    while thread.is_alive():
                        thread.join(WAIT_SECONDS)
                        idle()
            tidy(store)
            shared.report.left = Counter(store.summary())
            shared.report.stopped = shared.stopping.is_set() and shared.report.failure is None
        return shared.report

    def stop(self) -> None:
        """Stop between two steps; what is under way goes back to the queue without blame."""
        self._shared.stopping.set()
        for bench in self._benches:
            bench.place.stop()

    def kill(self) -> None:
        """Stop at once."""
        self._shared.killed.set()
        self._shared.stopping.set()
        for bench in self._benches:
            bench.place.kill()

    def _work(self, bench: Bench, studio: str, number: int) -> None:
        try:
            Runner(self._shared, bench, Worker(studio, number)).work()
        except Exception as error:  # noqa: BLE001 - raised again by whoever reads the report
            self._shared.fail(error)
            self.stop()

    def _lost(self, jobs: list[tuple[str, State]]) -> None:
        """Another studio died: a job of it that is quarantined for it belongs in the report."""
        for id, state in jobs:
            if state == "quarantined":
                told = JobError(type="Quarantined", message="ICL Studio died under it three times.")
                self._shared.ended(id, state, told)
