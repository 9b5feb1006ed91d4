"""Having a worker carry out jobs, and what became of each."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .. import errors
from ..domain.events import Cancelled, Event, Failed, Finished
from ..errors import InternalError, UserError
from ..paths import UserFolders
from ..worker.client import WorkerClient
from ..worker.protocol import GenerateJob


@dataclass(frozen=True)
class Outcome:
    """What became of jobs, each in the order they were given."""

    made: tuple[tuple[GenerateJob, Finished], ...]
    failed: tuple[tuple[GenerateJob, Failed], ...]
    cancelled: tuple[GenerateJob, ...]
    log: Path | None = None

    @property
    def error(self) -> UserError | InternalError | None:
        """The first failure as the error it was, a user's own to mend before one of ours."""
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

    Raises ``WorkerDied`` and ``ProtocolError``; a job that fails raises nothing. Sets that
    were finished before any of this are kept.
    """
    ends: dict[str, Event] = {}
    with WorkerClient(folders) as client, stopping(client, on_stop):
        for event in client.generate(jobs, batch=batch):
            if isinstance(event, Finished | Failed | Cancelled):
                ends[event.job] = event
            if on_event is not None:
                on_event(event)
        log = client.log
    pairs = [(job, ends[job.id]) for job in jobs]
    return Outcome(
        made=tuple((job, end) for job, end in pairs if isinstance(end, Finished)),
        failed=tuple((job, end) for job, end in pairs if isinstance(end, Failed)),
        cancelled=tuple(job for job, end in pairs if isinstance(end, Cancelled)),
        log=log,
    )


@contextmanager
def stopping(client: WorkerClient, on_stop: Callable[[], None] | None = None) -> Iterator[None]:
    """While inside, the first Ctrl-C asks ``client`` to cancel, the second kills its worker.

    Only the main thread of a program hears signals; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def interrupted(*_: int | FrameType | None) -> None:
        nonlocal asked
        if asked:
            client.kill()
            raise KeyboardInterrupt
        asked = True
        client.cancel()
        if on_stop is not None:
            on_stop()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def as_error(failed: Failed, log: Path | None = None) -> UserError | InternalError:
    """The exception that a worker's ``Failed`` stands for, to be raised on this side."""
    if not failed.mendable:
        where = f" The worker's log is {log}." if log else ""
        return InternalError(f"{failed.error}: {failed.message}{where}")
    kind = getattr(errors, failed.error, UserError)
    if not (isinstance(kind, type) and issubclass(kind, UserError)):
        kind = UserError
    return kind(failed.message, fix=failed.fix, problems=failed.problems)
