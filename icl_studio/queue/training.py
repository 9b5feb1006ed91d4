"""How train jobs are carried out: the run that stands in its folder goes on, in a worker.

The run's folder holds everything (its job, its prepared data, its checkpoints), so the queue
keeps only where it is. Whatever stopped a run before, a pause, a crash or a power cut, it goes
on from its last good checkpoint; an adapter that stands already is not tuned again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..domain.events import Event, Finished
from ..generate.training import resumed_job
from ..training.job import TrainJob
from ..training.record import read_job, read_run
from ..worker.failures import failed
from ..worker.protocol import Train
from . import sql
from .brief import Brief
from .job import Job, JobRow, NewJob
from .store import Store

if TYPE_CHECKING:
    from .running import Bench

ORPHAN_SECONDS: Final = 60.0
"""For how long a run is waited for that another process still holds: the worker of a studio
that was killed keeps a checkpoint before it ends."""


class TrainBrief(Brief):
    """Tune the adapter of the run in ``folder``; ``file`` is the adapter that comes of it."""

    folder: Path
    file: Path
    steps: int
    sheets: int

    @property
    def summary(self) -> str:
        return f"{self.steps} steps on {self.sheets} sheets"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return ("run", str(self.folder)), ("adapter", str(self.file))

    @property
    def result(self) -> Path:
        return self.file


def train_job(folder: Path, **fields: object) -> NewJob:
    """A job for the run in ``folder``, which is planned or was stopped; ``fields`` of NewJob.

    Raises what :func:`~icl_studio.generate.training.resumed_job` raises.
    """
    job = resumed_job(folder, None)
    brief = TrainBrief(
        task=job.task,
        model=job.model.spec.id,
        folder=job.folder,
        file=job.result,
        steps=job.recipe.steps,
        sheets=read_run(job.folder).examples,
    )
    return NewJob.model_validate(
        {"kind": "train", "request": brief, "out": job.folder, "group": "", **fields}
    )


def job_of_run(store: Store, folder: Path) -> JobRow | None:
    """The newest job for the run in ``folder`` that is not done yet; None without one."""
    rows = store.database.rows(sql.JOBS_IN, {"kind": "train", "out": str(folder)})
    jobs = [store.get(row["id"]) for row in rows[:1]]
    return jobs[0] if jobs and jobs[0].state != "done" else None


class Training:
    """The runner of the kind ``train``; see :data:`~icl_studio.queue.kinds.KINDS`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def carry_out(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Tune one adapter after the other; a run that cannot go on fails by itself."""
        for job in jobs:
            try:
                brief = TrainBrief.model_validate_json(job.payload)
                if brief.file.is_file():
                    yield Finished(job=job.id, folder=str(brief.folder))
                    continue
                order = self._order(job.id, brief.folder)
            except Exception as error:  # noqa: BLE001 - a job that breaks us fails, not the night
                yield failed(job.id, error)
                continue
            yield from self._bench.place.perform(Train(job=order), idle=self._bench.idle)

    def _order(self, id: str, folder: Path) -> TrainJob:
        """The run's job under the queue's id, on the device of this place if it has its own."""
        end = time.monotonic() + ORPHAN_SECONDS
        while read_run(folder).state == "running" and time.monotonic() < end:
            self._bench.idle()
            time.sleep(0.1)
        job = read_job(folder)
        own = self._bench.options.device
        options = job.options.model_copy(update={"device": own}) if own else job.options
        return job.model_copy(update={"id": id, "options": options})
