"""``queue run`` and ``queue preflight``: the night's work, and a look at it before."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from .console import (
    AppContext,
    JsonOption,
    MemoryOption,
    context,
    emit_json,
    err,
    warn,
)
from .queue_report import tell_preflight, tell_report
from .queued import opened

if TYPE_CHECKING:
    from ..engines.protocol import EngineOptions
    from ..queue.running import Run
    from ..queue.store import Store
    from ..worker.executor import Placed


class Interrupted(StrEnum):
    """What becomes of jobs that were under way when a run was killed."""

    run = "run"
    pause = "pause"
    ask = "ask"


LOCAL, RAY = "local", "ray"

WorkersOption = Annotated[
    int | None, typer.Option(min=1, max=64, help="Workers; one per GPU unless given.")
]


def preflight(workers: WorkersOption = None, as_json: JsonOption = False) -> int:
    """Look ahead: models, LoRAs, engines, disk, memory and time of all jobs that wait.

    Exit code 1 when something is missing.
    """
    from ..queue.preflight import look_ahead

    app = context()
    with opened(app) as store:
        found = look_ahead(store, app.registry, app.folders, workers or 1)
    if as_json:
        emit_json({"lines": found.lines, "estimate": found.estimate})
    else:
        tell_preflight(found)
    return int(bool(found.problems))


def _batch(text: str | int) -> int:
    """1 to 64, or 0 for ``auto``."""
    from ..worker.protocol import AUTO

    if str(text).strip().lower() == "auto":
        return AUTO
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 64:
        raise typer.BadParameter(f"{text} is neither auto nor a number from 1 to 64.")
    return number


def run(
    workers: WorkersOption = None,
    executor: Annotated[
        str,
        typer.Option(
            metavar="local|ray[://HOST:PORT]",
            help="Where workers are placed: on this machine, or on the Ray cluster that it "
            "belongs to or that is named.",
        ),
    ] = LOCAL,
    interrupted: Annotated[
        Interrupted, typer.Option(help="Jobs that were under way when a run was killed.")
    ] = Interrupted.run,
    batch: Annotated[
        int,
        typer.Option(
            parser=_batch,
            metavar="N|auto",
            help="Draw up to this many sets together; auto: as many as fit and pay.",
        ),
    ] = 1,
    fifo: Annotated[
        bool, typer.Option("--fifo", help="Strictly in order, whatever is loaded.")
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Wait for new jobs when the queue is empty.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, float16.")] = None,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Make what is queued, until the queue is empty.

    Exit code 0; 1 if a job failed or cannot run; 2 if a results folder cannot be written.
    Ctrl-C stops between two steps, a second one at once; nothing is lost by either.
    """
    from ..engines.protocol import EngineOptions
    from ..queue.notify import notify
    from ..queue.running import Run
    from .queue_bar import QueueBar

    app = context()
    options = EngineOptions(
        device=device or app.settings.device,
        dtype=dtype or app.settings.dtype,
        memory=memory.value if memory else app.settings.memory,
    )
    places = _places(app, executor, workers, options)
    with opened(app) as store:
        _about_interrupted(store, interrupted)
        if store.paused:
            warn("The queue is paused and waits for: icl-studio queue resume")
        if not as_json:
            _look_ahead(app, store, len(places))
        with QueueBar(store, enabled=not as_json) as bar:
            work = Run(
                app.folders,
                app.registry,
                places,
                batch=batch,
                claim_size=1 if fifo else 8,
                affinity=not fifo,
                stay=stay,
                on_event=bar.on_event,
                downloading=bar.downloading,
            )
            with _stopping(work, bar):
                report = work.go(idle=bar.tick)
        code = tell_report(store, report, as_json)
    if len(report.done) + len(report.failed) > 1 and err.is_terminal:
        notify("ICL Studio", f"{len(report.done)} jobs done, {len(report.failed)} failed.")
    return code


def _places(
    app: AppContext, executor: str, workers: int | None, options: EngineOptions
) -> tuple[Placed, ...]:
    """A worker for each GPU, unless a device or a number was named."""
    from ..errors import UserError
    from ..queue.kinds import KINDS
    from ..queue.places import own_places
    from ..worker.executor import RAY_KINDS, ray_cluster

    if executor == RAY or executor.startswith(f"{RAY}://"):
        address = "" if executor == RAY else executor
        others = tuple(kind for kind in KINDS if kind not in RAY_KINDS)
        return ray_cluster(app.folders, options, address, workers, others)
    if executor != LOCAL:
        raise UserError(
            f"There is no executor {executor!r}.", fix="Use local, ray or ray://HOST:PORT."
        )
    return own_places(app.folders, options, workers)


def _about_interrupted(store: Store, choice: Interrupted) -> None:
    """Give back what programs that are gone had under way, and do with it what is wished."""
    from ..errors import UserError
    from ..queue import control
    from ..queue.studios import reap

    if choice is Interrupted.ask and not sys.stdin.isatty():
        raise UserError(
            "There is nobody to ask about interrupted jobs.",
            fix="Give --interrupted run or --interrupted pause.",
        )
    freed = [id for id, state in reap(store.database) if state == "waiting"]
    if not freed or choice is Interrupted.run:
        return
    if choice is Interrupted.ask:
        question = f"{len(freed)} jobs were interrupted. Run them again?"
        if typer.confirm(question, default=True, err=True):
            return
    control.pause(store, freed)
    warn(f"{len(freed)} interrupted jobs are paused: icl-studio queue resume")


@contextmanager
def _stopping(work: Run, bar: Any) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop between two steps, a second one at once.

    Only the main thread of a program hears signals; elsewhere this does nothing.
    """
    asked = threading.Event()

    def stop(*_: object) -> None:
        # In a thread: a handler may interrupt whoever holds the locks that a stop takes.
        action = work.kill if asked.is_set() else work.stop
        asked.set()
        bar.stopping = True
        threading.Thread(target=action, daemon=True).start()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _look_ahead(app: AppContext, store: Store, workers: int) -> None:
    """Say before the night what will go wrong in it, and how long it will take."""
    from ..queue.preflight import look_ahead

    found = look_ahead(store, app.registry, app.folders, workers)
    for line in found.problems:
        warn(f"{line.what}: {line.told} {line.fix}".rstrip())
    if found.estimate.jobs:
        time = next(line for line in found.lines if line.what == "time")
        err.print(Text(f"{found.estimate.jobs} jobs; {time.told}"), soft_wrap=True)
