"""An export in a process of its own: torch is loaded there, and its memory goes with it.

The child reads one :class:`ExportJob` from stdin and answers in JSON lines: ``{"phase": …}`` as
it goes, then ``{"engine": …}`` or ``{"error": …, "fix": …}``. Whatever libraries print on stdout
goes to stderr. A child that is killed leaves a half-built folder that nobody takes for an
engine; the next build of it sweeps it away.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from ..domain.problems import Frozen, UserError
from ..errors import WorkerDied
from .protocol import EngineSpec, LocatedModel
from .store import EngineStore, StoredEngine

TAIL = 2000


class Exporter(Protocol):
    """What :attr:`EngineSpec.exporter` names."""

    def __call__(
        self, model: LocatedModel, store: EngineStore, *, max_rank: int, say: Callable[[str], None]
    ) -> StoredEngine:
        """Export ``model`` into ``store``; ``say`` is told each phase as it begins."""
        ...


class ExportJob(Frozen):
    """One export: which engine, of which model, into which store."""

    engine: EngineSpec
    model: LocatedModel
    store: Path
    max_rank: int


def run_export(job: ExportJob, say: Callable[[str], None]) -> StoredEngine:
    """Carry out ``job`` in a child process and return the engine as it stands in the store.

    Raises what the exporter refused as :class:`UserError`, and :class:`WorkerDied` with the end
    of the child's words when it ended without an answer. On any way out the child has ended.
    """
    command = [sys.executable, "-P", "-m", "icl_studio.engines.exporting"]
    # Its stderr goes to a file: a full pipe that nobody reads would stop it for good.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONUTF8": "1"},
        ) as child,
    ):
        try:
            return _follow(child, job, say, said)
        finally:
            child.kill()


def _follow(
    child: subprocess.Popen[str], job: ExportJob, say: Callable[[str], None], said: IO[bytes]
) -> StoredEngine:
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # it died at once: told below
        child.stdin.write(job.model_dump_json() + "\n")
        child.stdin.close()
    words: dict[str, str] = {}
    for line in child.stdout:
        words = json.loads(line)
        if "phase" in words:
            say(words["phase"])
    if "engine" in words:
        return EngineStore(job.store).get(words["engine"])
    if "error" in words:
        raise UserError(words["error"], fix=words["fix"])
    code = child.wait()
    said.seek(max(0, said.seek(0, os.SEEK_END) - TAIL))
    tail = said.read().decode("utf-8", errors="replace")
    last = (tail.strip().splitlines() or ["it said nothing"])[-1]
    raise WorkerDied(
        f"The export ended without an answer (exit code {code}): {last}", exit_code=code, tail=tail
    )


def main() -> None:
    """The child: one job from stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**words: str) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    job = ExportJob.model_validate_json(sys.stdin.readline())
    assert job.engine.exporter is not None
    module, _, name = job.engine.exporter.partition(":")
    try:
        exporter: Exporter = getattr(importlib.import_module(module), name)
        made = exporter(
            job.model,
            EngineStore(job.store),
            max_rank=job.max_rank,
            say=lambda phase: answer(phase=phase),
        )
    except UserError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        answer(error=error.message + problems, fix=error.fix)
    else:
        answer(engine=made.name)


if __name__ == "__main__":
    main()
