"""The parent's side of a worker: starts it, speaks with it, and always gets rid of it.

Three threads' worth of waiting is kept out of the caller's way: one reads replies, one
writes commands (so that :meth:`WorkerClient.cancel` never blocks and may be called from
any thread or signal handler), and the caller polls a queue. However the worker ends, the
caller learns of it within a moment: it never waits on a dead process.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self

from .. import __version__
from ..domain.events import Event, Final
from ..errors import InternalError, ProtocolError, WorkerDied
from ..paths import UserFolders
from .environment import child_environment
from .logs import new_log, tail
from .pipes import Ended, Said, hear, how_it_ended, kill, speak
from .protocol import (
    Cancel,
    Command,
    Generate,
    GenerateJob,
    Heartbeat,
    Hello,
    Prepare,
    Ready,
    Refused,
    Shutdown,
    Single,
    encode,
    portions,
)

COMMAND = (sys.executable, "-P", "-m", "icl_studio.worker")
"""``-P``: a ``types.py`` in the user's current folder must not shadow a module."""

HANDSHAKE_SECONDS = 60.0
CLOSE_SECONDS = 10.0
_POLL = 0.1


class WorkerClient:
    """One worker process and the conversation with it; a context manager.

    ``folders`` says where its log goes and where hashes are cached. One caller at a time
    iterates :meth:`generate`; :meth:`cancel` may come from anywhere. With
    ``heartbeat_seconds`` the worker tells regularly that it lives and what memory it
    occupies: ``heartbeats`` counts them, ``memory`` is the last one's, in bytes.
    """

    def __init__(
        self,
        folders: UserFolders,
        *,
        command: Sequence[str] = COMMAND,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        heartbeat_seconds: float | None = None,
    ) -> None:
        self._folders = folders
        self._command = tuple(command)
        self._handshake_seconds = handshake_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._said: SimpleQueue[Said] = SimpleQueue()
        self._to_say: SimpleQueue[bytes | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.log: Path | None = None
        self.heartbeats = 0
        self.memory: int | None = None
        self.ended_because = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # On an error, Ctrl-C included, nobody waits for the step under way.
        self.close(patience=CLOSE_SECONDS if kind is None else 1.0)

    @property
    def pid(self) -> int | None:
        """The worker's process id, None before :meth:`start` and after :meth:`close`."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Ready:
        """Start the process and shake hands. Nothing heavy is loaded yet.

        Raises :class:`WorkerDied`, :class:`ProtocolError` (another version, no answer in
        time) and :class:`StorageProblem` (no place for the log).
        """
        if self._process is not None:
            raise InternalError("This worker has been started already.")
        self._launch()
        try:
            cache, beat = self._folders.cache, self._heartbeat_seconds
            self._say(Hello(hashes=cache / "hashes.sqlite", cache=cache, heartbeat=beat))
            reply = self._next(time.monotonic() + self._handshake_seconds)
            if not isinstance(reply, Ready):
                raise ProtocolError(f"The worker answered hello with {reply.type!r}.")
            theirs = reply.versions.get("icl-studio")
            if theirs != __version__:
                raise ProtocolError(
                    f"The worker is ICL Studio {theirs}, this is {__version__}: two versions are "
                    "mixed. Install it anew."
                )
        except BaseException:
            self.close(patience=0.0)
            raise
        return reply

    def prepare(self, command: Prepare) -> None:
        """Have an engine loaded beforehand; never blocks, nothing is answered."""
        self._say(command)

    def generate(
        self,
        jobs: Sequence[GenerateJob],
        *,
        batch: int = 1,
        phased: bool = False,
        idle: Callable[[], None] = lambda: None,
    ) -> Iterator[Event]:
        """Have ``jobs`` made; yields their events until each has had its final one.

        ``phased``: a claim of the queue, whose jobs come again after a stop; what of them has
        been denoised by then is kept. ``idle`` is called in the caller's thread ten times a
        second while nothing is said.

        Raises :class:`WorkerDied` as soon as the process is gone, and
        :class:`RequestInvalid` for a job that no line can hold. Whoever stops iterating
        early cancels the rest.
        """
        pending = {job.id for job in jobs}
        if len(pending) != len(jobs):
            raise InternalError("Two jobs have the same id.")
        if not jobs:
            return
        for some in list(portions(jobs, batch)):
            self._say(Generate(jobs=some, batch=batch, phased=phased))
        yield from self._heard(pending, idle)

    def perform(
        self, command: Single, *, idle: Callable[[], None] = lambda: None
    ) -> Iterator[Event]:
        """Have one job of another kind done; yields events as :meth:`generate` does.

        Raises ``ProtocolError`` for one that no line can hold.
        """
        self._say(command)
        yield from self._heard({command.job.id}, idle)

    def _heard(self, pending: set[str], idle: Callable[[], None]) -> Iterator[Event]:
        """Events of the jobs ``pending`` until each has had its final one."""
        try:
            while pending:
                event = self._next(idle=idle)
                if isinstance(event, Ready):
                    raise ProtocolError("The worker greeted twice.")
                if event.job not in pending:
                    continue  # late words about a job of an earlier call
                if isinstance(event, Final):
                    pending.discard(event.job)
                yield event
        finally:
            if pending:
                self.cancel()

    def cancel(self, job: str | None = None) -> None:
        """Ask for ``job`` (None: all) to stop between two steps; never blocks."""
        self._say(Cancel(job=job))

    def close(self, patience: float = CLOSE_SECONDS) -> None:
        """End the worker: politely, after ``patience`` seconds less so. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        self._say(Cancel())
        self._say(Shutdown())
        self._to_say.put(None)
        for ask, seconds in ((None, patience), (process.terminate, min(2.0, patience))):
            if ask is not None:
                ask()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds)
                break
        else:
            kill(process)
        process.wait()
        for thread in self._threads:
            thread.join(timeout=2)
        # A stream that a thread still reads cannot be closed without waiting for it.
        if process.stdout is not None and not self._threads[0].is_alive():
            process.stdout.close()

    def kill(self) -> None:
        """End the worker at once; whoever iterates :meth:`generate` gets ``WorkerDied``."""
        if self._process is not None:
            kill(self._process)

    def end(self, because: str) -> None:
        """:meth:`kill`, with the reason that its death is told with."""
        self.ended_because = because
        self.kill()

    def _launch(self) -> None:
        self.log = new_log(self._folders.logs)
        with self.log.open("wb") as log:
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=child_environment(),
                # A group of its own: Ctrl-C in the terminal reaches the parent alone.
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        assert process.stdin is not None and process.stdout is not None
        self._said, self._to_say = SimpleQueue(), SimpleQueue()
        self._threads = [
            threading.Thread(target=hear, args=(process.stdout, self._said), daemon=True),
            threading.Thread(target=speak, args=(process.stdin, self._to_say), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _say(self, command: Command) -> None:
        self._to_say.put(encode(command))

    def _next(
        self, deadline: float | None = None, idle: Callable[[], None] = lambda: None
    ) -> Ready | Event:
        """The next reply. Polls, so that Ctrl-C is heard on Windows as well."""
        while True:
            alive = self.alive
            try:
                said = self._said.get(timeout=_POLL)
            except Empty:
                idle()
                # Its stdout may be held open by a process that a library started: a dead
                # worker that has nothing more to say is dead all the same.
                if not alive:
                    raise self._died() from None
                if deadline is not None and time.monotonic() > deadline:
                    raise ProtocolError(
                        f"The worker did not answer within {self._handshake_seconds:g} seconds; "
                        f"its log is {self.log}."
                    ) from None
                continue
            if isinstance(said, Ended):
                raise self._died()
            if isinstance(said, Heartbeat):
                self.heartbeats += 1
                self.memory = said.memory
                continue
            if isinstance(said, ProtocolError):
                raise said
            if isinstance(said, Refused):
                raise ProtocolError(f"The worker refused what it was told: {said.message}")
            return said

    def _died(self) -> WorkerDied:
        """The error that tells how the worker ended, with the end of its log."""
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(timeout=2)
        last = tail(self.log) if self.log else ""
        message = f"The worker process {how_it_ended(code)} before it had finished."
        if last:
            message += f" The end of its log, {self.log}:\n{last}"
        return WorkerDied(message, exit_code=code, tail=last, log=self.log)
