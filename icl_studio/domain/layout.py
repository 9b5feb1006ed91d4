"""Layouts: where the panels of a set lie on its canvas, and what they are called.

A layout is a canvas and its named panel boxes in reading order. What lies outside all
panels is gutter, so every pixel of a sheet is in exactly one panel or one named gutter.
JSON is either explicit, ``{"canvas": [w, h], "panels": [{"name": …, "box": [x0, y0, x1, y1]}]}``,
or the short form of a grid, ``{"rows": 3, "cols": 1, "panel": [w, h], "gutter": 0, "names": […]}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, model_validator

from .geometry import Box, CanvasRule, Size, remainder, snap
from .problems import Frozen, LayoutInvalid

MAX_PANELS = 36
GUTTER = "GUTTER"
QUAD = ("TOP-LEFT", "TOP-RIGHT", "BOTTOM-LEFT", "BOTTOM-RIGHT")

PanelName = Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$", max_length=40)]


class Panel(Frozen):
    """One named picture of a set: its place on the canvas."""

    name: PanelName
    box: Box


class Grid(Frozen):
    """The short form of a layout: ``rows`` x ``cols`` equal panels, row by row.

    ``gutter`` is the distance between neighbours in pixels, not around the sheet.
    """

    rows: int = Field(ge=1)
    cols: int = Field(ge=1)
    panel: Size
    gutter: int = Field(default=0, ge=0)
    names: tuple[PanelName, ...] = ()

    def explicit(self) -> dict[str, Any]:
        """The same layout as canvas and boxes; unnamed panels become ``PANEL-1`` …"""
        (w, h), g = self.panel, self.gutter
        if min(w, h) < 1:
            raise ValueError(f"a panel of {self.panel} has no area")
        if self.rows * self.cols > MAX_PANELS:
            raise ValueError(f"{self.rows * self.cols} panels are more than {MAX_PANELS}")
        names = self.names or tuple(f"PANEL-{i + 1}" for i in range(self.rows * self.cols))
        if len(names) != self.rows * self.cols:
            raise ValueError(
                f"{len(names)} names for {self.rows * self.cols} panels ({self.rows}x{self.cols})"
            )
        corners = [(c * (w + g), r * (h + g)) for r in range(self.rows) for c in range(self.cols)]
        return {
            "canvas": (self.cols * (w + g) - g, self.rows * (h + g) - g),
            "panels": [
                {"name": name, "box": (x, y, x + w, y + h)}
                for name, (x, y) in zip(names, corners, strict=True)
            ],
        }


_GRID: TypeAdapter[Grid] = TypeAdapter(Grid)


class Layout(Frozen):
    """The canvas of a set and its panels, in pixels.

    Raises pydantic's ``ValidationError`` for boxes that overlap, leave the canvas or have
    no area, and for duplicate names. Whether the sizes suit a model is another question:
    see :meth:`check` and :class:`~icl_studio.domain.geometry.CanvasRule`.
    """

    canvas: Size
    panels: tuple[Panel, ...] = Field(min_length=1, max_length=MAX_PANELS)

    @classmethod
    def grid(
        cls,
        rows: int,
        cols: int,
        panel: tuple[int, int],
        names: Sequence[str] = (),
        gutter: int = 0,
    ) -> Self:
        """A grid of equal panels of ``panel`` = (width, height) pixels, row by row."""
        short = Grid(rows=rows, cols=cols, panel=Size(*panel), gutter=gutter, names=tuple(names))
        return cls.model_validate(short.explicit())

    @model_validator(mode="before")
    @classmethod
    def _expand_grid(cls, data: Any) -> Any:
        if isinstance(data, dict) and ("rows" in data or "cols" in data):
            return _GRID.validate_python(data).explicit()
        return data

    @model_validator(mode="after")
    def _boxes_lie_apart(self) -> Self:
        width, height = self.canvas
        for panel in self.panels:
            x0, y0, x1, y1 = panel.box
            if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
                raise ValueError(
                    f"panel {panel.name} {list(panel.box)} is empty or leaves the canvas "
                    f"{self.canvas}"
                )
            if panel.name.startswith(GUTTER):
                raise ValueError(f"panel name {panel.name} is reserved for gutters")
        for a, b in combinations(self.panels, 2):
            if a.name == b.name:
                raise ValueError(f"two panels are called {a.name}")
            if a.box.overlaps(b.box):
                raise ValueError(f"panels {a.name} and {b.name} overlap")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Panel names in reading order."""
        return tuple(panel.name for panel in self.panels)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Panel boxes in reading order; together with the gutters they tile the canvas."""
        return tuple(panel.box for panel in self.panels)

    @property
    def gutters(self) -> tuple[Panel, ...]:
        """The canvas outside all panels, as rectangles ``GUTTER-1``, ``GUTTER-2`` …"""
        rest = remainder(self.canvas, self.boxes)
        return tuple(Panel(name=f"{GUTTER}-{i}", box=box) for i, box in enumerate(rest, 1))

    def check(self, rule: CanvasRule) -> None:
        """Raise :class:`LayoutInvalid` when this layout breaks ``rule``."""
        rule.check(self.canvas, self.boxes)

    def fitted(self, rule: CanvasRule) -> Layout:
        """This layout at the size that a model with ``rule`` draws, checked against it.

        Without a ``panel_short_side`` that is the layout itself. With one, the smallest
        panel's short side gets that length, and every distance between neighbouring edges
        is rounded to ``panel_multiple`` by itself, so equal panels stay equal and panels
        that touch still touch. Raises :class:`LayoutInvalid`.
        """
        if rule.panel_short_side is None:
            self.check(rule)
            return self
        # An absurd layout is refused before it is scaled into an innocent one.
        if max(self.canvas) > rule.max_side * 2:
            raise LayoutInvalid(
                f"A canvas of {self.canvas} is longer than {rule.max_side * 2} pixels on a side.",
                fix="Make the panels smaller.",
            )
        scale = rule.panel_short_side / min(min(box.size) for box in self.boxes)
        xs = _snapped_lines(
            {0, self.canvas.width, *(x for b in self.boxes for x in (b.x0, b.x1))},
            scale,
            rule.panel_multiple,
        )
        ys = _snapped_lines(
            {0, self.canvas.height, *(y for b in self.boxes for y in (b.y0, b.y1))},
            scale,
            rule.panel_multiple,
        )
        smaller = Layout(
            canvas=Size(xs[self.canvas.width], ys[self.canvas.height]),
            panels=tuple(
                Panel(name=p.name, box=Box(xs[p.box.x0], ys[p.box.y0], xs[p.box.x1], ys[p.box.y1]))
                for p in self.panels
            ),
        )
        smaller.check(rule)
        return smaller


def _snapped_lines(lines: set[int], scale: float, multiple: int) -> dict[int, int]:
    """Old edge position to new one: each interval scaled and rounded by itself."""
    ordered = sorted(lines)
    new = {ordered[0]: 0}
    for a, b in pairwise(ordered):
        new[b] = new[a] + snap((b - a) * scale, multiple)
    return new
