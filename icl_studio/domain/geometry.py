"""Sizes, boxes and canvas rules, all in whole pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pydantic import Field

from .problems import Frozen, LayoutInvalid, Problem

TOKEN = 16
"""Pixels a side of one FLUX image token: VAE factor 8 times 2x2 packing."""


class Size(NamedTuple):
    """Width and height in pixels; JSON ``[width, height]``."""

    width: int
    height: int

    @property
    def tokens(self) -> int:
        """Image tokens that FLUX spends on this size (16x16 pixels each)."""
        return (self.width // TOKEN) * (self.height // TOKEN)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Box(NamedTuple):
    """A half-open rectangle, ``x0 <= x < x1`` and ``y0 <= y < y1``; JSON ``[x0, y0, x1, y1]``."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def size(self) -> Size:
        return Size(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def area(self) -> int:
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def overlaps(self, other: Box) -> bool:
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )


class CanvasRule(Frozen):
    """What canvases a model accepts; the default is FLUX at full size.

    Every panel edge falls on a token boundary, so that no token straddles a seam
    (``panel_multiple``); the canvas is a multiple of 64, as all ten released tasks are.
    A model with a ``panel_short_side`` draws every task at that scale instead.
    """

    canvas_multiple: int = Field(default=64, ge=TOKEN)
    panel_multiple: int = Field(default=TOKEN, ge=TOKEN)
    panel_short_side: int | None = Field(default=None, ge=TOKEN)
    max_side: int = 8192
    max_tokens: int = 16384

    def problems(self, canvas: Size, boxes: Sequence[Box]) -> list[Problem]:
        """Every way in which ``canvas`` and its panel ``boxes`` break this rule."""
        found: list[Problem] = []
        where = f"canvas {canvas}"
        if min(canvas) < TOKEN:
            return [Problem(where=where, what=f"is smaller than one token ({TOKEN} pixels).")]
        if max(canvas) > self.max_side:
            found.append(
                Problem(
                    where=where,
                    what=f"is longer than {self.max_side} pixels on a side.",
                    fix="Make the panels smaller.",
                )
            )
        elif canvas.tokens > self.max_tokens:
            found.append(
                Problem(
                    where=where,
                    what=f"needs {canvas.tokens} image tokens; the limit is {self.max_tokens}.",
                    fix="Make the panels smaller or use fewer of them.",
                )
            )
        off = [side for side in canvas if side % self.canvas_multiple]
        if off:
            near = Size(*(snap(side, self.canvas_multiple) for side in canvas))
            found.append(
                Problem(
                    where=where,
                    what=f"is not a multiple of {self.canvas_multiple} on both sides.",
                    fix=f"The nearest canvas is {near}.",
                )
            )
        for box in boxes:
            if any(edge % self.panel_multiple for edge in box):
                found.append(
                    Problem(
                        where=f"panel at {list(box)}",
                        what=f"has an edge that is not a multiple of {self.panel_multiple} pixels.",
                        fix=f"Move it to a multiple of {self.panel_multiple}.",
                    )
                )
        return found

    def check(self, canvas: Size, boxes: Sequence[Box]) -> None:
        """Raise :class:`LayoutInvalid` when ``canvas`` or ``boxes`` break this rule."""
        found = self.problems(canvas, boxes)
        if found:
            raise LayoutInvalid(f"The layout of {canvas} cannot be used.", problems=found)


def snap(value: float, multiple: int) -> int:
    """``value`` rounded to the nearest positive multiple of ``multiple``."""
    return max(multiple, round(value / multiple) * multiple)


def remainder(canvas: Size, boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The part of ``canvas`` outside all ``boxes``, as few disjoint rectangles as rows allow.

    Together with ``boxes`` (which must not overlap) the result covers the canvas exactly.
    """
    ys = sorted({0, canvas.height, *(y for box in boxes for y in (box.y0, box.y1))})
    open_rows: list[Box] = []
    done: list[Box] = []
    for top, bottom in pairwise(ys):
        spans = _free_spans(canvas.width, [b for b in boxes if b.y0 <= top and b.y1 >= bottom])
        kept: list[Box] = []
        for x0, x1 in spans:
            above = next((b for b in open_rows if (b.x0, b.x1, b.y1) == (x0, x1, top)), None)
            kept.append(Box(x0, above.y0 if above else top, x1, bottom))
        continued = {(b.x0, b.x1, b.y0) for b in kept}
        done += [b for b in open_rows if (b.x0, b.x1, b.y0) not in continued]
        open_rows = kept
    return tuple(sorted(done + open_rows, key=lambda b: (b.y0, b.x0)))


def _free_spans(width: int, covering: Sequence[Box]) -> list[tuple[int, int]]:
    """Horizontal stretches of ``0..width`` that no box of ``covering`` covers."""
    spans: list[tuple[int, int]] = []
    x = 0
    for box in sorted(covering, key=lambda b: b.x0):
        if box.x0 > x:
            spans.append((x, box.x0))
        x = max(x, box.x1)
    if x < width:
        spans.append((x, width))
    return spans
