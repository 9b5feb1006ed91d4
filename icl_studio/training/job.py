"""What a trainer is handed and what it answers: the protocol between application and engine.

A trainer is named by :attr:`icl_studio.engines.protocol.EngineSpec.trainer` and resolved in a
worker only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import Field

from ..domain.geometry import Size
from ..domain.model import Sampling
from ..domain.problems import Frozen
from ..engines.protocol import EngineOptions, EngineSpec, LocatedModel
from .recipe import Recipe

DATA, CHECKPOINTS, SAMPLES, LOG = "data", "checkpoints", "samples", "log.jsonl"
"""What a run's folder holds besides its record: the prepared data set, checkpoints, sample sheets,
one JSON line per step."""


class SampleRequest(Frozen):
    """A sheet that is drawn at intervals, always with the same caption and seed."""

    caption: str
    canvas: Size
    seed: int
    sampling: Sampling


class TrainJob(Frozen):
    """One training run. ``folder`` is the run's, ``folder/data`` its prepared data set.

    ``cache`` is where latents and embeddings are kept by content hash; ``hashes`` are sha256 by
    component (``vae``, ``text``, ``transformer``). ``result`` is the finished adapter's file,
    ``metadata`` goes into it. ``digest`` is that of the data set.
    """

    id: str
    folder: Path
    task: str
    model: LocatedModel
    engine: EngineSpec
    options: EngineOptions = EngineOptions()
    recipe: Recipe
    digest: str
    samples: tuple[SampleRequest, ...] = ()
    cache: Path
    result: Path
    metadata: dict[str, str] = Field(default_factory=dict)
    hashes: dict[str, str] = Field(default_factory=dict)
    preflight: bool = True


class Reporter(Protocol):
    """What a trainer tells while it works. Every method may raise to stop it between two steps."""

    def phase(self, name: str, done: int, total: int) -> None:
        """``done`` of ``total`` of a phase: ``load``, ``cache``, ``sample``, ``save``."""
        ...

    def step(
        self, step: int, total: int, loss: float, smoothed: float, rate: float, speed: float
    ) -> None:
        """A step is done; ``rate`` is the learning rate, ``speed`` sheets a second."""
        ...

    def notice(self, message: str) -> None:
        """Something the user should know that stops nothing."""
        ...

    def sample(self, step: int, index: int, picture: Path) -> None:
        """A sample sheet stands at ``picture``."""
        ...

    @property
    def sample_wanted(self) -> bool:
        """Whether the user asked for the sample sheets now; looked at between two steps."""
        ...

    def sampling_done(self) -> None:
        """All sample sheets of this moment stand, or cannot be drawn: a wish is answered."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the user asked to stop: the trainer keeps a checkpoint and ends."""
        ...


class TrainResult(Frozen):
    """How a run ended: ``finished`` with its file, or stopped at ``step`` with a checkpoint."""

    finished: bool
    step: int
    file: Path | None = None
    checkpoint: Path | None = None


Trainer = Callable[[TrainJob, Reporter], TrainResult]
"""Trains until the end, or until asked to stop. Resumes by itself from the newest sound checkpoint
in the run's folder. Raises ``TrainingStopped`` (NaN), ``OutOfMemory``, ``StorageProblem``: the last
good checkpoint stands then."""
