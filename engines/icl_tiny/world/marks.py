"""The twelve marks of the logos. Each fits a circle of radius `r` around (x, y)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import ImageDraw

from icl_tiny.world.attributes import Colour
from icl_tiny.world.brush import disc, stroke
from icl_tiny.world.patterns import heart, leaf, star

Draw = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Press:
    """What prints a mark: a canvas, the mark's colour, and the colour behind it for holes."""

    draw: Draw
    fill: Colour
    hole: Colour


Marker = Callable[[Press, float, float, float], None]


def _star(p: Press, x: float, y: float, r: float) -> None:
    star(p.draw, x, y + 0.06 * r, 1.05 * r, p.fill)


def _heart(p: Press, x: float, y: float, r: float) -> None:
    heart(p.draw, x, y, 0.95 * r, p.fill)


def _crescent(p: Press, x: float, y: float, r: float) -> None:
    disc(p.draw, x - 0.05 * r, y, 0.95 * r, p.fill)
    disc(p.draw, x + 0.38 * r, y - 0.2 * r, 0.78 * r, p.hole)


def _sun(p: Press, x: float, y: float, r: float) -> None:
    for k in range(8):
        dx, dy = math.cos(math.pi * k / 4), math.sin(math.pi * k / 4)
        ray = [(x + 0.7 * r * dx, y + 0.7 * r * dy), (x + 0.93 * r * dx, y + 0.93 * r * dy)]
        stroke(p.draw, ray, 0.2 * r, p.fill)
    disc(p.draw, x, y, 0.5 * r, p.fill)


def _leaf(p: Press, x: float, y: float, r: float) -> None:
    leaf(p.draw, x + 0.06 * r, y - 0.06 * r, 1.05 * r, p.fill)
    stroke(p.draw, [(x - 0.5 * r, y + 0.5 * r), (x + 0.42 * r, y - 0.42 * r)], 0.12 * r, p.hole)
    for k in (-0.22, 0.12):
        start = (x + k * r, y - k * r)
        stroke(p.draw, [start, (start[0] + 0.3 * r, start[1])], 0.1 * r, p.hole)
        stroke(p.draw, [start, (start[0], start[1] - 0.3 * r)], 0.1 * r, p.hole)


def _drop(p: Press, x: float, y: float, r: float) -> None:
    disc(p.draw, x, y + 0.32 * r, 0.66 * r, p.fill)
    p.draw.polygon([(x - 0.61 * r, y + 0.08 * r), (x, y - r), (x + 0.61 * r, y + 0.08 * r)], p.fill)
    box = (x - 0.42 * r, y - 0.08 * r, x + 0.42 * r, y + 0.76 * r)
    p.draw.arc(box, 95, 175, fill=p.hole, width=max(1, round(0.13 * r)))


def _bolt(p: Press, x: float, y: float, r: float) -> None:
    shape = ((0.25, -1), (-0.6, 0.18), (-0.06, 0.18), (-0.28, 1), (0.62, -0.26), (0.06, -0.26))
    p.draw.polygon([(x + dx * r, y + dy * r) for dx, dy in shape], fill=p.fill)


def _fish(p: Press, x: float, y: float, r: float) -> None:
    p.draw.ellipse((x - r, y - 0.52 * r, x + 0.55 * r, y + 0.52 * r), fill=p.fill)
    tail = ((0.35, 0), (1, -0.55), (0.84, 0), (1, 0.55))
    p.draw.polygon([(x + dx * r, y + dy * r) for dx, dy in tail], fill=p.fill)
    disc(p.draw, x - 0.6 * r, y - 0.12 * r, 0.12 * r, p.hole)
    gill = (x - 0.5 * r, y - 0.32 * r, x - 0.1 * r, y + 0.32 * r)
    p.draw.arc(gill, -75, 75, fill=p.hole, width=max(1, round(0.1 * r)))


def _cat(p: Press, x: float, y: float, r: float) -> None:
    for s in (-1, 1):
        ear = ((0.82, -0.95), (0.1, -0.45), (0.84, 0.1))
        p.draw.polygon([(x + s * dx * r, y + dy * r) for dx, dy in ear], fill=p.fill)
    p.draw.ellipse((x - 0.88 * r, y - 0.6 * r, x + 0.88 * r, y + 0.88 * r), fill=p.fill)
    for s in (-1, 1):
        disc(p.draw, x + s * 0.36 * r, y + 0.02 * r, 0.14 * r, p.hole)
        for dy in (0.3, 0.5):
            whisker = [(x + s * 0.42 * r, y + 0.4 * r), (x + s * 0.98 * r, y + dy * r)]
            stroke(p.draw, whisker, 0.07 * r, p.hole)
    nose = [(x - 0.14 * r, y + 0.3 * r), (x + 0.14 * r, y + 0.3 * r), (x, y + 0.46 * r)]
    p.draw.polygon(nose, fill=p.hole)


def _flower(p: Press, x: float, y: float, r: float) -> None:
    for k in range(6):
        angle = math.pi * (k / 3 - 0.5)
        disc(
            p.draw, x + 0.58 * r * math.cos(angle), y + 0.58 * r * math.sin(angle), 0.4 * r, p.fill
        )
    disc(p.draw, x, y, 0.5 * r, p.fill)
    disc(p.draw, x, y, 0.26 * r, p.hole)


def _house(p: Press, x: float, y: float, r: float) -> None:
    p.draw.rectangle((x + 0.36 * r, y - 0.82 * r, x + 0.6 * r, y), fill=p.fill)
    p.draw.polygon([(x - r, y + 0.02 * r), (x, y - 0.95 * r), (x + r, y + 0.02 * r)], fill=p.fill)
    p.draw.rectangle((x - 0.72 * r, y, x + 0.72 * r, y + 0.86 * r), fill=p.fill)
    p.draw.rectangle((x - 0.18 * r, y + 0.3 * r, x + 0.18 * r, y + 0.86 * r), fill=p.hole)


def _key(p: Press, x: float, y: float, r: float) -> None:
    stroke(p.draw, [(x - 0.05 * r, y), (x + 0.94 * r, y)], 0.24 * r, p.fill)
    for dx in (0.6, 0.9):
        stroke(p.draw, [(x + dx * r, y), (x + dx * r, y + 0.4 * r)], 0.22 * r, p.fill)
    disc(p.draw, x - 0.48 * r, y, 0.52 * r, p.fill)
    disc(p.draw, x - 0.54 * r, y, 0.22 * r, p.hole)


_MARKERS: dict[str, Marker] = {
    "star": _star,
    "heart": _heart,
    "crescent": _crescent,
    "sun": _sun,
    "leaf": _leaf,
    "drop": _drop,
    "bolt": _bolt,
    "fish": _fish,
    "cat": _cat,
    "flower": _flower,
    "house": _house,
    "key": _key,
}


def paint_mark(
    draw: Draw, shape: str, x: float, y: float, r: float, fill: Colour, hole: Colour
) -> None:
    """Draw `shape` within `r` pixels of (x, y); `hole` is the colour behind it."""
    _MARKERS[shape](Press(draw, fill, hole), x, y, r)
