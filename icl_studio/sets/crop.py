"""Cutting a sheet into its panels, exactly: nothing is scaled, padded or dropped in silence.

Every pixel of a sheet is in exactly one panel or in one named gutter (the complaint behind
the rule: lrzjason/Comfyui-In-Context-Lora-Utils #10, #11; ComfyUI #14288).
"""

from __future__ import annotations

import hashlib
from math import gcd

from PIL.Image import Image

from ..domain.geometry import Box, Size
from ..domain.layout import Layout, Panel
from ..errors import PictureUnreadable


def cut(sheet: Image, layout: Layout) -> tuple[Image, ...]:
    """The panels of ``sheet`` in reading order, each an independent copy.

    Raises :class:`PictureUnreadable` when the size is not exactly the layout's canvas.
    """
    if sheet.size != tuple(layout.canvas):
        raise PictureUnreadable(
            f"The sheet is {Size(*sheet.size)} pixels, its layout has a canvas of {layout.canvas}.",
            fix="Use the picture as it was generated, neither scaled nor cropped.",
        )
    return tuple(sheet.crop(box) for box in layout.boxes)


def gutter_share(layout: Layout) -> float:
    """The part of the canvas, 0 to 1, that is in no panel."""
    covered = sum(box.area for box in layout.boxes)
    return 1 - covered / (layout.canvas.width * layout.canvas.height)


def pixel_digest(picture: Image) -> str:
    """sha256 hex over mode, size and pixels: equal exactly when the pixels are."""
    head = f"{picture.mode} {picture.width} {picture.height}\n".encode()
    return hashlib.sha256(head + picture.tobytes()).hexdigest()


def scaled_layout(layout: Layout, size: tuple[int, int]) -> Layout | None:
    """``layout`` on a picture of ``size``, None unless every edge lands on a whole pixel."""
    width, height = size
    if width * layout.canvas.height != height * layout.canvas.width:
        return None
    step = _finest_step(layout)
    if width * step % layout.canvas.width:
        return None

    def scaled(edge: int) -> int:
        return edge * width // layout.canvas.width

    return Layout(
        canvas=Size(width, height),
        panels=tuple(
            Panel(name=panel.name, box=Box(*(scaled(edge) for edge in panel.box)))
            for panel in layout.panels
        ),
    )


def nearest_size(layout: Layout, size: tuple[int, int]) -> Size:
    """The size nearest to ``size`` (by width and height together) that can be cut cleanly."""
    step = _finest_step(layout)
    unit = Size(layout.canvas.width // step, layout.canvas.height // step)
    times = max(1, round((size[0] + size[1]) / (unit.width + unit.height)))
    return Size(unit.width * times, unit.height * times)


def _finest_step(layout: Layout) -> int:
    """The largest number of pixels that divides the canvas and every panel edge."""
    return gcd(*layout.canvas, *(edge for box in layout.boxes for edge in box))
