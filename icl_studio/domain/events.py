"""What a worker says while it works: versioned, typed, one JSON object a line.

Pictures travel as paths, never as bytes. Every event carries the job it belongs to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from .problems import Frozen, Problem

EVENT_VERSION: Literal[1] = 1
Phase = Literal[
    "load",
    "encode",
    "denoise",
    "decode",
    "save",
    "cache",
    "train",
    "sample",
    "caption",
    "judge",
    "export",
    "build",
]
"""``cache`` (latents and embeddings), ``train`` and ``sample`` are of training, ``caption`` of
data sets, ``judge`` of evaluations; ``export`` and ``build`` are one phase, of engines."""


class _Event(Frozen):
    v: Literal[1] = EVENT_VERSION
    job: str


class Started(_Event):
    """Work on a job began: on which engine, device and precision."""

    type: Literal["started"] = "started"
    engine: str
    device: str
    dtype: str


class Progress(_Event):
    """Step ``step`` of ``total`` of ``phase`` is done; ``eta`` seconds remain for the job.

    ``eta_all`` counts the jobs behind it too. Both are None until they can be estimated.
    ``preview`` is the path of a small picture.
    """

    type: Literal["progress"] = "progress"
    phase: Phase
    step: int = Field(ge=0)
    total: int = Field(ge=0)
    eta: float | None = None
    eta_all: float | None = None
    preview: str | None = None


class Learnt(_Event):
    """Step ``step`` of ``total`` of a training run is done.

    ``smoothed`` is the running mean of ``loss``, ``rate`` the learning rate, ``speed`` sheets a
    second, ``eta`` the seconds that remain, None until they can be estimated.
    """

    type: Literal["learnt"] = "learnt"
    step: int = Field(ge=0)
    total: int = Field(ge=1)
    loss: float
    smoothed: float
    rate: float
    speed: float
    eta: float | None = None


class Sampled(_Event):
    """A training run drew sample ``index`` after ``step`` steps; ``picture`` is its path."""

    type: Literal["sampled"] = "sampled"
    step: int = Field(ge=0)
    index: int = Field(ge=0)
    picture: str


class Notice(_Event):
    """Something the user should know that stops nothing."""

    type: Literal["notice"] = "notice"
    message: str


class Finished(_Event):
    """The job's set, or its training run, stands in ``folder``; ``seconds`` per phase."""

    type: Literal["finished"] = "finished"
    folder: str
    seconds: dict[str, float] = Field(default_factory=dict)


class Failed(_Event):
    """The job failed. ``mendable`` tells a user's mistake from one of ours."""

    type: Literal["failed"] = "failed"
    error: str
    message: str
    fix: str = ""
    problems: tuple[Problem, ...] = ()
    mendable: bool


class Cancelled(_Event):
    """The job was cancelled between two steps and left nothing behind."""

    type: Literal["cancelled"] = "cancelled"


Event = Annotated[
    Started | Progress | Learnt | Sampled | Notice | Finished | Failed | Cancelled,
    Field(discriminator="type"),
]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
Final = Finished | Failed | Cancelled
