"""Sheets of any proportion in rows that fill the width: none is cropped, none distorted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """Where one sheet lies, in pixels from the top left of all of them."""

    x: int
    y: int
    width: int
    height: int


class Rows:
    """The places of sheets with these ``ratios`` (width over height), in reading order.

    A row has about ``height`` pixels, then ``foot`` pixels for words, then ``gap``; it is made
    higher or lower, so that its sheets fill ``width`` exactly. The last row is left as it is.
    """

    def __init__(
        self, ratios: Sequence[float], width: int, height: int, gap: int, foot: int = 0
    ) -> None:
        self._ratios = ratios
        self._gap = gap
        self._foot = foot
        self._firsts: list[int] = []
        self._tops: list[int] = []
        self._heights: list[float] = []
        self.width = max(width, 1)
        self.height = self._fill(max(height, 1))

    def __len__(self) -> int:
        return len(self._ratios)

    def place(self, number: int) -> Place:
        """Where sheet ``number`` lies."""
        return self.row(self.row_of(number))[number - self._firsts[self.row_of(number)]]

    def row_of(self, number: int) -> int:
        """In which row sheet ``number`` lies."""
        return bisect_right(self._firsts, number) - 1

    def row(self, row: int) -> list[Place]:
        """The places of all sheets of a row."""
        first, end = self._span(row)
        height, top = self._heights[row], self._tops[row]
        places: list[Place] = []
        x = 0.0
        for ratio in self._ratios[first:end]:
            left, right = round(x), round(x + ratio * height)
            places.append(Place(left, top, max(1, right - left), max(1, round(height))))
            x += ratio * height + self._gap
        return places

    def between(self, top: int, bottom: int) -> range:
        """The sheets of all rows that reach into ``top`` to ``bottom``."""
        if not self._firsts:
            return range(0)
        first = max(0, bisect_right(self._tops, top) - 1)
        last = max(0, bisect_right(self._tops, bottom) - 1)
        return range(self._firsts[first], self._span(last)[1])

    def at(self, x: int, y: int) -> int | None:
        """The sheet at a point, None in a gap."""
        for number in self.between(y, y):
            place = self.place(number)
            inside = place.x <= x < place.x + place.width
            if inside and place.y <= y < place.y + place.height + self._foot:
                return number
        return None

    def beside(self, number: int, rows: int) -> int:
        """The sheet ``rows`` rows below (above when negative) that is nearest to ``number``."""
        place = self.place(number)
        row = min(max(self.row_of(number) + rows, 0), len(self._firsts) - 1)
        if row == self.row_of(number):
            return number
        middle = place.x + place.width / 2
        near = min(
            enumerate(self.row(row)), key=lambda item: abs(item[1].x + item[1].width / 2 - middle)
        )
        return self._firsts[row] + near[0]

    def _fill(self, wanted: int) -> int:
        """Cut into rows; the height of all of them."""
        first, total, top = 0, 0.0, 0
        for number, ratio in enumerate(self._ratios):
            total += ratio
            gaps = (number - first) * self._gap
            if total * wanted + gaps >= self.width:
                height = (self.width - gaps) / total
                top = self._close(first, top, max(1.0, height))
                first, total = number + 1, 0.0
        if first < len(self._ratios):
            top = self._close(first, top, float(wanted))
        return max(0, top - self._gap)

    def _close(self, first: int, top: int, height: float) -> int:
        self._firsts.append(first)
        self._tops.append(top)
        self._heights.append(height)
        return top + round(height) + self._foot + self._gap

    def _span(self, row: int) -> tuple[int, int]:
        last = row + 1 >= len(self._firsts)
        return self._firsts[row], len(self._ratios) if last else self._firsts[row + 1]
