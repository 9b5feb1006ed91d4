"""Work on engines in a process of its own: what it loads and its memory go with it.

The child reads one job (JSON, one line) from stdin and answers in JSON lines: ``{"phase": …}``
as it goes, then ``{"answer": …}`` or ``{"error": …, "fix": …}``. Whatever libraries print on
stdout goes to stderr. A child that is killed leaves a half-built folder that nobody takes for an
engine; the next build of it sweeps it away.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO, Any

from ..domain.problems import UserError
from ..errors import WorkerDied

TAIL = 2000
Say = Callable[[str], None]


def run_child(module: str, job: str, say: Say, what: str) -> Any:
    """Carry out ``job`` (JSON) by ``python -m module`` and return its answer.

    ``what`` completes "… ended without an answer". Raises what the child refused as
    :class:`UserError`, and :class:`WorkerDied` with the end of the child's words when it ended
    without an answer. On any way out the child has ended.
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
            return _follow(child, job, say, said, what)
        finally:
            child.kill()


def _follow(child: subprocess.Popen[str], job: str, say: Say, said: IO[bytes], what: str) -> Any:
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # it died at once: told below
        child.stdin.write(job + "\n")
        child.stdin.close()
    words: dict[str, Any] = {}
    for line in child.stdout:
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
    raise WorkerDied(
        f"{what} ended without an answer (exit code {code}): {last}", exit_code=code, tail=tail
    )


def serve(carry_out: Callable[[str, Say], Any]) -> None:
    """The child's side: carry out the job from stdin and answer as described above.

    ``carry_out`` gets the job's JSON and a function that is told each phase; it returns what
    is to be answered (JSON).
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    try:
        result = carry_out(sys.stdin.readline(), lambda phase: answer(phase=phase))
    except UserError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        answer(error=error.message + problems, fix=error.fix)
    else:
        answer(answer=result)
