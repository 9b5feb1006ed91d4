"""Every pixel of a sheet is in exactly one panel or one named gutter, and stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from set_samples import STORYBOARD, picture_of

from icl_studio.domain.geometry import Size
from icl_studio.domain.layout import Layout
from icl_studio.errors import PictureUnreadable
from icl_studio.sets.crop import (
    cut,
    gutter_share,
    nearest_size,
    pixel_digest,
    scaled_layout,
)

grids = st.builds(
    Layout.grid,
    rows=st.integers(1, 4),
    cols=st.integers(1, 4),
    panel=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    gutter=st.integers(0, 7),
)


@given(layout=grids, seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_panels_and_gutters_put_back_are_the_sheet(layout: Layout, seed: int) -> None:
    sheet = picture_of(*layout.canvas, seed=seed)
    again = Image.new("RGB", layout.canvas)
    for panel, picture in zip(layout.panels, cut(sheet, layout), strict=True):
        again.paste(picture, panel.box[:2])
    for gutter in layout.gutters:
        again.paste(sheet.crop(gutter.box), gutter.box[:2])
    assert again.tobytes() == sheet.tobytes()
    assert (gutter_share(layout) == 0) == (not layout.gutters)


@pytest.mark.parametrize("size", [(128, 191), (127, 192), (256, 384), (192, 128)])
def test_a_sheet_of_another_size_is_refused_with_both_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(PictureUnreadable, match=f"{size[0]}x{size[1]}.*128x192"):
        cut(picture_of(*size), STORYBOARD)


def test_panels_are_copies(tmp_path: object) -> None:
    sheet = picture_of(128, 192)
    before = pixel_digest(sheet)
    cut(sheet, STORYBOARD)[0].paste("black", (0, 0, 10, 10))
    assert pixel_digest(sheet) == before


@given(layout=grids, times=st.integers(1, 5))
def test_a_whole_multiple_scales_and_covers_the_same_parts(layout: Layout, times: int) -> None:
    size = Size(layout.canvas.width * times, layout.canvas.height * times)
    scaled = scaled_layout(layout, size)
    assert scaled is not None
    assert list(scaled.boxes) == [tuple(edge * times for edge in box) for box in layout.boxes]
    assert nearest_size(layout, size) == size


@given(layout=grids, width=st.integers(1, 300), height=st.integers(1, 300))
def test_the_nearest_size_always_fits(layout: Layout, width: int, height: int) -> None:
    near = nearest_size(layout, (width, height))
    assert scaled_layout(layout, near) is not None
    if scaled_layout(layout, (width, height)) is not None:
        assert near == (width, height)


def test_a_reduction_fits_only_while_every_edge_stays_whole() -> None:
    layout = Layout.grid(2, 2, (896, 608))
    half = scaled_layout(layout, (896, 608))
    assert half is not None and half.boxes[3] == (448, 304, 896, 608)
    assert scaled_layout(layout, (1792 // 64, 1216 // 64)) is None
    assert scaled_layout(layout, (1792, 1217)) is None


def test_the_digest_tells_pixels_shape_and_mode_apart() -> None:
    a = Image.new("L", (4, 2))
    assert pixel_digest(a) == pixel_digest(Image.new("L", (4, 2)))
    others = [Image.new("L", (2, 4)), Image.new("L", (4, 2), 1), Image.new("P", (4, 2))]
    assert all(pixel_digest(a) != pixel_digest(other) for other in others)
