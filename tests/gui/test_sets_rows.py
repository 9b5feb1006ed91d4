"""Rows of sheets: whole, in proportion, as wide as the view, found again by point and by range."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_studio.gui.sets.rows import Rows

RATIOS = st.lists(st.floats(0.05, 20), max_size=120)


@given(RATIOS, st.integers(60, 3000), st.integers(60, 500))
def test_no_sheet_is_cropped_or_distorted_and_none_overlaps(
    ratios: list[float], width: int, height: int
) -> None:
    rows = Rows(ratios, width, height, gap=12, foot=26)
    places = [rows.place(number) for number in range(len(ratios))]
    for before, after in itertools.pairwise(places):
        beside = after.y == before.y and after.x >= before.x + before.width
        below = after.y >= before.y + before.height + 26
        assert beside or below
    for ratio, place in zip(ratios, places, strict=True):
        # Rounded to whole pixels, at least one; x grows by fractions that are not lost.
        assert abs(place.width - ratio * place.height) <= 1 + 0.51 * ratio
        assert place.x >= 0 and place.y >= 0


@given(st.lists(st.floats(0.4, 3), min_size=8, max_size=60))
def test_full_rows_fill_the_width(ratios: list[float]) -> None:
    rows = Rows(ratios, 900, 200, gap=12)
    last = rows.row_of(len(ratios) - 1)
    for row in range(last):
        place = rows.row(row)[-1]
        assert abs(place.x + place.width - 900) <= 1


@given(RATIOS, st.integers(0, 4000))
def test_what_is_at_a_point_is_in_the_range_of_its_height(ratios: list[float], y: int) -> None:
    rows = Rows(ratios, 700, 150, gap=12, foot=26)
    for number in range(len(ratios)):
        place = rows.place(number)
        assert rows.at(place.x, place.y) == number
        assert number in rows.between(place.y, place.y)
    seen = set(rows.between(y, y + 300))
    for number in range(len(ratios)):
        place = rows.place(number)
        if place.y < y + 300 and place.y + place.height > y:
            assert number in seen


def test_up_and_down_go_to_what_is_nearest() -> None:
    rows = Rows([1.0] * 10, 440, 100, gap=10)
    first = [number for number in range(10) if rows.row_of(number) == 0]
    below = rows.beside(first[1], 1)
    assert rows.row_of(below) == 1
    assert abs(rows.place(below).x - rows.place(first[1]).x) <= rows.place(below).width
    assert rows.beside(0, -1) == 0
    assert rows.beside(9, 1) == 9


@pytest.mark.parametrize("width", [0, 1, 5])
def test_an_absurdly_narrow_view_is_no_reason_to_fail(width: int) -> None:
    rows = Rows([0.66, 2.0], width, 100, gap=12)
    assert len(rows) == 2 and rows.place(1).height >= 1
    assert Rows([], width, 100, gap=12).between(0, 100) == range(0)
