"""The line protocol between a worker and its client: one JSON object a line, versioned.

Commands go down the worker's stdin, replies come up its stdout; pictures travel as paths.
Every message carries ``v``; another version is refused by name before anything else of
the message is read. A line that is too long, not JSON or not one of the messages below is
a :class:`~icl_studio.errors.ProtocolError` on whichever side reads it, never a hang.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ..domain.events import (
    Cancelled,
    Failed,
    Finished,
    Learnt,
    Notice,
    Progress,
    Sampled,
    Started,
)
from ..domain.problems import Frozen
from ..domain.request import SetRequest
from ..engines.protocol import AdapterFile, EngineOptions, EngineSpec, LocatedModel
from ..errors import ProtocolError, RequestInvalid
from ..sets.record import SetId
from ..training.captioning import CaptionJob
from ..training.job import TrainJob

PROTOCOL_VERSION: Literal[1] = 1
MAX_LINE = 8 * 2**20
"""Bytes in a line, line end included; a request with 36 long panel texts needs about 20 kB."""


AUTO: Final = 0
"""A batch size: whatever is found to be best."""

_PORTION = MAX_LINE - 2**10
"""Bytes for the jobs in a line; the rest is for what stands around them."""


class GenerateJob(Frozen):
    """One set to make. ``id`` becomes the set's id, so a job done twice makes one set.

    ``out`` is the folder that holds sets, ``folder_name`` the set's own folder in it (None:
    the sets' own rule). Small pictures of the set under way go to ``previews``, if given.
    """

    id: SetId
    request: SetRequest
    model: LocatedModel
    adapters: tuple[AdapterFile, ...] = ()
    engine: EngineSpec
    options: EngineOptions = EngineOptions()
    out: Path
    folder_name: str | None = None
    previews: Path | None = None


class _Message(Frozen):
    v: Literal[1] = PROTOCOL_VERSION


class Hello(_Message):
    """The client's first line: where hashes of big files are cached.

    ``cache`` is the folder of what else can be computed again; without it none of it is kept.
    With ``heartbeat`` the worker says every so many seconds that it lives.
    """

    type: Literal["hello"] = "hello"
    hashes: Path
    cache: Path | None = None
    heartbeat: float | None = Field(default=None, gt=0)


class Generate(_Message):
    """Make sets. Up to ``batch`` of those that share canvas and sampling go together.

    For :data:`AUTO` it is as many as are found to fit and to be quicker. A request that asks for
    ``exact`` is always denoised singly (DESIGN, Determinism). If they are to be made ``phased``,
    several are denoised before the first of them is decoded.
    """

    type: Literal["generate"] = "generate"
    jobs: tuple[GenerateJob, ...] = Field(min_length=1)
    batch: int = Field(default=1, ge=AUTO, le=64)
    phased: bool = False


class Train(_Message):
    """Tune an adapter; the job ends in one final event, as every job does."""

    type: Literal["train"] = "train"
    job: TrainJob


class Caption(_Message):
    """Write the captions of a data set; the job ends in one final event."""

    type: Literal["caption"] = "caption"
    job: CaptionJob


class Prepare(_Message):
    """Load an engine, so that the first set of it begins at once. Nothing is answered.

    One that cannot be loaded is left to the first job that asks for it, which says why.
    """

    type: Literal["prepare"] = "prepare"
    engine: EngineSpec
    model: LocatedModel
    options: EngineOptions = EngineOptions()


class Cancel(_Message):
    """Stop ``job``, or with None every job sent so far, between two steps."""

    type: Literal["cancel"] = "cancel"
    job: str | None = None


class Shutdown(_Message):
    """Finish what is under way, then end."""

    type: Literal["shutdown"] = "shutdown"


class Ready(_Message):
    """The worker's answer to :class:`Hello`; nothing heavy is loaded yet."""

    type: Literal["ready"] = "ready"
    pid: int
    versions: dict[str, str]


class Heartbeat(_Message):
    """The worker lives; ``memory`` is what it occupies in bytes, None where that is unknown.

    Said by a thread of its own: it tells of the process, not of progress with a job.
    """

    type: Literal["heartbeat"] = "heartbeat"
    memory: int | None = None


