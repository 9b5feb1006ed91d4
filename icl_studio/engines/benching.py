"""One engine being timed, in a process of its own: it is loaded there and waits to be told.

The parent writes one word a line: ``sheet`` (a whole one, answered with its seconds and those of a
step), ``swap`` (binding a LoRA that is in memory already), ``end``. So several engines, each in
its own process, take turns. The answers are JSON lines; anything that libraries print goes to
stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..domain.geometry import Size
from ..domain.model import Sampling
from ..domain.problems import Frozen, UserError
from ..errors import WorkerDied
from .child import TAIL
from .hardware import peak_mb
from .named import named
from .protocol import AdapterFile, DenoiseItem, Engine, EngineOptions, EngineSpec, LocatedModel

SEED = 7


class BenchJob(Frozen):
    """One engine and the sheet that it is timed with; ``lora`` is what ``swap`` binds."""

    engine: EngineSpec
    model: LocatedModel
    options: EngineOptions
    caption: str
    canvas: Size
    sampling: Sampling
    lora: Path


class Timed:
    """The parent's side of one engine."""

    def __init__(self, child: subprocess.Popen[str], said: Any) -> None:
        self._child = child
        self._said = said

    def ask(self, word: str) -> dict[str, Any]:
        """Tell the child ``word`` and return its answer.

        Raises what the engine refused as :class:`UserError`, :class:`WorkerDied`.
        """
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: told by what follows
            self._child.stdin.write(word + "\n")
            self._child.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer; the first comes when the engine is loaded."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if line:
            words: dict[str, Any] = json.loads(line)
            if "error" in words:
                raise UserError(words["error"], fix=words["fix"])
            return words
        code = self._child.wait()
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - TAIL))
        tail = self._said.read().decode("utf-8", errors="replace")
        last = (tail.strip().splitlines() or ["it said nothing"])[-1]
        raise WorkerDied(
            f"The engine ended without an answer (exit code {code}): {last}",
            exit_code=code,
            tail=tail,
        )


@contextmanager
def timed(job: BenchJob) -> Iterator[Timed]:
    """The engine of ``job`` in a child process, not loaded yet; ended on any way out."""
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "icl_studio.engines.benching"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONUTF8": "1"},
        ) as child,
    ):
        try:
            assert child.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(job.model_dump_json() + "\n")
                child.stdin.flush()
            yield Timed(child, said)
        finally:
            child.kill()


def main() -> None:
    """The child."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    try:
        job = BenchJob.model_validate_json(sys.stdin.readline())
        create = named(job.engine.factory)
        began = time.perf_counter()
        engine: Engine = create(job.model, job.options)
        seconds = time.perf_counter() - began
        answer(loaded=seconds, files=[str(path) for path in engine.facts.files])
        for line in sys.stdin:
            word = line.strip()
            if word == "end":
                break
            answer(**(_swap(engine, job) if word == "swap" else _sheet(engine, job)))
    except UserError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        answer(error=error.message + problems, fix=error.fix)


def _sheet(engine: Engine, job: BenchJob) -> dict[str, Any]:
    """From caption to picture, which is in this machine's memory at the end."""
    began = time.perf_counter()
    (conditioning,) = engine.encode([job.caption])
    item = DenoiseItem(
        conditioning=conditioning, canvas=job.canvas, seed=SEED, sampling=job.sampling
    )
    drawing = time.perf_counter()
    latents = engine.denoise([item])
    # Engines look at the latents before they give them back, so a GPU is done by now.
    drawn = time.perf_counter()
    engine.decode(latents)
    return {
        "sheet": time.perf_counter() - began,
        "step": (drawn - drawing) / job.sampling.steps,
        "peak_mb": peak_mb(),
    }


def _swap(engine: Engine, job: BenchJob) -> dict[str, Any]:
    """Milliseconds to bind a LoRA whose file was read before."""
    lora = [AdapterFile(path=job.lora)]
    engine.use_adapters(lora)
    engine.use_adapters([])
    began = time.perf_counter()
    engine.use_adapters(lora)
    found = (time.perf_counter() - began) * 1000
    engine.use_adapters([])
    return {"swap_ms": found}


if __name__ == "__main__":
    main()
