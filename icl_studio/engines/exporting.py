"""An export in a process of its own (:mod:`.child`): torch is loaded there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ..domain.problems import Frozen
from .child import run_child, serve
from .named import named
from .protocol import AdapterFile, EngineSpec, LocatedModel
from .store import EngineStore, StoredEngine


class Exporter(Protocol):
    """What :attr:`EngineSpec.exporter` names."""

    def __call__(
        self,
        model: LocatedModel,
        store: EngineStore,
        *,
        max_rank: int,
        dtype: str,
        fuse: Sequence[AdapterFile],
        say: Callable[[str], None],
    ) -> StoredEngine:
        """Export ``model`` into ``store`` in ``dtype`` with the LoRAs of ``fuse`` baked in.

        ``say`` is told each phase as it begins.
        """
        ...


class ExportJob(Frozen):
    """One export: which engine, of which model, into which store."""

    engine: EngineSpec
    model: LocatedModel
    store: Path
    max_rank: int
    dtype: str = "float32"
    fuse: tuple[AdapterFile, ...] = ()


def run_export(
    job: ExportJob, say: Callable[[str], None], idle: Callable[[], None] = lambda: None
) -> StoredEngine:
    """Carry out ``job`` in a child process and return the engine as it stands in the store.

    Raises what the exporter refused as :class:`UserError`, and :class:`WorkerDied` when it ended
    without an answer. What ``idle`` raises stops it. On any way out the child has ended.
    """
    name = run_child("icl_studio.engines.exporting", job.model_dump_json(), say, "The export", idle)
    return EngineStore(job.store).get(name)


def _carry_out(line: str, say: Callable[[str], None]) -> str:
    """The child's side."""
    job = ExportJob.model_validate_json(line)
    assert job.engine.exporter is not None
    exporter: Exporter = named(job.engine.exporter)
    made = exporter(
        job.model,
        EngineStore(job.store),
        max_rank=job.max_rank,
        dtype=job.dtype,
        fuse=job.fuse,
        say=say,
    )
    return made.name


if __name__ == "__main__":
    serve(_carry_out)
