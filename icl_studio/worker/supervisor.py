"""A worker that is kept going: started when needed, watched, ended when stuck, started again.

The same conversation as with a :class:`~icl_studio.worker.client.WorkerClient`, for jobs
that come one claim after the other all night. The process stays warm between claims.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.events import Event, Finished
from ..errors import ProtocolError, WorkerDied
from ..paths import UserFolders
from .client import COMMAND, WorkerClient
from .protocol import GenerateJob, Prepare, Single


@dataclass(frozen=True)
class Patience:
    """How long what may take, in seconds; and when a worker has grown too large.

    ``silent``: no event and no heartbeat, the process stands still as a whole. ``stalled``:
    heartbeats, but no event, so no step, no megabyte hashed: a step of a large sheet on a
    slow CPU takes minutes, loading from a slow disk as well. ``back_off`` are the waits before a
    start, by how many deaths in a row came before it: none, one, two …. A worker that occupies
    ``growth`` times what it did after its first claim, and ``growth_bytes`` more, is renewed
    between claims.
    """

    heartbeat: float = 5.0
    silent: float = 300.0
    stalled: float = 1800.0
    back_off: tuple[float, ...] = (0.0, 1.0, 5.0, 15.0, 60.0)
    growth: float = 1.5
    growth_bytes: int = 2 * 2**30


class WorkerHung(WorkerDied):
    """A worker did not go on with its job and was ended for it."""


class Supervisor:
    """One place of a worker.

    :meth:`carry_out` is for one thread; :meth:`cancel`, :meth:`stop`, :meth:`kill` for any.
    """

    def __init__(
        self,
        folders: UserFolders,
        *,
        patience: Patience | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._folders = folders
        self._patience = patience or Patience()
        self._command = tuple(command)
        self._client: WorkerClient | None = None
        self._stopped = threading.Event()
        self._usual: int | None = None
        self.deaths = 0

    @property
    def log(self) -> Path | None:
        """The log of the worker that runs, or of the one that ran last."""
        return self._client.log if self._client else None

    @property
    def ready(self) -> bool:
        """Always: a process is started when the first claim comes."""
        return True

    @property
    def waits_for(self) -> str:
        return ""

    @property
    def pid(self) -> int | None:
        return self._client.pid if self._client else None

    @property
    def memory(self) -> int | None:
        """Bytes that the worker occupied at its last heartbeat."""
        return self._client.memory if self._client else None

    def prepare(self, job: GenerateJob) -> None:
        """Start the worker and have it load what ``job`` needs: its first claim begins sooner.

        Before :meth:`carry_out`, never while it goes on. Raises :class:`WorkerDied`,
        ``ProtocolError``, :class:`StorageProblem` where no worker can be started.
        """
        client = self._started(lambda: None)
        if client is not None:
            client.prepare(Prepare(engine=job.engine, model=job.model, options=job.options))

    def carry_out(
        self,
        jobs: Sequence[GenerateJob],
        *,
        batch: int = 1,
        idle: Callable[[], None] = lambda: None,
    ) -> Iterator[Event]:
        """Have ``jobs`` made; yields their events until each has had its final one.

        Starts a worker if there is none, after a pause that grows with the deaths in a row.
        Raises :class:`WorkerDied`, :class:`WorkerHung` for one that did not go on, and
        ``ProtocolError``; the next call starts anew. ``deaths`` counts them until a job
        finishes.
        """
        return self._converse(
            lambda client, tick: client.generate(jobs, batch=batch, phased=True, idle=tick), idle
        )

    def perform(
        self, command: Single, *, idle: Callable[[], None] = lambda: None
    ) -> Iterator[Event]:
        """Have one job of another kind done, under the same watch."""
        return self._converse(lambda client, tick: client.perform(command, idle=tick), idle)

    def _converse(
        self,
        start: Callable[[WorkerClient, Callable[[], None]], Iterator[Event]],
        idle: Callable[[], None],
    ) -> Iterator[Event]:
        try:
            client = self._started(idle)
            if client is None:
                return
            watch = _Watch(self._patience, client)

            def tick() -> None:
                watch.look()
                idle()

            for event in start(client, tick):
                watch.heard()
                if isinstance(event, Finished):
                    self.deaths = 0
                yield event
                tick()
        except WorkerDied as error:
            self.deaths += 1
            hung = self._end_after_death()
            if hung:
                raise WorkerHung(hung, exit_code=None, tail=error.tail, log=error.log) from error
            raise
        except ProtocolError:
            self.deaths += 1
            self._end_after_death()
            raise
        self._renew_if_grown(client)

    def cancel(self, job: str | None = None) -> None:
        """Stop ``job`` (None: all) between two steps; never blocks."""
        client = self._client
        if client is not None:
            client.cancel(job)

    def stop(self) -> None:
        """Stop everything between two steps and start no worker any more."""
        self._stopped.set()
        self.cancel()

    def kill(self) -> None:
        """End the worker at once and start none any more."""
        self._stopped.set()
        client = self._client
        if client is not None:
            client.kill()

    def close(self) -> None:
        """End the worker; the next :meth:`carry_out` starts another one."""
        client, self._client, self._usual = self._client, None, None
        if client is not None:
            client.close()

    def _started(self, idle: Callable[[], None]) -> WorkerClient | None:
        """A worker that runs; None when it was stopped while it waited to start one."""
        if self._client is not None and self._client.alive:
            return self._client
        self.close()
        waits = self._patience.back_off
        end = time.monotonic() + waits[min(self.deaths, len(waits) - 1)]
        while not self._stopped.is_set() and time.monotonic() < end:
            idle()
            self._stopped.wait(0.1)
        if self._stopped.is_set():
            return None
        client = WorkerClient(
            self._folders,
            command=self._command,
            heartbeat_seconds=self._patience.heartbeat,
        )
        self._client = client
        client.start()
        return client

    def _end_after_death(self) -> str:
        """Get rid of the process; why it was ended by us, empty if it died by itself."""
        client, self._usual = self._client, None
        if client is None:
            return ""
        client.close(patience=0.0)
        return client.ended_because

    def _renew_if_grown(self, client: WorkerClient) -> None:
        """Memory that grows with every set would end the night: a fresh process has none of it."""
        memory = client.memory
        if memory is None:
            return
        if self._usual is None:
            self._usual = memory
        most = max(self._usual * self._patience.growth, self._usual + self._patience.growth_bytes)
        if memory > most:
            self.close()


class _Watch:
    """Ends a worker that says nothing for too long.

    Adds up the time between looks, at most a second each: a laptop's sleep, or a parent
    that had no time to look, is no silence of the worker's.
    """

    def __init__(self, patience: Patience, client: WorkerClient) -> None:
        self._patience = patience
        self._client = client
        self._beats = client.heartbeats
        self._looked = time.monotonic()
        self._without_beat = 0.0
        self._without_event = 0.0

    def heard(self) -> None:
        self._without_beat = self._without_event = 0.0

    def look(self) -> None:
        moment = time.monotonic()
        passed, self._looked = min(moment - self._looked, 1.0), moment
        self._without_event += passed
        self._without_beat += passed
        if self._client.heartbeats != self._beats:
            self._beats, self._without_beat = self._client.heartbeats, 0.0
        if self._without_beat > self._patience.silent:
            self._client.end(f"The worker gave no sign of life for {self._without_beat:.0f} s.")
        elif self._without_event > self._patience.stalled:
            self._client.end(f"The worker made no step for {self._without_event:.0f} s.")
