"""Small motifs and the patterns they repeat in: behind avatars, in slides, on wallpaper."""

import math
from collections.abc import Callable

from PIL import ImageDraw

from icl_tiny.world.attributes import Colour
from icl_tiny.world.brush import disc, stroke

Draw = ImageDraw.ImageDraw
Painter = Callable[[Draw, float, float, float, Colour], None]


def star(draw: Draw, x: float, y: float, r: float, fill: Colour) -> None:
    """A star with five points around (x, y)."""
    points = []
    for k in range(10):
        angle, length = math.pi * (k / 5 - 0.5), r if k % 2 == 0 else r * 0.46
        points.append((x + length * math.cos(angle), y + length * math.sin(angle)))
    draw.polygon(points, fill=fill)


def heart(draw: Draw, x: float, y: float, r: float, fill: Colour) -> None:
    """A heart around (x, y)."""
    for s in (-1, 1):
        disc(draw, x + s * 0.46 * r, y - 0.32 * r, 0.54 * r, fill)
    sides = [(x - 0.95 * r, y - 0.08 * r), (x, y + r), (x + 0.95 * r, y - 0.08 * r)]
    draw.polygon([*sides, (x, y - 0.4 * r)], fill=fill)


def leaf(draw: Draw, x: float, y: float, r: float, fill: Colour) -> None:
    """A pointed leaf that leans to the right, with its stalk."""
    points = []
    for k in range(13):
        t = k / 12
        points.append((t, 0.42 * math.sin(math.pi * t) * (1.25 - 0.5 * t)))
    outline = points + [(t, -w) for t, w in reversed(points)]
    turn = -math.pi / 4
    draw.polygon(
        [
            (
                x + r * (1.9 * (t - 0.5) * math.cos(turn) - 1.7 * w * math.sin(turn)),
                y + r * (1.9 * (t - 0.5) * math.sin(turn) + 1.7 * w * math.cos(turn)),
            )
            for t, w in outline
        ],
        fill=fill,
    )
    foot = (x - 0.66 * r, y + 0.66 * r)
    stroke(draw, [foot, (foot[0] - 0.32 * r, foot[1] + 0.32 * r)], 0.2 * r, fill)


def triangle(draw: Draw, x: float, y: float, r: float, fill: Colour) -> None:
    """A triangle that points up."""
    draw.polygon([(x - 0.95 * r, y + 0.75 * r), (x, y - r), (x + 0.95 * r, y + 0.75 * r)], fill)


def dot(draw: Draw, x: float, y: float, r: float, fill: Colour) -> None:
    """A disc, a little smaller than the other motifs."""
    disc(draw, x, y, 0.8 * r, fill)


MOTIFS: dict[str, tuple[Painter, float, float]] = {
    "hearts": (heart, 1.15, 3.9),
    "stars": (star, 1.2, 3.9),
    "leaves": (leaf, 1.5, 4.3),
    "dots": (dot, 1.0, 2.9),
    "triangles": (triangle, 1.1, 3.4),
}
"""Each motif with its size and its pitch, in units of a pattern's `r`: sizes and pitches differ, so
that motifs are told apart where they are only a few pixels large."""


def wave(
    draw: Draw, box: tuple[float, float, float, float], y: float, r: float, fill: Colour
) -> None:
    """A wavy line at height `y` across `box` (left, top, right, bottom), `r` high."""
    left, _, right, _ = box
    steps = max(8, round((right - left) / (0.5 * r)))
    points = [
        (left + (right - left) * k / steps, y + 0.6 * r * math.sin(2 * math.pi * k * 0.5 / 4.4))
        for k in range(steps + 1)
    ]
    draw.line(points, fill=fill, width=max(1, round(0.62 * r)), joint="curve")


def paint_pattern(
    draw: Draw,
    name: str,
    box: tuple[float, float, float, float],
    r: float,
    fill: Colour,
    shift: float = 0.0,
) -> None:
    """Fill `box` (left, top, right, bottom, pixels) with the pattern `name` of motifs `r` large.

    `shift` (0 to 1) moves the pattern sideways by that share of its pitch. Motifs may reach over
    the box's edge by one and a half `r`.
    """
    left, top, right, bottom = box
    if name == "waves":
        for k in range(math.ceil((bottom - top) / (2.7 * r)) + 1):
            wave(draw, (left - 9 * r * shift, top, right, bottom), top + 2.7 * r * k, r, fill)
        return
    if name == "stripes":
        pitch, x = 3.6 * r, left - 3.6 * r * shift - (bottom - top)
        while x < right:
            foot, head = (x, bottom), (x + (bottom - top) * 0.7, top)
            draw.line((*foot, *head), fill=fill, width=max(1, round(1.5 * r)))
            x += pitch
        return
    paint, size, spacing = MOTIFS[name]
    size, pitch, row = size * r, spacing * r, 0
    y = top + 0.4 * pitch
    while y < bottom + size:
        x = left + (0.3 + 0.5 * (row % 2) - shift) * pitch
        while x < right + size:
            paint(draw, x, y, size, fill)
            x += pitch
        y, row = y + 0.8 * pitch, row + 1
