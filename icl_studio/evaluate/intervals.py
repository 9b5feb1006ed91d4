"""Means with 95 % intervals that respect that panels of one set are not independent.

A model that draws a creature wrong draws it wrong in all three panels, so 300 panels of 100 sets
are worth fewer than 300 independent ones. Sets are the clusters, everywhere.

*Shares* (right or wrong) take Wilson's interval (Wilson 1927) on the effective sample size: scores
divided by the design effect, which is estimated from the spread between sets (Kish 1965; as
recommended for proportions by Franco, Little, Louis and Slud, J. Surv. Stat. Methodol. 2019).
Where all are right, or all wrong, nothing can be estimated, and each set counts once.
*Other figures* take the percentile bootstrap over sets (Efron 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Z = 1.959963984540054
"""The normal distribution's 97.5 % quantile."""
RESAMPLES = 2000


class Estimate(NamedTuple):
    """A mean and its 95 % interval; ``low`` and ``high`` are None where one set alone was scored.

    ``scores`` in ``sets`` sets.
    """

    value: float
    low: float | None
    high: float | None
    scores: int
    sets: int


def share(groups: Sequence[Sequence[float]]) -> Estimate:
    """The share of ones in ``groups``, one group of zeros and ones per set.

    Raises ValueError when there are none.
    """
    counts, sums = _totals(groups)
    total = int(counts.sum())
    value = float(sums.sum() / total)
    effective = total / _design_effect(counts, sums, value)
    low, high = wilson(value, effective)
    return Estimate(value, low, high, total, len(counts))


def mean(groups: Sequence[Sequence[float]], seed: int = 0) -> Estimate:
    """The mean of any figures, each group those of one set; the same interval for the same seed.

    Raises ValueError for no groups.
    """
    counts, sums = _totals(groups)
    value = float(sums.sum() / counts.sum())
    if len(counts) == 1:
        return Estimate(value, None, None, int(counts.sum()), 1)
    drawn = np.random.default_rng(seed).integers(len(counts), size=(RESAMPLES, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(value, float(low), float(high), int(counts.sum()), len(counts))


def wilson(value: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share ``value`` of ``n`` (which need not be whole)."""
    square = Z * Z / n
    centre = (value + square / 2) / (1 + square)
    reach = Z / (1 + square) * math.sqrt(value * (1 - value) / n + square / (4 * n))
    return max(0.0, min(value, centre - reach)), min(1.0, max(value, centre + reach))


def _totals(groups: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """How many scores each set has, and their sums; sets without a score are left out."""
    filled = [group for group in groups if group]
    if not filled:
        raise ValueError("nothing was scored")
    counts = np.array([len(group) for group in filled], dtype=np.float64)
    return counts, np.array([math.fsum(group) for group in filled])


def _design_effect(counts: np.ndarray, sums: np.ndarray, value: float) -> float:
    """How many dependent scores are worth one, at most as many as where sets always go together.

    That is the mean number of scores in a set where all have as many, and more where they have
    not (Kish 1965): one set of six counts for more of the mean than one of a single score.
    """
    most = float(np.square(counts).sum() / counts.sum())
    spread = value * (1 - value)
    if spread == 0 or len(counts) == 1:
        return most
    sets, total = len(counts), counts.sum()
    between = sets / (sets - 1) * float(np.square(sums - value * counts).sum()) / total**2
    return float(min(max(1.0, between / (spread / total)), most))
