"""The worker's two threads: one reads commands, the other carries them out.

The reader hands commands on in order, but acts on a cancel and on the end of stdin at
once, so that they are seen between two steps. The end of stdin means that the parent is
gone, however it died: everything is cancelled and the worker ends.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from .. import __version__
from ..errors import ProtocolError
from ..sets.receipt import weight_files
from .cancellation import Cancellation
from .captioning import Captioning
from .journey import Journey
from .kit import Kit, new_kit
from .memory import own_memory
from .protocol import (
    PROTOCOL_VERSION,
    Cancel,
    Caption,
    Command,
    Generate,
    Heartbeat,
    Hello,
    Prepare,
    Ready,
    Refused,
    Reply,
    Shutdown,
    Train,
    decode_command,
    encode,
    read_line,
)
from .training import Training

log = logging.getLogger(__name__)

ORPHAN_GRACE = 20.0
"""Seconds that an orphaned worker may spend in one step before it is ended in its midst."""


class Channel:
    """Sends replies from any thread, each as one whole line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, reply: Reply) -> None:
        """Write ``reply``. A reader that is gone is no error: stdin ends at the same time."""
        line = encode(reply)
        try:
            with self._lock:
                self._write(line)
        except OSError as error:
            log.warning("nobody reads the replies any more: %s", error)

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:  # an unbuffered stream may take a part only
            rest = rest[self._stream.write(rest) or 0 :]


class Loop:
    """Reads, carries out, replies, until it is told to stop or nobody is there any more."""

    def __init__(self, commands: BinaryIO, replies: BinaryIO) -> None:
        self._commands = commands
        self._channel = Channel(replies)
        self._todo: SimpleQueue[Command] = SimpleQueue()
        self._cancellation = Cancellation()

    def run(self) -> None:
        """Work until the end. The reading thread may still sit in a read then."""
        signal.signal(signal.SIGTERM, self._terminate)
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        hello = self._todo.get()
        if not isinstance(hello, Hello):
            self._refuse_first(hello)
            return
        self._channel.send(Ready(pid=os.getpid(), versions=versions()))
        if hello.heartbeat is not None:
            beat = threading.Thread(target=self._beat, args=(hello.heartbeat,), daemon=True)
            beat.start()
        kit = new_kit(hello)
        while isinstance(command := self._todo.get(), Prepare | Generate | Train | Caption):
            if isinstance(command, Prepare):
                prepare(command, kit)
                continue
            if isinstance(command, Train):
                kit.warm.drop()  # the memory is needed
                Training(command.job, kit.hashes, self._cancellation, self._channel.send).go()
                continue
            if isinstance(command, Caption):
                kit.warm.drop()
                Captioning(command.job, self._cancellation, self._channel.send).go()
                continue
            Journey(command, kit=kit, cancellation=self._cancellation, send=self._channel.send).go()
        kit.warm.drop()

    def _beat(self, seconds: float) -> None:
        """The heartbeat's thread: ends with the process."""
        while True:
            self._channel.send(Heartbeat(memory=own_memory()))
            time.sleep(seconds)

    def _refuse_first(self, first: Command) -> None:
        if not isinstance(first, Shutdown):
            self._channel.send(Refused(message=f"The first line must be hello, not {first.type}."))

    def _read(self) -> None:
        """The reading thread: ends with stdin."""
        while True:
            try:
                line = read_line(self._commands)
                if not line:
                    break
                self._take(decode_command(line))
            except ProtocolError as error:
                log.error("%s", error)
                self._channel.send(Refused(message=str(error)))
        self._orphaned()

    def _take(self, command: Command) -> None:
        match command:
            case Cancel(job=job):
                self._cancellation.cancel(job)
            case Generate(jobs=jobs):
                self._cancellation.announce(job.id for job in jobs)
                self._todo.put(command)
            case Train(job=job) | Caption(job=job):
                self._cancellation.announce([job.id])
                self._todo.put(command)
            case Hello() | Prepare() | Shutdown():
                self._todo.put(command)

    def _orphaned(self) -> None:
        """The parent closed our stdin or died: stop between two steps, or else at once."""
        self._stop()
        timer = threading.Timer(ORPHAN_GRACE, os._exit, args=(1,))
        timer.daemon = True
        timer.start()

    def _terminate(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        # Called from a signal handler too: neither of these takes a lock.
        self._cancellation.close()
        self._todo.put(Shutdown())


def prepare(command: Prepare, kit: Kit) -> None:
    """Load what ``command`` names and hash its weights, as the first job would."""
    try:
        engine = kit.warm.get(command.engine, command.model, command.options)
        for file in weight_files(engine.facts, command.model):
            kit.hashes.sha256(file)
    except Exception:
        # Nobody waits for this: the job that needs it meets the same error, and tells it.
        log.exception("%s could not be loaded beforehand", command.model.spec.id)


def versions() -> dict[str, str]:
    """What :class:`Ready` says of the worker; nothing heavy is imported for it."""
    return {
        "icl-studio": __version__,
        "protocol": str(PROTOCOL_VERSION),
        "python": platform.python_version(),
        "module": str(Path(__file__).resolve().parent),
    }
