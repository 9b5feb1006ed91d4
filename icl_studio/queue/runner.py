"""One worker's share of a run: claim, carry out, settle, until nothing is left to come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..domain.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    Learnt,
    Notice,
    Progress,
    Sampled,
    Started,
)
from ..errors import InternalError, PlaceLost, ProtocolError, QueueBusy, WorkerDied
from ..worker.supervisor import WorkerHung
from .claims import Claim, Claims, Death
from .database import Database
from .job import Job, JobError
from .kinds import runner_class
from .retries import DEATHS_UNTIL_REST, quarantine_error
from .turns import Worker

if TYPE_CHECKING:
    from .running import Bench, Shared

T = TypeVar("T")
IDLE_SECONDS: Final = 0.25
ALONE: Final = ("denoise", "decode", "save", "train", "sample", "judge", "export", "build")
"""Phases in which a worker is at one job and no other."""
LOOK_SECONDS: Final = 1.0
"""How often wishes are looked for and progress is stored."""
DRAWN: Final = "drawn"
"""The phase of a job that is denoised and waits for the others of its claim."""
BUSY_PATIENCE: Final = 600.0
"""For how long a database that another program holds does not end a run."""


class Runner:
    """Works in a thread of its own, with a database connection of its own."""

    def __init__(self, shared: Shared, bench: Bench, worker: Worker) -> None:
        self._shared = shared
        self._bench = bench
        self._worker = worker
        self._bench.idle = self._look
        self._bench.tell = self._tell
        self._bench.halted = self._halted
        self._claim: Claim | None = None
        self._open: dict[str, Job] = {}
        self._phases: dict[str, str] = {}
        self._told: dict[str, float] = {}
        self._pictures: dict[str, str] = {}
        self._wished: frozenset[str] = frozenset()
        self._looked = 0.0
        self._said_waiting = False

    def work(self) -> None:
        """Until the queue is empty or the run is stopped; the worker is closed at the end.

        Raises :class:`~icl_studio.errors.StorageProblem` when the database cannot be written,
        and :class:`InternalError` when workers die one after the other.
        """
        file = self._shared.file
        # Progress is worth no wait for the disk; claims and ends are.
        with Database(file) as database, Database(file, durable=False) as light:
            self._claims, self._light = Claims(database), Claims(light)
            try:
                while not self._shared.stopping.is_set():
                    claim = self._patiently(self._next) if self._ready() else None
                    if claim is not None:
                        self._carry_out(claim)
                    elif not self._more_to_come():
                        break
                    else:
                        self._shared.stopping.wait(IDLE_SECONDS)
            finally:
                self._bench.place.close()

    def _next(self) -> Claim | None:
        return self._claims.claim(
            self._worker,
            size=self._shared.claim_size,
            closed=self._shared.closed,
            affinity=self._shared.affinity,
            kinds=self._bench.kinds,
        )

    def _ready(self) -> bool:
        """Whether the place can begin; who waits long is told what for, once."""
        place = self._bench.place
        if place.ready:
            return True
        told = place.waits_for
        if told and not self._said_waiting:
            self._said_waiting = True
            self._shared.on_event(Notice(job="", message=told))
        return False

    def _more_to_come(self) -> bool:
        if self._shared.stay:
            return True
        running, ready, _ = self._patiently(lambda: self._claims.still_to_come(self._shared.closed))
        return running + ready > 0

    def _carry_out(self, claim: Claim) -> None:
        """All jobs of a claim, to an end or back to the queue."""
        self._claim, self._worker = claim, claim.worker
        self._open = {job.id: job for job in claim.jobs}
        self._phases.clear()
        self._told.clear()
        self._wished = frozenset()
        self._pictures.clear()
        try:
            for event in runner_class(claim.jobs[0].kind)(self._bench).carry_out(claim.jobs):
                self._tell(event)
        except (WorkerDied, ProtocolError) as error:
            self._bury(error)
        for id in list(self._open):  # the run was stopped before their turn
            self._end(id, "waiting")

    def _tell(self, event: Event) -> None:
        self._take(event)
        self._shared.on_event(event)

    def _halted(self, id: str) -> bool:
        """Whether the job is to stop: it was paused or cancelled, or the run is stopped."""
        return id in self._wished or self._shared.stopping.is_set()

    def _take(self, event: Event) -> None:
        if event.job not in self._open:
            return
        match event:
            case Progress():
                self._progress(event)
            case Started() if self._open[event.job].kind != "generate":
                self._phases.setdefault(event.job, "load")
                if not self._begun(event.job):
                    self._begin(event.job)
            case Learnt():
                self._progress(self._as_progress(event))
            case Sampled():
                self._pictures[event.job] = event.picture
            case Finished():
                seconds = sum(s for phase, s in event.seconds.items() if phase != "load")
                self._end(event.job, "done", folder=event.folder, seconds=seconds or None)
            case Failed(error="StorageProblem"):
                self._close_folder(event)
            case Failed():
                self._end(event.job, "failed", error=_error(event))
            case Cancelled():
                wish = self._patiently(lambda: self._claims.wishes(self._held)).get(event.job)
                state = {"cancel": "cancelled", "pause": "paused"}.get(wish or "", "waiting")
                self._end(event.job, state)

    def _progress(self, event: Progress) -> None:
        """Note what is under way, and store it now and then for whoever looks."""
        first = not self._phases
        drawn = event.phase == "denoise" and event.step >= event.total
        self._phases[event.job] = DRAWN if drawn else event.phase
        alone = event.phase in ALONE
        # While all are loaded or encoded together, the first stands for all.
        if (first or alone) and not self._begun(event.job):
            self._begin(event.job)
        moment = time.monotonic()
        if moment - self._told.get(event.job, float("-inf")) >= LOOK_SECONDS:
            self._told[event.job] = moment
            try:
                self._light.tell(event)
            except QueueBusy:
                return  # nobody's work depends on it

    def _as_progress(self, event: Learnt) -> Progress:
        """A training step as what is stored, with the sample that was drawn last."""
        return Progress(
            job=event.job,
            phase="train",
            step=event.step,
            total=event.total,
            eta=event.eta,
            preview=self._pictures.get(event.job),
        )

    def _begun(self, id: str) -> bool:
        return id in self._shared.begun

    def _begin(self, id: str) -> None:
        self._shared.begun.add(id)
        log = self._bench.place.log
        self._patiently(lambda: self._claims.begin(self._held, id, log))

    def _end(self, id: str, state: Any, **facts: Any) -> None:
        """Settle a job; the run's report has it if its lease had not been over."""
        self._open.pop(id, None)
        self._phases.pop(id, None)
        self._shared.begun.discard(id)
        if self._patiently(lambda: self._claims.settle(self._held, id, state, **facts)):
            self._shared.ended(id, state, facts.get("error"))

    def _close_folder(self, event: Failed) -> None:
        """A results folder cannot be written: no job is to blame, and none is lost over it.

        Its jobs go back to the queue and are not claimed again in this run: nothing is
        computed that could not be saved.
        """
        out = self._open[event.job].out
        self._shared.close_folder(out, _error(event))
        self._end(event.job, "waiting")
        for id, job in self._open.items():
            if job.out == out:
                self._bench.place.cancel(id)

    def _bury(self, error: InternalError) -> None:
        """The worker is gone. Those that were under way are blamed, the others just wait."""
        if isinstance(error, PlaceLost):  # no job of it is at fault
            for id in list(self._open):
                evidence = str(error) if id in self._phases else ""
                self._end(id, "waiting", evidence=evidence)
            self._rest_after(error)
            return
        how: Death = "hung" if isinstance(error, WorkerHung) else "died"
        alone = [id for id in self._open if self._phases.get(id) in ALONE]
        # Between two sheets it is the one drawn last; the others had only to be developed.
        alone = alone or [id for id in self._open if self._phases.get(id) == DRAWN][-1:]
        # Loading and encoding concern all; a worker that did not even start is nobody's fault.
        blamed = alone or [id for id in self._open if id in self._phases]
        stopped = self._shared.killed.is_set()
        for id in list(self._open):
            if id in blamed and not stopped:
                self._blame(id, how, str(error))
            else:
                self._end(id, "waiting")
        if not stopped:
            self._rest_after(error)

    def _rest_after(self, error: InternalError) -> None:
        """End the run when nothing but deaths comes any more."""
        if self._bench.place.deaths >= DEATHS_UNTIL_REST:
            raise InternalError(
                f"{DEATHS_UNTIL_REST} workers in a row died before they had finished a set. "
                f"The jobs wait in the queue. The last one: {error}"
            )

    def _blame(self, id: str, how: Death, evidence: str) -> None:
        """A death counts against the job ``id``; the third one quarantines it."""
        if not self._begun(id):
            self._begin(id)
        state = self._patiently(lambda: self._claims.died(self._held, id, how, evidence))
        self._open.pop(id)
        self._shared.begun.discard(id)
        if state is not None and state != "waiting":
            told = JobError(type="Quarantined", message=evidence)
            self._shared.ended(id, state, told)
        if state == "quarantined":  # its worker cannot say so any more
            said = quarantine_error(id, how, evidence)
            self._shared.on_event(
                Failed(job=id, error=said.type, message=said.message, fix=said.fix, mendable=False)
            )

    def _look(self) -> None:
        """Called many times a second while a worker works: hear of wishes once a second."""
        moment = time.monotonic()
        if self._claim is None or moment - self._looked < LOOK_SECONDS:
            return
        self._looked = moment
        try:
            wishes = self._claims.wishes(self._claim)
        except QueueBusy:
            return
        self._wished = frozenset(wishes)
        for id in wishes:
            if id in self._open:
                self._bench.place.cancel(id)

    @property
    def _held(self) -> Claim:
        assert self._claim is not None
        return self._claim

    def _patiently(self, action: Callable[[], T]) -> T:
        """Run ``action``, again while another program holds the database."""
        end = time.monotonic() + BUSY_PATIENCE
        while True:
            try:
                return action()
            except QueueBusy:
                if time.monotonic() > end:
                    raise
                threading.Event().wait(0.2)


def _error(event: Failed) -> JobError:
    problems = tuple(problem.model_dump() for problem in event.problems)
    return JobError(type=event.error, message=event.message, problems=problems, fix=event.fix)
