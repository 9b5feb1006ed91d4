"""How caption jobs are carried out: the sets that still lack a caption get one, in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.events import Event, Failed, Finished
from ..errors import CaptionInvalid
from ..training.captioning import CaptionJob
from ..worker.failures import failed
from ..worker.protocol import Caption
from .brief import Brief
from .job import Job

if TYPE_CHECKING:
    from .running import Bench


class CaptionBrief(Brief):
    """Write the captions that ``job`` names, beside the pictures in ``folder``."""

    folder: Path
    job: CaptionJob

    @property
    def summary(self) -> str:
        return f"{len(self.job.items)} captions by {self.job.captioner.id}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return (("data set", str(self.folder)),)


class Captioning:
    """The runner of the kind ``caption``; see :data:`~icl_studio.queue.kinds.KINDS`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def carry_out(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Write what is missing; texts that stand from an earlier attempt are left as they are."""
        for job in jobs:
            try:
                brief = CaptionBrief.model_validate_json(job.payload)
            except ValueError as error:  # written by another version
                yield failed(job.id, error)
                continue
            yield from self._written(job.id, brief)

    def _written(self, id: str, brief: CaptionBrief) -> Iterator[Event]:
        left = [item for item in brief.job.items if not item.file.exists()]
        if not left:
            yield Finished(job=id, folder=str(brief.folder))
            return
        order = brief.job.model_copy(update={"id": id, "items": tuple(left)})
        for event in self._bench.place.perform(Caption(job=order), idle=self._bench.idle):
            if isinstance(event, Finished):
                yield self._ended(id, brief)
            else:
                yield event

    def _ended(self, id: str, brief: CaptionBrief) -> Finished | Failed:
        """A set that got no caption is no success; the others keep theirs."""
        without = [item.name for item in brief.job.items if not item.file.exists()]
        if not without:
            return Finished(job=id, folder=str(brief.folder))
        some = ", ".join(without[:5]) + (" …" if len(without) > 5 else "")
        error = CaptionInvalid(
            f"{len(without)} of {len(brief.job.items)} sets got no caption: {some}.",
            fix=f"`icl-studio queue retry {id}` asks for these again.",
        )
        return failed(id, error)
