"""Layouts: panels and gutters tile the canvas exactly, at every size, or the layout is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from icl_studio.domain.geometry import Box, CanvasRule, Size
from icl_studio.domain.layout import Layout, Panel
from icl_studio.domain.problems import LayoutInvalid
from icl_tasks.plugin import TASKS

TINY = CanvasRule(canvas_multiple=16, panel_multiple=16, panel_short_side=96)

grids = st.builds(
    lambda rows, cols, w, h, gutter: Layout.grid(rows, cols, (16 * w, 16 * h), gutter=16 * gutter),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 3),
)


@st.composite
def scattered(draw: st.DrawFn) -> Layout:
    """Panels of any size anywhere, none overlapping; most leave gutters of odd shapes."""
    canvas = Size(draw(st.integers(8, 60)), draw(st.integers(8, 60)))
    boxes: list[Box] = []
    for _ in range(draw(st.integers(1, 8))):
        x0 = draw(st.integers(0, canvas.width - 1))
        y0 = draw(st.integers(0, canvas.height - 1))
        x1 = draw(st.integers(x0 + 1, canvas.width))
        y1 = draw(st.integers(y0 + 1, canvas.height))
        box = Box(x0, y0, x1, y1)
        if not any(box.overlaps(other) for other in boxes):
            boxes.append(box)
    panels = tuple(Panel(name=f"P-{i}", box=box) for i, box in enumerate(boxes))
    return Layout(canvas=canvas, panels=panels)


def assert_tiles(layout: Layout) -> None:
    """Count every pixel: each is covered once, by a panel or by a named gutter."""
    pieces = [*layout.panels, *layout.gutters]
    assert sum(piece.box.area for piece in pieces) == layout.canvas.width * layout.canvas.height
    for i, a in enumerate(pieces):
        x0, y0, x1, y1 = a.box
        assert 0 <= x0 < x1 <= layout.canvas.width
        assert 0 <= y0 < y1 <= layout.canvas.height
        assert not any(a.box.overlaps(b.box) for b in pieces[i + 1 :])
    assert len({piece.name for piece in pieces}) == len(pieces)


@given(grids)
def test_a_grid_and_its_gutters_tile_the_canvas(layout: Layout) -> None:
    assert_tiles(layout)


@given(scattered())
def test_any_boxes_and_their_gutters_tile_the_canvas(layout: Layout) -> None:
    assert_tiles(layout)


@given(st.one_of(grids, scattered()))
def test_json_gives_the_same_layout_back(layout: Layout) -> None:
    assert Layout.model_validate_json(layout.model_dump_json()) == layout


@given(grids)
def test_a_fitted_grid_keeps_equal_panels_equal_and_tiled(layout: Layout) -> None:
    try:
        small = layout.fitted(TINY)
    except LayoutInvalid:
        return  # too long at this scale; refusing is right, distorting would not be
    assert len({box.size for box in small.boxes}) == 1
    assert min(small.boxes[0].size) == 96
    assert all(edge % 16 == 0 for box in small.boxes for edge in box)
    assert small.names == layout.names
    assert len(small.gutters) == len(layout.gutters)
    assert_tiles(small)


@given(scattered())
def test_a_fitted_layout_of_any_boxes_still_tiles(layout: Layout) -> None:
    try:
        small = layout.fitted(TINY)
    except LayoutInvalid:
        return
    assert_tiles(small)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_each_task_fits_the_embedded_model_in_shape(task) -> None:
    small = task.layout.fitted(TINY)
    full_panel, panel = task.layout.boxes[0].size, small.boxes[0].size
    assert min(panel) >= 96
    aspect = (panel.width / panel.height) / (full_panel.width / full_panel.height)
    assert 0.9 <= aspect <= 1.1
    assert small.gutters == ()


def test_a_model_without_a_panel_size_takes_the_layout_as_it_is() -> None:
    layout = Layout.grid(3, 1, (1024, 512))
    assert layout.fitted(CanvasRule()) is layout


def test_a_grid_is_read_from_its_short_form() -> None:
    short = {"rows": 2, "cols": 1, "panel": [64, 32], "gutter": 16, "names": ["UP", "DOWN"]}
    layout = Layout.model_validate_json(json.dumps(short))
    assert layout.canvas == (64, 80)
    assert layout.boxes == ((0, 0, 64, 32), (0, 48, 64, 80))
    assert [(g.name, g.box) for g in layout.gutters] == [("GUTTER-1", (0, 32, 64, 48))]


@pytest.mark.parametrize(
    ("rows", "cols", "panel"),
    [(1, 1, (65_536, 65_536)), (1, 1, (65_000, 64)), (6, 6, (8_192, 8_192)), (1, 36, (1024, 64))],
)
@pytest.mark.parametrize("rule", [CanvasRule(), TINY], ids=["full size", "tiny"])
def test_absurd_sizes_are_refused_at_every_scale(rows, cols, panel, rule) -> None:
    with pytest.raises(LayoutInvalid, match=r"longer than|tokens"):
        Layout.grid(rows, cols, panel).fitted(rule)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"panels": [{"name": "A", "box": [0, 0, 9, 8]}]}, "leaves the canvas"),
        ({"panels": [{"name": "A", "box": [4, 4, 4, 8]}]}, "empty"),
        ({"panels": [{"name": "A", "box": [-1, 0, 4, 8]}]}, "leaves the canvas"),
        ({"panels": []}, "at least 1"),
        ({"panels": [{"name": "GUTTER-1", "box": [0, 0, 4, 4]}]}, "reserved"),
        ({"panels": [{"name": "a", "box": [0, 0, 4, 4]}]}, "pattern"),
        (
            {"panels": [{"name": "A", "box": [0, 0, 4, 4]}, {"name": "A", "box": [4, 4, 8, 8]}]},
            "two panels are called A",
        ),
        (
            {"panels": [{"name": "A", "box": [0, 0, 5, 5]}, {"name": "B", "box": [4, 4, 8, 8]}]},
            "A and B overlap",
        ),
        ({"panels": [{"name": "A", "box": [0, 0, 4, 4]}], "zoom": 2}, "xtra"),
    ],
)
def test_a_wrong_layout_is_refused_with_the_reason(change: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Layout.model_validate({"canvas": [8, 8], **change})


@pytest.mark.parametrize(
    "grid",
    [
        {"rows": 0, "cols": 1, "panel": [16, 16]},
        {"rows": 7, "cols": 7, "panel": [16, 16]},
        {"rows": 10**9, "cols": 10**9, "panel": [16, 16]},
        {"rows": 1, "cols": 1, "panel": [0, 16]},
        {"rows": 1, "cols": 2, "panel": [16, 16], "names": ["ONE"]},
        {"rows": 1, "cols": 1, "panel": [16, 16], "gutter": -16},
    ],
)
def test_a_wrong_grid_is_refused(grid: dict) -> None:
    with pytest.raises(ValidationError):
        Layout.model_validate(grid)


def test_a_canvas_off_the_token_grid_names_the_nearest_one() -> None:
    with pytest.raises(LayoutInvalid) as refused:
        Layout.grid(1, 2, (1000, 1000)).check(CanvasRule())
    text = str(refused.value)
    assert "1984x1024" in text or "2048x1024" in text or "1984x1000" in text or "2000x1000" in text
    assert "not a multiple of 64" in text
    assert "panel at [0, 0, 1000, 1000]" in text
