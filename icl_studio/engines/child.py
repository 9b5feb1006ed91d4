"""Work on engines in a process of its own: what it loads and its memory go with it.

The child reads one job (JSON, one line) from stdin and answers in JSON lines: ``{"phase": …}``
as it goes, then ``{"answer": …}`` or ``{"error": …, "fix": …}``. Whatever libraries print on
stdout goes to stderr. Its stdin stays open while somebody waits for the answer: a parent that is
killed ends the child too. A child that is killed leaves a half-built folder that nobody takes for
an engine; the next build of it sweeps it away.
"""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import IO, Any

from ..domain.problems import UserError
from ..errors import WorkerDied

TAIL = 2000
GRACE = 10.0
"""Seconds that a stopped child has to remove what it began."""
STOPPED = 130
KILLED = -9
"""How a process ends that the system killed (POSIX)."""
TICK = 0.2
"""Seconds between two looks whether the work is still wanted."""
Say = Callable[[str], None]


def run_child(
    module: str, job: str, say: Say, what: str, idle: Callable[[], None] = lambda: None
) -> Any:
    """Carry out ``job`` (JSON) by ``python -m module`` and return its answer.

    ``what`` completes "… ended without an answer". Raises what the child refused as
    :class:`UserError`, and :class:`WorkerDied` with the end of the child's words when it ended
    without an answer. ``idle`` is called several times a second; what it raises ends the work
    and is passed on. On any way out the child has ended.
    """
    # Its stderr goes to a file: a full pipe that nobody reads would stop it for good.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONUTF8": "1"},
        ) as child,
    ):
        try:
            return _follow(child, job, say, said, what, idle)
        finally:
            _end(child)


def _end(child: subprocess.Popen[str]) -> None:
    """Let a child that still works tidy up, but not for long."""
    try:
        child.terminate()
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        child.kill()


def _follow(
    child: subprocess.Popen[str],
    job: str,
    say: Say,
    said: IO[bytes],
    what: str,
    idle: Callable[[], None],
) -> Any:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died at once: told below
        child.stdin.write(job + "\n")
        child.stdin.flush()
    words: dict[str, Any] = {}
    for line in _lines(child, idle):
        words = json.loads(line)
        if "phase" in words:
            say(words["phase"])
    if "answer" in words:
        return words["answer"]
    if "error" in words:
        raise UserError(words["error"], fix=words["fix"])
    code = child.wait()
    said.seek(max(0, said.seek(0, os.SEEK_END) - TAIL))
    tail = said.read().decode("utf-8", errors="replace")
    last = (tail.strip().splitlines() or ["it said nothing"])[-1]
    if code == KILLED:
        last = "it was killed, as systems do when memory runs out; close other programs"
    raise WorkerDied(
        f"{what} ended without an answer (exit code {code}): {last}", exit_code=code, tail=tail
    )


def _lines(child: subprocess.Popen[str], idle: Callable[[], None]) -> Iterator[str]:
    """What the child says, line by line; ``idle`` is called while it says nothing."""
    lines: SimpleQueue[str | None] = SimpleQueue()

    def read() -> None:
        assert child.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed under us: nobody listens any more
            for line in child.stdout:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="answers", daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=TICK)
        except Empty:
            idle()
            continue
        if line is None:
            return
        yield line


def serve(carry_out: Callable[[str, Say], Any]) -> None:
    """The child's side: carry out the job from stdin and answer as described above.

    ``carry_out`` gets the job's JSON and a function that is told each phase; it returns what
    is to be answered (JSON). SIGTERM stops it as Ctrl-C does, so that it tidies up; so does the
    end of stdin, which comes when the parent has gone.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    try:
        job = sys.stdin.readline()
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
        result = carry_out(job, lambda phase: answer(phase=phase))
    except UserError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        answer(error=error.message + problems, fix=error.fix)
    except KeyboardInterrupt:
        sys.exit(STOPPED)  # whoever stopped it knows
    else:
        answer(answer=result)


def _end_with_parent() -> None:
    """Wait for the end of stdin, then stop the work; by force where it does not hear.

    Reads past Python's buffer: a thread that holds that one's lock would break the exit.
    """
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # a real signal, which wakes a call that waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(GRACE)
    os._exit(STOPPED)
