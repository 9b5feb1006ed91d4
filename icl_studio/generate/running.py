"""Having a worker carry out jobs, and what became of each."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Self

from .. import errors
from ..domain.events import Cancelled, Event, Failed, Finished, Progress
from ..errors import InternalError, ProtocolError, UserError, WorkerDied
from ..paths import UserFolders
from ..worker.client import WorkerClient
from ..worker.protocol import GenerateJob


@dataclass(frozen=True)
class Outcome:
    """What became of jobs, each in the order they were given.

    ``died`` is why the worker ended before it had told of every job.
    """

    made: tuple[tuple[GenerateJob, Finished], ...]
    failed: tuple[tuple[GenerateJob, Failed], ...]
    cancelled: tuple[GenerateJob, ...]
    died: InternalError | None = None
    log: Path | None = None

    @property
    def error(self) -> UserError | InternalError | None:
        """The worker's death, else the first failure, a user's to mend before one of ours."""
        if self.died is not None:
            return self.died
        by_user = sorted((failed for _, failed in self.failed), key=lambda f: not f.mendable)
        return as_error(by_user[0], self.log) if by_user else None


def run(
    jobs: Sequence[GenerateJob],
    folders: UserFolders,
    on_event: Callable[[Event], None] | None = None,
    *,
    batch: int = 1,
    on_stop: Callable[[], None] | None = None,
) -> Outcome:
    """Have one worker make ``jobs``. Ctrl-C stops between two steps, a second one at once.

    Neither a job that fails nor a worker that dies raises anything: what was finished
    before is kept, and the outcome says the rest. Only a worker that cannot even be
    started raises, ``WorkerDied`` or ``ProtocolError``.
    """
    ends: dict[str, Event] = {}
    died: InternalError | None = None
    with WorkerClient(folders) as client, Stopping(client, on_stop) as stop:
        try:
            for event in client.generate(jobs, batch=batch, idle=stop.tell):
                stop.working |= not (isinstance(event, Progress) and event.phase == "load")
                if isinstance(event, Finished | Failed | Cancelled):
                    ends[event.job] = event
                stop.tell()
                if on_event is not None:
                    on_event(event)
        except (WorkerDied, ProtocolError) as error:
            died = None if stop.killed else error
        log = client.log
    return outcome_of(jobs, ends, died, log)


def outcome_of(
    jobs: Sequence[GenerateJob],
    ends: Mapping[str, Event],
    died: InternalError | None = None,
    log: Path | None = None,
) -> Outcome:
    """What became of ``jobs``, given the final events of those that had one."""
    rest = {} if died else {job.id: Cancelled(job=job.id) for job in jobs}
    pairs = [(job, {**rest, **ends}.get(job.id)) for job in jobs]
    return Outcome(
        made=tuple((job, end) for job, end in pairs if isinstance(end, Finished)),
        failed=tuple((job, end) for job, end in pairs if isinstance(end, Failed)),
        cancelled=tuple(job for job, end in pairs if isinstance(end, Cancelled)),
        died=died,
        log=log,
    )


class Stopping:
    """While inside, Ctrl-C asks ``client`` to cancel between two steps.

    A second Ctrl-C ends the worker at once, and so does the first while the model is still
    being loaded (not yet ``working``): that may take a minute, cannot be interrupted, and
    there is nothing to lose. Only the main thread of a program hears signals; elsewhere
    this does nothing.
    """

    def __init__(self, client: WorkerClient, on_stop: Callable[[], None] | None = None) -> None:
        self._client = client
        self._on_stop = on_stop
        self._before: Any = None
        self._asked = False
        self.working = False
        self.killed = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, *_: int | FrameType | None) -> None:
        if self._asked or not self.working:
            self.killed = True
            self._client.kill()
            return
        # Nothing is printed in a signal handler: it may have come in the midst of a print.
        self._asked = True
        self._client.cancel()

    def tell(self) -> None:
        """Say once that Ctrl-C was heard; called between two events, never by the handler."""
        if self._asked and self._on_stop is not None:
            on_stop, self._on_stop = self._on_stop, None
            on_stop()


def as_error(failed: Failed, log: Path | None = None) -> UserError | InternalError:
    """The exception that a worker's ``Failed`` stands for, to be raised on this side."""
    if not failed.mendable:
        where = f" The worker's log is {log}." if log else ""
        return InternalError(f"{failed.error}: {failed.message}{where}")
    kind = getattr(errors, failed.error, UserError)
    if not (isinstance(kind, type) and issubclass(kind, UserError)):
        kind = UserError
    return kind(failed.message, fix=failed.fix, problems=failed.problems)
