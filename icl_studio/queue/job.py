"""A job: a unit of work in the queue, frozen; changing one means storing another."""

from __future__ import annotations

import hashlib
import json
import time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..domain.problems import Frozen
from ..domain.request import SetRequest
from ..errors import QueueProblem
from ..sets.naming import DEFAULT_SET_NAME
from ..sets.record import SetId, new_set_id
from .brief import Brief
from .kinds import Kind, asked_class, check_kind
from .states import State

MAX_PRIORITY = 100
Priority = Annotated[int, Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)]
Millis = Annotated[int, Field(ge=0)]
"""UTC, milliseconds since 1970. For people only: no order and no lease depends on it."""


def now() -> int:
    """This moment as :data:`Millis`."""
    return time.time_ns() // 1_000_000


class NewJob(Frozen):
    """A job to be added. Its ``id`` becomes the id of its set, which is made once or never.

    ``request`` is what it is to do: of a job that generates the set's request, of any other
    kind the kind's :class:`~.brief.Brief`.

    ``out`` is the folder of all sets, ``set_name`` the naming template of the set's own.
    ``not_before`` holds the job until then. ``needs`` are jobs that must be done first.
    ``origin`` says where it came from (file and row of a shot list, choices, sweep axes).
    """

    id: SetId = Field(default_factory=new_set_id)
    kind: Kind = "generate"
    request: SetRequest | Brief
    out: Path
    set_name: str = DEFAULT_SET_NAME
    group: Annotated[str, Field(max_length=120)] = ""
    priority: Priority = 0
    not_before: Millis | None = None
    needs: tuple[str, ...] = ()
    paused: bool = False
    origin: dict[str, Any] = Field(default_factory=dict)


class JobError(Frozen):
    """Why a job failed, in the one shape that errors have in JSON."""

    type: str
    message: str
    problems: tuple[dict[str, str], ...] = ()
    fix: str = ""


class JobRow(Frozen):
    """A job as a list shows it: everything but its request, which may be long.

    ``order`` is its place among those of its ``priority`` (smaller first), ``attempts`` how
    often work on it began, ``crashes`` how many of these ended with their worker.
    ``blocked_by`` is a job that it needs and that is not done yet.
    """

    id: str
    kind: Kind
    state: State
    group: str
    task: str
    name: str
    summary: str
    seed: int
    model: str
    priority: int
    order: int
    not_before: int | None
    attempts: int
    crashes: int
    wish: str
    error: JobError | None
    folder: Path | None
    created: int
    started: int | None
    finished: int | None
    seconds: float | None
    out: Path
    blocked_by: str | None


class Job(JobRow):
    """A whole job, as one is shown, edited and carried out."""

    payload: str
    set_name: str
    needs: tuple[str, ...]
    origin: dict[str, Any]

    @cached_property
    def request(self) -> SetRequest:
        """What a generate job makes; raises :class:`QueueProblem` for a job of another kind."""
        if self.kind != "generate":
            raise QueueProblem(
                f"The job {self.id} makes no set; it is of the kind {self.kind}.",
                fix="That is for jobs that make sets.",
            )
        return SetRequest.model_validate_json(self.payload)

    @cached_property
    def brief(self) -> Brief | None:
        """What a job of another kind is to do; None for one that generates."""
        if self.kind == "generate":
            return None
        check_kind(self.kind)
        brief: Brief = asked_class(self.kind).model_validate_json(self.payload)
        return brief


class Attempt(Frozen):
    """One attempt at a job: when, by which worker, how it ended, and the evidence.

    ``outcome`` is empty while it goes on, else ``done``, ``failed``, ``cancelled``,
    ``paused``, ``stopped`` (the run was stopped), ``died`` or ``hung`` (its worker), or
    ``lost`` (its studio vanished: a crash, a power cut).
    """

    number: int
    studio: str
    worker: int
    began: int
    ended: int | None
    outcome: str
    evidence: str
    log: Path | None


def load_key(request: SetRequest) -> str:
    """What a warm worker holds in memory: jobs that share it need no loading in between."""
    return _short([request.engine, request.model])


def share_key(request: SetRequest) -> str:
    """What jobs must share to be claimed together: model, adapters, engine, canvas, sampling."""
    data = request.model_dump(mode="json")
    keys = ("engine", "model", "adapters", "sampling", "exact")
    return _short([*(data[key] for key in keys), data["layout"]["canvas"]])


def work_of(request: SetRequest) -> int:
    """The size of the job for estimates: steps times image tokens."""
    return request.sampling.steps * request.layout.canvas.tokens


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
