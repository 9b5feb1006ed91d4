"""A build for one kind of GPU in a process of its own (:mod:`.child`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from ..domain.geometry import Size
from ..domain.problems import Frozen
from .child import run_child, serve
from .named import named
from .protocol import EngineSpec, LocatedModel
from .store import EngineStore, StoredEngine


class BuildWishes(Frozen):
    """What an engine is built for.

    ``targets`` are GPU architectures (``sm_89``), ``canvases`` the pictures it must take: all
    sizes between the smallest and the largest of them. ``batch`` is how many at once, at most.
    ``dtype`` None: the builder's choice.
    """

    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    canvases: Annotated[tuple[Size, ...], Field(min_length=1)]
    dtype: Literal["float32", "float16", "bfloat16"] | None = None
    batch: int = Field(default=1, ge=1, le=16)


class Builder(Protocol):
    """What :attr:`EngineSpec.builder` names."""

    def __call__(
        self,
        model: LocatedModel,
        store: EngineStore,
        *,
        wishes: BuildWishes,
        say: Callable[[str], None],
    ) -> StoredEngine:
        """Build ``model`` into ``store``; ``say`` is told each phase as it begins."""
        ...


class BuildJob(Frozen):
    """One build: which engine, of which model, for what, into which store."""

    engine: EngineSpec
    model: LocatedModel
    store: Path
    wishes: BuildWishes


def run_build(
    job: BuildJob, say: Callable[[str], None], idle: Callable[[], None] = lambda: None
) -> StoredEngine:
    """Carry out ``job`` in a child process and return the engine as it stands in the store.

    Raises what the builder refused as :class:`UserError`, and :class:`WorkerDied` when it ended
    without an answer. What ``idle`` raises stops it. On any way out the child has ended.
    """
    name = run_child("icl_studio.engines.building", job.model_dump_json(), say, "The build", idle)
    return EngineStore(job.store).get(name)


def _carry_out(line: str, say: Callable[[str], None]) -> str:
    """The child's side."""
    job = BuildJob.model_validate_json(line)
    assert job.engine.builder is not None
    builder: Builder = named(job.engine.builder)
    return builder(job.model, EngineStore(job.store), wishes=job.wishes, say=say).name


if __name__ == "__main__":
    serve(_carry_out)
