"""How export and build jobs are carried out: in a process of their own, as the commands do it.

Neither is resumed: one that was stopped leaves nothing and begins anew. Done twice, the same
engine is replaced by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..domain.events import Cancelled, Event, Finished, Phase, Progress
from ..domain.model import AdapterUse
from ..engines.building import BuildJob, BuildWishes, run_build
from ..engines.exporting import ExportJob, run_export
from ..engines.protocol import EngineSpec, LocatedModel
from ..engines.store import StoredEngine
from ..errors import JobCancelled, WorkerDied
from ..generate.planning import choose_engine
from ..models.adapters import resolve_adapter
from ..models.find import find_model
from ..models.locate import locate
from ..worker.failures import failed
from .brief import Brief
from .job import Job

if TYPE_CHECKING:
    from .running import Bench

Say = Callable[[str], None]
Idle = Callable[[], None]


class ExportBrief(Brief):
    """Export ``model`` for ``engine``; LoRAs of ``fuse`` are baked in."""

    engine: str = "onnx"
    max_rank: int = 128
    dtype: str = "float32"
    fuse: tuple[AdapterUse, ...] = ()

    @property
    def summary(self) -> str:
        return f"{self.model} for {self.engine} in {self.dtype}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        loras = tuple(("baked in", f"{use.source} at {use.weight:g}") for use in self.fuse)
        return ("LoRA rank", f"to {self.max_rank}"), *loras


class BuildBrief(Brief):
    """Build the export of ``model`` for the cards in ``wishes``."""

    engine: str = "tensorrt"
    wishes: BuildWishes

    @property
    def summary(self) -> str:
        return f"{self.model} for {self.engine} on {', '.join(self.wishes.targets)}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        sizes = ", ".join(str(size) for size in self.wishes.canvases)
        return ("canvases", sizes), ("at once", str(self.wishes.batch))


class _Compiling:
    """What both have in common."""

    phase: Phase

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def carry_out(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """One after the other. Raises :class:`WorkerDied` when the process ended by itself."""
        for job in jobs:
            try:
                made = self._made(job, self._say(job.id), self._idle(job.id))
                yield Finished(job=job.id, folder=str(made.folder))
            except WorkerDied:
                raise
            except JobCancelled:
                yield Cancelled(job=job.id)
            except Exception as error:  # noqa: BLE001 - a job that breaks us fails, not the night
                yield failed(job.id, error)

    def _made(self, job: Job, say: Say, idle: Idle) -> StoredEngine:
        raise NotImplementedError

    def _say(self, id: str) -> Say:
        """Phases have no known number: each is a step more."""
        done = 0

        def say(_: str) -> None:
            nonlocal done
            self._bench.tell(Progress(job=id, phase=self.phase, step=done, total=0))
            done += 1

        return say

    def _idle(self, id: str) -> Idle:
        def idle() -> None:
            self._bench.idle()
            if self._bench.halted(id):
                raise JobCancelled("it was stopped; nothing of it is left")

        return idle

    def _found(self, brief: ExportBrief | BuildBrief) -> tuple[EngineSpec, LocatedModel]:
        bench = self._bench
        spec = choose_engine(brief.engine, bench.registry)
        model = find_model(brief.model, bench.registry)
        return spec, locate(model, bench.folders, bench.downloading)


class Exporting(_Compiling):
    """The runner of the kind ``export``; see :data:`~icl_studio.queue.kinds.KINDS`."""

    phase = "export"

    def _made(self, job: Job, say: Say, idle: Idle) -> StoredEngine:
        brief = ExportBrief.model_validate_json(job.payload)
        spec, model = self._found(brief)
        bench = self._bench
        fuse = tuple(resolve_adapter(use, bench.folders, bench.downloading) for use in brief.fuse)
        order = ExportJob(
            engine=spec,
            model=model,
            store=bench.folders.engines,
            max_rank=brief.max_rank,
            dtype=brief.dtype,
            fuse=fuse,
        )
        return run_export(order, say, idle)


class Building(_Compiling):
    """The runner of the kind ``build``; see :data:`~icl_studio.queue.kinds.KINDS`."""

    phase = "build"

    def _made(self, job: Job, say: Say, idle: Idle) -> StoredEngine:
        brief = BuildBrief.model_validate_json(job.payload)
        spec, model = self._found(brief)
        store = self._bench.folders.engines
        order = BuildJob(engine=spec, model=model, store=store, wishes=brief.wishes)
        return run_build(order, say, idle)
