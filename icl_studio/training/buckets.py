"""Buckets: the few canvases that a data set is trained at, each a multiple of what FLUX needs.

A sheet goes to the bucket whose shape is nearest to its own. All buckets of a task have about the
area of its canvas, so a step costs about the same in each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

from ..domain.geometry import CanvasRule, Size, snap
from ..domain.layout import Layout
from ..domain.problems import Frozen
from ..errors import LayoutInvalid
from .findings import Finding, warning

STEP = 1.1
"""From one bucket's shape to the next: finer ones would each hold too few sheets for a batch."""
MOST_STEPS = 7
"""So a bucket is at most about twice as wide, or as high, for its area as the task's canvas."""
AREA_SLACK = 0.1


class Bucket(Frozen):
    """One canvas and how many sheets are trained at it."""

    size: Size
    count: int
    problems: tuple[Finding, ...] = ()


def scaled(layout: Layout, rule: CanvasRule, scale: float) -> Layout:
    """``layout`` as the model draws it, made smaller by ``scale`` (0..1, along each side).

    Raises :class:`LayoutInvalid` where no such size keeps every panel edge on a token.
    """
    whole = layout.fitted(rule)
    if scale == 1.0:
        return whole
    short = min(min(box.size) for box in whole.boxes)
    smaller = rule.model_copy(
        update={
            "panel_short_side": max(rule.panel_multiple, round(short * scale)),
            "canvas_multiple": rule.panel_multiple,
        }
    )
    return whole.fitted(smaller)


def grid_of(layout: Layout) -> tuple[int, int] | None:
    """(rows, cols) of a layout of equal panels without gutters, None for any other."""
    sizes = {box.size for box in layout.boxes}
    if len(sizes) != 1 or layout.gutters:
        return None
    width, height = sizes.pop()
    rows, cols = layout.canvas.height // height, layout.canvas.width // width
    return (rows, cols) if rows * cols == len(layout.panels) else None


def candidates(layout: Layout, rule: CanvasRule) -> list[Layout]:
    """The canvases that sheets of ``layout`` (already fitted to ``rule``) may be trained at.

    The layout itself comes first. Grids of equal panels may be wider or higher at about the same
    area; other layouts keep their shape.
    """
    grid = grid_of(layout)
    if grid is None:
        return [layout]
    # A bucket is no request's canvas: tokens and panel edges matter here, not the 64 of requests.
    rule = rule.model_copy(update={"canvas_multiple": rule.panel_multiple})
    found: dict[Size, Layout] = {layout.canvas: layout}
    for step in range(1, MOST_STEPS + 1):
        for factor in (STEP**step, STEP**-step):
            other = _reshaped(layout, grid, factor, rule.panel_multiple)
            if other.canvas not in found and not _problems(other, layout, rule):
                found[other.canvas] = other
    return list(found.values())


def _reshaped(layout: Layout, grid: tuple[int, int], factor: float, multiple: int) -> Layout:
    """A grid of about the same area whose canvas is ``factor`` times as wide for its height."""
    rows, cols = grid
    width, height = layout.canvas
    panel_width = snap((width * height * width / height * factor) ** 0.5 / cols, multiple)
    panel_height = snap(width * height / (panel_width * cols) / rows, multiple)
    return Layout.grid(rows, cols, (panel_width, panel_height), layout.names)


def nearest(sheet: Size, buckets: Sequence[Layout]) -> Layout:
    """The bucket whose shape is nearest to ``sheet``; the task's own wins a near tie."""
    shape = log(sheet.width / sheet.height)

    def distance(numbered: tuple[int, Layout]) -> tuple[float, int]:
        index, layout = numbered
        off = abs(log(layout.canvas.width / layout.canvas.height) - shape)
        return (round(off, 3), index)

    return min(enumerate(buckets), key=distance)[1]


def histogram(canvases: Iterable[Size], batch: int) -> tuple[Bucket, ...]:
    """The buckets with their counts, fullest first, and a warning for each below ``batch``."""
    found = []
    for size, count in sorted(Counter(canvases).items(), key=lambda pair: (-pair[1], pair[0])):
        problems: tuple[Finding, ...] = ()
        if count < batch:
            what = f"has {count} of the {batch} sheets of a batch; they repeat within a batch."
            fix = "Crop these sheets to a fuller bucket's shape, or use a smaller batch."
            problems = (warning(what, fix, f"bucket {size}"),)
        found.append(Bucket(size=size, count=count, problems=problems))
    return tuple(found)


def panel_layout(sizes: Sequence[Size], buckets: Sequence[Layout]) -> Layout:
    """The bucket whose panels are nearest in shape to separate panels of ``sizes``."""
    shapes = [log(size.width / size.height) for size in sizes]

    def distance(numbered: tuple[int, Layout]) -> tuple[float, int]:
        index, layout = numbered
        offs = [
            abs(log(box.size.width / box.size.height) - shape)
            for box, shape in zip(layout.boxes, shapes, strict=True)
        ]
        return (round(sum(offs) / len(offs), 3), index)

    return min(enumerate(buckets), key=distance)[1]


def _problems(other: Layout, layout: Layout, rule: CanvasRule) -> bool:
    """Whether ``other`` breaks the model's rule, or its area is not about that of ``layout``."""
    (width, height), (own_width, own_height) = other.canvas, layout.canvas
    if abs(width * height / (own_width * own_height) - 1) > AREA_SLACK:
        return True
    try:
        other.check(rule)
    except LayoutInvalid:
        return True
    return False
