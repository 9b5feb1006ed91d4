"""Means and intervals: by hand where that can be done, and by what an interval promises."""

from __future__ import annotations

import random

import pytest

from icl_studio.evaluate.intervals import mean, share, wilson


@pytest.mark.parametrize(
    ("value", "n", "low", "high"),
    [(0.5, 100, 0.4038, 0.5962), (0.0, 10, 0.0, 0.2775), (1.0, 10, 0.7225, 1.0)],
)
def test_wilson_as_tabulated(value: float, n: float, low: float, high: float) -> None:
    assert wilson(value, n) == pytest.approx((low, high), abs=1e-4)


def test_single_scores_are_plain_wilson() -> None:
    got = share([[1.0]] * 30 + [[0.0]] * 10)
    assert got.value == 0.75 and (got.scores, got.sets) == (40, 40)
    assert (got.low, got.high) == pytest.approx(wilson(0.75, 40))


def test_panels_that_always_agree_count_once() -> None:
    together = share([[1.0] * 3] * 30 + [[0.0] * 3] * 10)
    assert (together.low, together.high) == pytest.approx(wilson(0.75, 40), rel=0.02)
    assert together.scores == 120 and together.sets == 40


def test_panels_that_are_independent_count_each() -> None:
    rng = random.Random(3)
    groups = [[float(rng.random() < 0.7) for _ in range(3)] for _ in range(400)]
    got = share(groups)
    plain = wilson(got.value, 1200)
    assert got.high is not None and got.low is not None
    assert got.high - got.low == pytest.approx(plain[1] - plain[0], rel=0.15)


def test_all_right_is_never_certain() -> None:
    got = share([[1.0, 1.0, 1.0]] * 20)
    assert got.value == got.high == 1.0
    assert got.low == pytest.approx(wilson(1.0, 20)[0])


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_promises() -> None:
    """Sets whose panels go together: 300 evaluations of 40 sets, 95 % of them hold 0.8."""
    rng = random.Random(11)
    held = 0
    for _ in range(300):
        groups = []
        for _ in range(40):
            own = rng.betavariate(0.8, 0.2)  # most sets are nearly all right or all wrong
            groups.append([float(rng.random() < own) for _ in range(3)])
        got = share(groups)
        assert got.low is not None and got.high is not None
        held += got.low <= 0.8 <= got.high
    assert held >= 0.92 * 300


def test_a_mean_is_bootstrapped_over_sets_and_repeats_with_its_seed() -> None:
    rng = random.Random(5)
    groups = [[rng.gauss(0.3, 0.05)] * 3 for _ in range(50)]
    got = mean(groups, seed=4)
    assert got == mean(groups, seed=4)
    assert got.low is not None and got.high is not None
    assert got.low < got.value < got.high
    # Three equal panels are one: the interval is that of 50 values, not of 150.
    assert got.high - got.low == pytest.approx(2 * 1.96 * 0.05 / 50**0.5, rel=0.25)


def test_one_set_has_a_mean_and_no_interval() -> None:
    got = mean([[0.25, 0.75]])
    assert (got.value, got.low, got.high) == (0.5, None, None)


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="nothing"):
        share([[], []])
    with pytest.raises(ValueError, match="nothing"):
        mean([])


def test_sets_of_unequal_size_that_always_agree_count_once_by_their_weight() -> None:
    """One set of six scores has the say of six: such sets are worth fewer than their number."""
    groups = ([[1.0] * 6] * 3 + [[0.0] * 6] + [[1.0]] * 3 + [[0.0]]) * 6
    got = share(groups)
    counts = [len(group) for group in groups]
    effective = sum(counts) ** 2 / sum(count**2 for count in counts)  # Kish 1965
    assert effective < len(groups)
    assert (got.low, got.high) == pytest.approx(wilson(0.75, effective), abs=0.01)
