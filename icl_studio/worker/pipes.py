"""The two threads at the pipes of a worker process, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from queue import SimpleQueue
from typing import IO

from ..errors import ProtocolError
from .protocol import Reply, decode_reply, read_line


class Ended:
    """The worker's stdout came to its end."""


Said = Reply | ProtocolError | Ended
"""What the reading thread hands on."""


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the worker and, where it leads a process group, whatever its libraries started."""
    if sys.platform == "win32":
        process.kill()
    elif process.poll() is None:  # not reaped yet, so the number is still its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def how_it_ended(code: int | None) -> str:
    """An exit code in words; None for a process that still runs but closed its stdout."""
    if code is None:
        return "closed its output"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"


def hear(stream: IO[bytes], said: SimpleQueue[Said]) -> None:
    """The reading thread: every line as what it says, until the stream ends."""
    try:
        while line := read_line(stream):  # type: ignore[arg-type]
            said.put(decode_reply(line))
    except ProtocolError as error:
        said.put(error)
    except (OSError, ValueError):  # closed under us
        pass
    finally:
        said.put(Ended())


def speak(stream: IO[bytes], to_say: SimpleQueue[bytes | None]) -> None:
    """The writing thread; a worker that is gone is noticed by the reading one."""
    try:
        while (line := to_say.get()) is not None:
            stream.write(line)
            stream.flush()
    except (OSError, ValueError):
        pass
    finally:
        with contextlib.suppress(OSError, ValueError):
            stream.close()
