"""Metrics at work in a process of their own: what is said to it, what it answers, its end.

It lives for one errand, so that a metric's model and the base model need not sit in memory
together, and a metric that crashes takes nothing with it. One JSON object goes down its stdin, one
JSON object a line comes up its stdout. It is offline, as every worker is.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from ..domain.events import Failed
from ..domain.problems import Frozen
from ..engines.metrics import Draft, DrawnSet, MetricOptions, MetricSpec, Score
from ..errors import ProtocolError, WorkerDied
from ..generate.running import as_error
from ..paths import UserFolders
from ..worker.environment import child_environment
from ..worker.logs import new_log, tail
from ..worker.pipes import how_it_ended, kill

COMMAND = (sys.executable, "-P", "-m", "icl_studio.evaluate")
_POLL = 0.1
_LAST_WORDS = 50
"""So many polls are waited after the process has ended for what it has said before: on a busy
machine its pipe is read late, and one that its own children hold open never ends."""


class Write(Frozen):
    """Write ``count`` requests for ``task`` whose truth the metric knows."""

    do: Literal["write"] = "write"
    metric: MetricSpec
    task: str
    count: int = Field(ge=1)
    seed: int


class Judge(Frozen):
    """Judge ``sets`` with each of ``metrics`` in turn, then have it report on itself."""

    do: Literal["judge"] = "judge"
    metrics: tuple[tuple[MetricSpec, MetricOptions], ...]
    sets: tuple[DrawnSet, ...]


class Written(Frozen):
    """The answer to :class:`Write`."""

    says: Literal["written"] = "written"
    drafts: tuple[Draft, ...]


class Judged(Frozen):
    """What ``metric`` says of the set at ``index``."""

    says: Literal["judged"] = "judged"
    metric: str
    index: int
    scores: tuple[Score, ...]


class Reported(Frozen):
    """``metric`` has judged all sets; what it says of itself."""

    says: Literal["reported"] = "reported"
    metric: str
    report: dict[str, Any]


class GaveUp(Frozen):
    """The errand failed; what came before stands."""

    says: Literal["gave up"] = "gave up"
    why: Failed


Errand = Annotated[Write | Judge, Field(discriminator="do")]
Answer = Annotated[Written | Judged | Reported | GaveUp, Field(discriminator="says")]
ERRANDS: TypeAdapter[Errand] = TypeAdapter(Errand)
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)


def write(
    metric: MetricSpec, task: str, count: int, seed: int, folders: UserFolders
) -> tuple[Draft, ...]:
    """``count`` requests for ``task`` from ``metric``, the same for the same arguments.

    Raises ``NotFound`` for a task it has none for, ``PluginProblem`` when it cannot be loaded.
    """
    errand = Write(metric=metric, task=task, count=count, seed=seed)
    for answer in send(errand, folders):
        if isinstance(answer, Written) and len(answer.drafts) == count:
            return answer.drafts
    raise ProtocolError(f"The metric {metric.id!r} did not write the {count} requests asked for.")


def judge(
    metrics: Sequence[tuple[MetricSpec, MetricOptions]],
    sets: Sequence[DrawnSet],
    folders: UserFolders,
    idle: Callable[[], None] = lambda: None,
) -> Iterator[Judged | Reported]:
    """What ``metrics`` say of ``sets``, set by set. Raises what a metric raises.

    ``idle`` is called ten times a second while nothing is said; what it raises ends the process.

    Raises ``ProtocolError`` when the process ends before all is said: a metric may leave by
    ``sys.exit``, which looks like success. Whoever stops iterating, or is interrupted, ends it.
    """
    silent = {spec.id for spec, _ in metrics}
    for answer in send(Judge(metrics=tuple(metrics), sets=tuple(sets)), folders, idle):
        if isinstance(answer, Judged | Reported):
            if isinstance(answer, Reported):
                silent.discard(answer.metric)
            yield answer
    if silent:
        names = ", ".join(map(repr, sorted(silent)))
        raise ProtocolError(f"The process of metrics ended before {names} had judged every set.")


def send(
    errand: Write | Judge, folders: UserFolders, idle: Callable[[], None] = lambda: None
) -> Iterator[Answer]:
    """Start the process, have it do ``errand``, yield its answers; it is gone afterwards.

    Raises the error that a :class:`GaveUp` stands for, ``WorkerDied`` and ``ProtocolError``.
    """
    log = new_log(folders.logs)
    with log.open("wb") as file:
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            env=child_environment(),
            # A group of its own: Ctrl-C in the terminal reaches the parent alone.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    assert process.stdin is not None and process.stdout is not None
    heard: SimpleQueue[bytes] = SimpleQueue()
    line = errand.model_dump_json().encode() + b"\n"
    threads = [
        threading.Thread(target=_hear, args=(process.stdout, heard), daemon=True),
        threading.Thread(target=_say, args=(process.stdin, line), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        while text := _next(process, heard, idle):
            answer = _answer(text)
            if isinstance(answer, GaveUp):
                raise as_error(answer.why, log)
            yield answer
        if process.wait() != 0:
            raise _died(process.returncode, log)
    finally:
        kill(process)
        process.wait()
        for thread in threads:
            thread.join(timeout=2)


def _next(
    process: subprocess.Popen[bytes],
    heard: SimpleQueue[bytes],
    idle: Callable[[], None] = lambda: None,
) -> bytes:
    """The next line, empty at the end. Polls, so that Ctrl-C is heard on Windows as well."""
    polls = 0
    while polls < _LAST_WORDS:
        polls += process.poll() is not None
        try:
            return heard.get(timeout=_POLL)
        except Empty:
            idle()
    return b""


def _answer(line: bytes) -> Answer:
    try:
        return ANSWERS.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(f"A metric's process said something unknown: {error}") from error


def _hear(stream: IO[bytes], heard: SimpleQueue[bytes]) -> None:
    try:
        with stream:
            for line in stream:
                heard.put(line)
    except (OSError, ValueError):  # closed under us
        pass
    heard.put(b"")


def _say(stream: IO[bytes], line: bytes) -> None:
    try:
        with stream:
            stream.write(line)
    except OSError:  # it is gone, which the reading side notices
        pass


def _died(code: int | None, log: Path) -> WorkerDied:
    last = tail(log)
    message = f"The process of a metric {how_it_ended(code)} before it had finished."
    if last:
        message += f" The end of its log, {log}:\n{last}"
    return WorkerDied(message, exit_code=code, tail=last, log=log)
