"""How generate jobs are carried out: planned, then made by a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..domain.events import Event, Failed
from ..generate.planning import Place, plan
from ..worker.failures import failed
from ..worker.protocol import GenerateJob
from .job import Job

if TYPE_CHECKING:
    from .running import Bench


class Generating:
    """The runner of the kind ``generate``; see :data:`~icl_studio.queue.kinds.RUNNERS`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def carry_out(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Make the sets of ``jobs``; what cannot even be planned fails here, by itself.

        A request is complete in itself: the task's plugin may have gone since. Model, LoRAs
        and engine must be here; which of them is not, its failure says.
        """
        planned: list[GenerateJob] = []
        places = dict.fromkeys((job.out, job.set_name) for job in jobs)
        for out, set_name in places:
            some = [job for job in jobs if (job.out, job.set_name) == (out, set_name)]
            place = Place(out, set_name, self._bench.options, self._bench.previews)
            for found in self._plan(some, place):
                if isinstance(found, Failed):
                    yield found
                else:
                    planned.append(found)
        bench = self._bench
        yield from bench.place.carry_out(planned, batch=bench.batch, idle=bench.idle)

    def _plan(self, jobs: Sequence[Job], place: Place) -> Iterator[GenerateJob | Failed]:
        """``jobs`` together, which is quick; if one is at fault, each by itself."""
        bench = self._bench
        try:
            yield from plan(
                [job.request for job in jobs],
                bench.registry,
                bench.folders,
                place,
                bench.downloading,
                ids=[job.id for job in jobs],
            )
        except Exception as error:  # noqa: BLE001 - a job that breaks us fails, not the night
            if len(jobs) == 1:
                yield failed(jobs[0].id, error)
                return
            for job in jobs:
                yield from self._plan([job], place)
