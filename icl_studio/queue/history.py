"""How long jobs will take, from how long such jobs took before."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from . import sql
from .store import Store


@dataclass(frozen=True)
class Estimate:
    """Seconds for the waiting jobs on one worker; ``unknown`` jobs have no history to go by.

    ``measured`` is how many finished jobs it rests on.
    """

    seconds: float
    measured: int
    jobs: int
    unknown: int


def estimate(store: Store, workers: int = 1) -> Estimate:
    """The time for everything that waits, shared by ``workers``; loading is not counted.

    Time is taken as proportional to steps times image tokens; per model, the median of its
    last fifty jobs.
    """
    seconds, measured, jobs, unknown = 0.0, 0, 0, 0
    paces: dict[str, list[float]] = {}
    for row in store.database.rows(sql.AHEAD):
        model = row["model"]
        if model not in paces:
            found = store.database.rows(sql.PACE, {"model": model})
            paces[model] = [pace["pace"] for pace in found]
            measured += len(paces[model])
        jobs += row["n"]
        if paces[model]:
            seconds += row["work"] * median(paces[model])
        else:
            unknown += row["n"]
    return Estimate(seconds / max(1, workers), measured, jobs, unknown)


def pace_of(store: Store, model: str, engine: str) -> float | None:
    """Seconds for a step and an image token on ``model`` where jobs asked for ``engine``.

    The median of twenty of its last two hundred jobs; None where none was timed.
    """
    found = store.database.rows(sql.PACE_ON, {"model": model, "engine": engine})
    return median(row["pace"] for row in found) if found else None


@dataclass(frozen=True)
class ModelPace:
    """What the finished jobs of a model took: ``seconds`` each, without loading."""

    model: str
    jobs: int
    seconds: float
    attempts: int


def pace_by_model(store: Store) -> list[ModelPace]:
    """One line a model, that of the most jobs first."""
    return [
        ModelPace(row["model"], row["n"], row["mean"] or 0.0, row["attempts"])
        for row in store.database.rows(sql.STATS)
    ]