class Refused(_Message):
    """The worker could not understand a line; it did nothing with it."""

    type: Literal["refused"] = "refused"
    message: str


Single = Train | Caption
"""Commands that carry one job, known by ``job.id``, which has a worker to itself."""

Command = Annotated[
    Hello | Prepare | Generate | Train | Caption | Cancel | Shutdown, Field(discriminator="type")
]
Reply = Annotated[
    Ready
    | Heartbeat
    | Refused
    | Started
    | Progress
    | Learnt
    | Sampled
    | Notice
    | Finished
    | Failed
    | Cancelled,
    Field(discriminator="type"),
]
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)
_REPLIES: TypeAdapter[Reply] = TypeAdapter(Reply)
_T = TypeVar("_T")


def encode(message: Command | Reply) -> bytes:
    """``message`` as one UTF-8 line with its line end; ``ProtocolError`` beyond ``MAX_LINE``."""
    line = message.model_dump_json().encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ProtocolError(
            f"A {message.type!r} message has {len(line)} bytes; a line holds {MAX_LINE}."
        )
    return line


def portions(jobs: Sequence[GenerateJob], batch: int = 1) -> Iterator[tuple[GenerateJob, ...]]:
    """``jobs`` in order, in as many parts as lines need; whole batches where that can be.

    Raises ``RequestInvalid`` for a job that is longer than a line by itself.
    """
    some: list[GenerateJob] = []
    filled = 0
    for job in jobs:
        size = len(job.model_dump_json().encode()) + 1
        if size > _PORTION:
            raise RequestInvalid(
                f"The set with seed {job.request.seed} is described by {size:,} bytes; "
                f"{_PORTION:,} are the limit.",
                fix="Shorten its texts, or use fewer LoRAs.",
            )
        while some and filled + size > _PORTION:
            whole = len(some) - len(some) % max(batch, 1) or len(some)
            yield tuple(some[:whole])
            some = some[whole:]
            filled = sum(len(job.model_dump_json().encode()) + 1 for job in some)
        some.append(job)
        filled += size
    if some:
        yield tuple(some)


def decode_command(line: bytes) -> Command:
    """The command in ``line``; raises ``ProtocolError``."""
    return _decode(line, _COMMANDS, "client")


def decode_reply(line: bytes) -> Reply:
    """The reply in ``line``; raises ``ProtocolError``."""
    return _decode(line, _REPLIES, "worker")


def read_line(stream: BinaryIO) -> bytes:
    """The next whole line of ``stream``, ``b""`` at its end.

    What stands after the last line end was cut off by a death and counts as nothing. An
    over-long line is read to its end, so that the next one can be, and then refused.
    """
    line = stream.readline(MAX_LINE + 1)
    if line.endswith(b"\n") and len(line) <= MAX_LINE:
        return line
    if len(line) <= MAX_LINE:
        return b""
    while line and not line.endswith(b"\n"):
        line = stream.readline(2**16)
    raise ProtocolError(f"A line has more than {MAX_LINE} bytes.")


def _decode(line: bytes, messages: TypeAdapter[_T], speaker: str) -> _T:
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"The {speaker} sent a line that is not JSON: {_start(line)}") from None
    if not isinstance(data, dict):
        raise ProtocolError(f"The {speaker} sent a line that is no message: {_start(line)}")
    version = data.get("v")
    if version != PROTOCOL_VERSION:
        raise ProtocolError(
            f"The {speaker} speaks protocol version {version}, this side speaks version "
            f"{PROTOCOL_VERSION}. Two versions of ICL Studio are mixed: install it anew."
        )
    try:
        return messages.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ProtocolError(
            f"The {speaker} sent a message that does not fit ({where}: {first['msg']}): "
            f"{_start(line)}"
        ) from error


def _start(line: bytes) -> str:
    text = line[:160].decode("utf-8", errors="replace").rstrip("\r\n")
    return repr(text) + (" …" if len(line) > 160 else "")
