"""A job under way in a worker, and which jobs go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .pace import Work
from .previews import Previews
from .protocol import GenerateJob


class Run:
    """One job under way: what it has so far, and whether its end has been told."""

    def __init__(self, job: GenerateJob) -> None:
        self.job = job
        self.previews = Previews(job.previews, job.id)
        self.seconds: dict[str, float] = {}
        self.conditioning: Any = None
        self.latents: Any = None
        self.batch = 1
        self.settled = False
        self.broke_engine = False

    @property
    def work(self) -> Work:
        """What lies ahead of this job: its denoising, unless that is done, and the rest."""
        request = self.job.request
        steps = request.sampling.steps if self.latents is None else 0
        return Work(steps, request.layout.canvas.tokens)


def groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that share engine, model, adapters, canvas and sampling, in order of first need."""
    found: dict[object, list[Run]] = {}
    for run in runs:
        job, request = run.job, run.job.request
        key = (
            job.engine,
            job.options,
            job.model,
            job.adapters,
            request.layout.canvas,
            request.sampling,
            request.exact,
        )
        found.setdefault(key, []).append(run)
    return list(found.values())


def chunks(runs: Sequence[Run], size: int) -> Iterator[list[Run]]:
    """``runs`` in order, ``size`` at a time."""
    for start in range(0, len(runs), size):
        yield list(runs[start : start + size])
