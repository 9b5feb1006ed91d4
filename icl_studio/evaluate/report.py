"""What came out of an evaluation: figures by name, and the sets behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from ..domain.problems import Frozen
from ..engines.metrics import About, DrawnSet, Score
from .intervals import mean, share


class Figure(Frozen):
    """One figure: mean, 95 % interval, what guessing would give, and of how much it is the mean.

    ``n`` scores of ``sets`` sets, by the metric ``metric``. ``chance`` is None where the metric
    cannot say, ``low`` and ``high`` where there is one set.
    """

    value: float
    low: float | None
    high: float | None
    chance: float | None = None
    n: int
    sets: int
    metric: str


class JudgedSet(Frozen):
    """A finished set with everything that any metric said of it, by metric."""

    folder: Path
    seed: int
    drawn: DrawnSet
    scores: dict[str, tuple[Score, ...]]

    @property
    def goodness(self) -> float:
        """The mean of its scores on adherence, consistency and diversity, each counting alike.

        Shares where a set has any (other figures have no common scale). Sorts sets on the page.
        """
        every = [score for scores in self.scores.values() for score in scores]
        every = [score for score in every if score.share] or every
        means = []
        for about in ("adherence", "consistency", "diversity"):
            values = [score.value for score in every if score.about == about]
            means += [sum(values) / len(values)] if values else []
        return sum(means) / len(means) if means else 0.0


class Report(Frozen):
    """The result of ``icl-studio evaluate``, whole: its JSON has exactly these keys.

    ``n`` sets were judged of ``asked``; fewer when it was ``stopped`` or sets failed. Figures of
    ``whole`` are of whole sets (``exact``: precisely the asked subject in all panels).
    ``metrics`` holds what each metric says of itself, such as its own accuracy. ``overall`` has one
    figure for each of adherence, consistency and diversity (:func:`overall`).
    """

    task: str
    n: int
    asked: int
    seed: int
    model: str
    adapters: tuple[str, ...] = ()
    engine: str
    steps: int
    requests: str
    adherence: dict[str, Figure]
    consistency: dict[str, Figure]
    diversity: dict[str, Figure]
    whole: dict[str, Figure]
    overall: dict[str, Figure] = Field(default_factory=dict)
    metrics: dict[str, dict[str, Any]]
    seconds: dict[str, float]
    stopped: bool = False
    failed: tuple[str, ...] = ()
    folder: Path
    sets: tuple[dict[str, Any], ...] = ()


def figures(judged: Sequence[JudgedSet], about: About, seed: int) -> dict[str, Figure]:
    """All figures about ``about``, by name, in the order in which metrics first gave them.

    A name that two metrics give is theirs as ``name (metric)``.
    """
    found: dict[tuple[str, str], list[list[Score]]] = {}
    for one in judged:
        for metric, scores in one.scores.items():
            mine: dict[str, list[Score]] = {}
            for score in scores:
                if score.about == about:
                    mine.setdefault(score.name, []).append(score)
            for name, some in mine.items():
                found.setdefault((name, metric), []).append(some)
    names = [name for name, _ in found]
    return {
        name if names.count(name) == 1 else f"{name} ({metric})": _figure(groups, metric, seed)
        for (name, metric), groups in found.items()
    }


def overall(judged: Sequence[JudgedSet], seed: int) -> dict[str, Figure]:
    """One figure for each group: the share of all its scores that are right, over sets.

    Figures that are no shares have no common scale: they count only where a group has a single
    one and no shares.
    """
    abouts: tuple[About, ...] = ("adherence", "consistency", "diversity")
    found: dict[str, Figure] = {}
    for about in abouts:
        said = [
            [(m, s) for m, scores in one.scores.items() for s in scores if s.about == about]
            for one in judged
        ]
        names = {(metric, score.name) for some in said for metric, score in some}
        if len(names) > 1:
            said = [[(m, s) for m, s in some if s.share] for some in said]
        groups = [[score for _, score in some] for some in said if some]
        if groups:
            metrics = {metric for some in said for metric, _ in some}
            found[about] = _figure(groups, ", ".join(sorted(metrics)), seed)
    return found


def _figure(groups: Sequence[Sequence[Score]], metric: str, seed: int) -> Figure:
    values = [[score.value for score in group] for group in groups]
    all_shares = all(score.share for group in groups for score in group)
    estimate = share(values) if all_shares else mean(values, seed)
    return Figure(
        value=round(estimate.value, 4),
        low=_rounded(estimate.low),
        high=_rounded(estimate.high),
        chance=_rounded(_chance(score for group in groups for score in group)),
        n=estimate.scores,
        sets=estimate.sets,
        metric=metric,
    )


def _chance(scores: Iterable[Score]) -> float | None:
    """The mean chance level; None unless every score has one."""
    values = [score.chance for score in scores]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def worst_first(judged: Sequence[JudgedSet]) -> list[JudgedSet]:
    """The sets by their goodness, the worst first; equal ones in the order they were made."""
    return sorted(judged, key=lambda one: one.goodness)


def table(report: Report) -> Mapping[str, Mapping[str, Figure]]:
    """The figures of ``report`` by group, groups without a figure left out."""
    groups = {
        "adherence": report.adherence,
        "consistency": report.consistency,
        "diversity": report.diversity,
        "whole": report.whole,
    }
    return {name: group for name, group in groups.items() if group}
