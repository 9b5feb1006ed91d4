"""How long each engine took, as measured on this machine: what ``--engine auto`` goes by.

One file of the user's data, the latest runs of ``engines bench``. A file that cannot be read is
as good as none: nothing but a choice depends on it, and the next run writes a fresh one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from ..domain.geometry import Size
from ..domain.problems import Frozen
from .hardware import Machine
from .store.disk import settle, storage

KEPT = 64
FAR = 2.0
"""A canvas of this many times the tokens, or more, says nothing about another."""


class Timing(Frozen):
    """One engine in a run: seconds of a sheet (median); ``stored`` is its name in the store."""

    engine: str
    stored: str = ""
    seconds_per_sheet: float


class TimedRun(Frozen):
    """Engines that were timed in turns, so that what else the machine did met all of them.

    ``options`` are the device and the precision that were asked for.
    """

    created: str
    model: str
    machine: str
    options: tuple[str | None, str | None] = (None, None)
    canvas: Size
    timings: tuple[Timing, ...]

    def of(self, engine: str, stored: str = "") -> Timing | None:
        """The timing of an engine; None when it was not part of the run."""
        found = (one for one in self.timings if (one.engine, one.stored) == (engine, stored))
        return next(found, None)


class Times(Frozen):
    """The file's content, oldest run first."""

    runs: tuple[TimedRun, ...] = ()


def machine_key(machine: Machine) -> str:
    """Processor and cards: times of another are worth nothing."""
    return " + ".join((machine.processor, *(gpu.name for gpu in machine.gpus)))


def read_times(path: Path) -> Times:
    """The runs in ``path``; none where the file is not there or not to be read."""
    try:
        return Times.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        return Times()


def add_run(path: Path, run: TimedRun) -> None:
    """Put ``run`` last, in one step. Raises ``StorageProblem``; then the file is as before."""
    times = Times(runs=(*read_times(path).runs, run)[-KEPT:])
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with storage("keeping what was measured", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_text(times.model_dump_json(indent=2) + "\n", encoding="utf-8")
            settle(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def runs_like(
    times: Times, model: str, machine: str, options: tuple[str | None, str | None], canvas: Size
) -> list[TimedRun]:
    """Runs of this model and machine at about this size: the nearest size first, then newest."""

    def distance(run: TimedRun) -> float:
        return abs(math.log(run.canvas.tokens / canvas.tokens))

    def newest_first(runs: Iterable[TimedRun]) -> list[TimedRun]:
        return sorted(runs, key=lambda run: run.created, reverse=True)

    fitting = [
        run
        for run in times.runs
        if (run.model, run.machine, run.options) == (model, machine, options)
        and min(run.canvas.tokens, canvas.tokens) > 0
        and distance(run) < math.log(FAR)
    ]
    return sorted(newest_first(fitting), key=distance)
