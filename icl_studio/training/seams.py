"""Seams: the straight edges along which a finished sheet was put together.

A seam is a column (or row) at which the picture changes over nearly its whole length, much more
than its neighbours do. Needs no model; on a sheet whose neighbouring panels are nearly the same
colour along the seam it sees nothing, so its findings are warnings, never errors.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..domain.layout import Layout
from .findings import Finding, warning

LONG_SIDE = 512
NEAR = 0.015
"""A seam counts as in its place within this share of the side."""
STRONG = 3.0
"""A seam's change is this many times that of the lines around it, as a median over its length."""
GRIDS = tuple((rows, cols) for rows in range(1, 5) for cols in range(1, 5) if rows * cols > 1)


def strengths(picture: Image.Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much every vertical and every horizontal line of ``picture`` looks like a seam.

    Two vectors along width and height of the picture at ``LONG_SIDE``; 1 is usual, ``STRONG`` a
    seam. Each line's change is the *median* over its length, so that a door frame or a
    horizon behind a figure does not count, a seam from edge to edge does.
    """
    grey = picture.convert("L")
    grey.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float64)
    return _along(values), _along(values.T)


def _along(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seam strength between neighbouring columns; index i is the line left of column i."""
    changes = np.abs(np.diff(values, axis=1))
    # Resampling spreads an edge over two columns: the stronger of the pair counts.
    line = np.median(changes, axis=0) + 0.25 * np.mean(changes, axis=0)
    usual = np.median(line) + 1.0
    return np.concatenate([[0.0], line / usual])


def at(line: NDArray[np.float64], share: float) -> float:
    """The strength near ``share`` (0..1) of a line vector of :func:`strengths`."""
    middle, reach = share * len(line), max(2, round(NEAR * len(line)))
    low, high = max(0, round(middle) - reach), min(len(line), round(middle) + reach + 1)
    return float(line[low:high].max(initial=0.0))


def check_seams(picture: Image.Image, layout: Layout) -> list[Finding]:
    """Where a sheet's seams do not lie as ``layout`` says (canvas and boxes of any scale)."""
    across, down = strengths(picture)
    found = []
    for line, edges, what in (
        (across, _inner(layout, 0), "vertical"),
        (down, _inner(layout, 1), "horizontal"),
    ):
        missing = [edge for edge in edges if at(line, edge) < STRONG]
        if missing:
            places = ", ".join(f"{edge:.0%}" for edge in missing)
            found.append(
                warning(
                    f"shows no {what} seam at {places}, where the layout has one.",
                    "Look at it in the contact sheet: is it of another layout, or cut wrongly?",
                )
            )
        strays = _strays(line, edges)
        if strays:
            places = ", ".join(f"{share:.0%}" for share in strays)
            found.append(
                warning(
                    f"shows a {what} seam at {places}, where the layout has none.",
                    "Look at it in the contact sheet: does it hold more panels?",
                )
            )
    return found


def find_grid(
    sheets: Iterable[Image.Image], panels: int | None = None
) -> tuple[tuple[int, int], float] | None:
    """The (rows, cols) that most sheets are made of, and the share that shows all its seams.

    ``panels`` is how many there must be (the markers of the captions tell); None looks for the
    finest grid. None where no grid is seen in at least half of the sheets.
    """
    lines = [strengths(sheet) for sheet in sheets]
    if not lines:
        return None
    shares: dict[tuple[int, int], float] = {}
    for rows, cols in GRIDS:
        if panels is not None and rows * cols != panels:
            continue
        seen = sum(
            all(at(across, c / cols) >= STRONG for c in range(1, cols))
            and all(at(down, r / rows) >= STRONG for r in range(1, rows))
            for across, down in lines
        )
        shares[rows, cols] = seen / len(lines)
    fitting = [(share, rows * cols, (rows, cols)) for (rows, cols), share in shares.items()]
    fitting = [entry for entry in fitting if entry[0] >= 0.5]
    if not fitting:
        return None
    most = max(share for share, _, _ in fitting)
    # A 4x4 sheet shows the seams of 2x2 too: among about equal ones the finest is meant.
    share, _, grid = max(
        (entry for entry in fitting if entry[0] >= most - 0.1), key=lambda entry: entry[1]
    )
    return grid, share


def _inner(layout: Layout, axis: int) -> list[float]:
    """Edges of panels inside the canvas, as shares of its side, each seam once."""
    side = layout.canvas[axis]
    edges = sorted({edge for box in layout.boxes for edge in (box[axis], box[axis + 2])})
    inside = [edge / side for edge in edges if 0 < edge < side]
    # Only those that run the whole length can be seen as a seam of the whole sheet.
    whole = []
    for share in inside:
        crossed = any(
            box[axis] / side + 1e-9 < share < box[axis + 2] / side - 1e-9 for box in layout.boxes
        )
        if not crossed:
            whole.append(share)
    return whole


def _strays(line: NDArray[np.float64], edges: Iterable[float]) -> list[float]:
    """Seams of an even division that is finer than, or other than, that of ``edges``.

    All seams of such a division must be seen clearly: a single straight line somewhere is a
    horizon or a table's edge, and in drawn worlds there is one in every panel.
    """
    expected = list(edges)
    for parts in range(2, 7):
        places = [n / parts for n in range(1, parts)]
        new = [p for p in places if all(abs(p - other) > 2 * NEAR for other in expected)]
        if new and all(at(line, place) >= 2 * STRONG for place in places):
            return new
    return []
