"""How evaluate jobs are carried out: sets made by the place's worker, then judged and summed up.

Sets that stand from an earlier attempt are found again by what made them, so an evaluation that
was paused, killed or failed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.events import Cancelled, Event, Final, Finished, Progress
from ..errors import JobCancelled, ProtocolError, WorkerDied
from ..evaluate.asking import Ask, agree
from ..evaluate.kept import REPORT_FILE, reports_root
from ..evaluate.page import write_page
from ..evaluate.running import Watch, evaluate
from ..generate.running import Outcome, outcome_of
from ..paths import UserFolders
from ..sets.files import make_folders, replace_text, storage
from ..sets.record import new_set_id
from ..worker.failures import failed
from ..worker.protocol import GenerateJob
from .brief import Brief
from .job import Job, NewJob

if TYPE_CHECKING:
    from .running import Bench

PAGE_FILE = "report.html"


class EvaluateBrief(Brief):
    """Evaluate as ``ask`` says; ``report.json`` and ``report.html`` in ``folder`` come of it.

    ``command`` is what the page says it was asked with.
    """

    ask: Ask
    folder: Path
    command: str = ""

    @property
    def summary(self) -> str:
        count = self.ask.count
        sets = "an evaluation" if count is None else f"an evaluation over {count} sets"
        loras = ", ".join(Path(use.source).stem for use in self.ask.adapters or ())
        return sets + (f" with {loras}" if loras else "")

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return ("report", str(self.folder)), ("seed", str(self.ask.seed))


def evaluate_job(
    ask: Ask, folders: UserFolders, command: str = "", **fields: object
) -> tuple[NewJob, EvaluateBrief]:
    """A job for ``ask``, which was agreed on, and what it will do; ``fields`` of NewJob."""
    id = new_set_id()
    brief = EvaluateBrief(
        task=ask.task,
        model=ask.model,
        ask=ask,
        folder=reports_root(folders) / id,
        command=command,
    )
    out = ask.out or folders.data / "evaluations" / ask.task
    values = {"id": id, "kind": "evaluate", "request": brief, "out": out, **fields}
    return NewJob.model_validate(values), brief


class Evaluating:
    """The runner of the kind ``evaluate``; see :data:`~icl_studio.queue.kinds.KINDS`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def carry_out(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """One evaluation after the other. Raises what a place raises, of a metric's process too."""
        for job in jobs:
            try:
                brief = EvaluateBrief.model_validate_json(job.payload)
                if not (brief.folder / REPORT_FILE).is_file():
                    self._evaluate(job.id, brief)
                yield Finished(job=job.id, folder=str(brief.folder))
            except (WorkerDied, ProtocolError):
                raise
            except JobCancelled:
                yield Cancelled(job=job.id)
            except Exception as error:  # noqa: BLE001 - a job that breaks us fails, not the night
                yield failed(job.id, error)

    def _evaluate(self, id: str, brief: EvaluateBrief) -> None:
        bench = self._bench
        device, dtype = bench.options.device, bench.options.dtype
        own = {"device": device} if device else {}
        own |= {"dtype": dtype} if dtype else {}
        ask = replace(brief.ask, options=brief.ask.options.model_copy(update=own))
        agreed = agree(ask, bench.registry, bench.folders)
        watch = _Told(bench, id)
        report, judged = evaluate(
            ask, agreed, bench.registry, bench.folders, watch, lambda jobs: self._make(id, jobs)
        )
        with storage("writing the report of an evaluation", brief.folder):
            make_folders(brief.folder)
            write_page(brief.folder / PAGE_FILE, report, judged, brief.command)
            # Last: it says that all of it stands.
            replace_text(brief.folder / REPORT_FILE, report.model_dump_json(indent=2) + "\n")

    def _make(self, id: str, jobs: Sequence[GenerateJob]) -> Outcome:
        """All sets, or none of the rest: figures over fewer than were asked for are no result."""
        bench = self._bench
        ends: dict[str, Event] = {}

        def idle() -> None:
            bench.idle()
            if bench.halted(id):
                bench.place.cancel()

        for event in bench.place.carry_out(jobs, batch=bench.batch, idle=idle):
            if isinstance(event, Final):
                ends[event.job] = event
            if isinstance(event, Final | Progress):
                phase = event.phase if isinstance(event, Progress) else "save"
                bench.tell(Progress(job=id, phase=phase, step=len(ends), total=len(jobs)))
        outcome = outcome_of(jobs, ends, log=bench.place.log)
        if outcome.error is not None:
            raise outcome.error
        if outcome.cancelled:
            raise JobCancelled("the evaluation was stopped while its sets were made")
        return outcome


class _Told(Watch):
    """Tells the queue how far judging is, and ends it when the job is to stop."""

    def __init__(self, bench: Bench, id: str) -> None:
        self._bench = bench
        self._id = id

    def downloading(self, done: int, total: int) -> None:
        if self._bench.downloading is not None:
            self._bench.downloading(done, total)

    def judging(self, done: int, total: int) -> None:
        self._bench.tell(Progress(job=self._id, phase="judge", step=done, total=total))

    def idle(self) -> None:
        self._bench.idle()
        if self._bench.halted(self._id):
            raise JobCancelled("the evaluation was stopped while its sets were judged")
