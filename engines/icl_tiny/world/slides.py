"""Slides of a presentation: seven kinds of content, in one theme's motif and two colours."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import COLOURS, Colour
from icl_tiny.world.avatars import contrast
from icl_tiny.world.brush import SUPERSAMPLE, disc, shade, stroke
from icl_tiny.world.kinds import Slide
from icl_tiny.world.patterns import paint_pattern

_PAPER: Colour = (253, 252, 249)
_SLATE: Colour = (58, 60, 74)
_TEXT: Colour = (126, 128, 140)


@dataclass(frozen=True)
class Sheet:
    """A slide under construction: its canvas, its unit, its colours, its hidden variety."""

    canvas: Image.Image
    draw: ImageDraw.ImageDraw
    u: float
    colour: Colour
    accent: Colour
    random: random.Random
    theme: str

    @property
    def paper(self) -> Colour:
        """The slide's own ground: dark where one of its colours is white."""
        return _SLATE if COLOURS["white"] in (self.colour, self.accent) else _PAPER

    @property
    def w(self) -> int:
        """Width in pixels."""
        return self.canvas.width

    @property
    def h(self) -> int:
        """Height in pixels."""
        return self.canvas.height

    def bar(self, x: float, y: float, length: float, thick: float, fill: Colour) -> None:
        """A line of text as a rounded bar; `x`, `y` and `length` in pixels, `thick` in units."""
        half = thick * self.u / 2
        self.draw.rounded_rectangle((x, y - half, x + length, y + half), half, fill=fill)

    def heading(self) -> tuple[float, float, float, float]:
        """Draw the band with the heading; returns the box that is left for the content."""
        u, band = self.u, 21 * self.u
        self.patterned((0, 0, self.w, round(band)), self.colour, 5.6)
        self.bar(7 * u, band / 2, (0.42 + 0.1 * self.random.random()) * self.w, 8, _on(self.colour))
        self.draw.rectangle((0, band, self.w, band + 3 * u), fill=self.accent)
        return 10 * u, band + 11 * u, self.w - 10 * u, self.h - 9 * u

    def patterned(self, box: tuple[int, int, int, int], fill: Colour, size: float) -> None:
        """Fill `box` with a colour and the theme's motif in a tone of it, nothing outside."""
        part = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), fill)
        edges = (0.0, 0.0, float(part.width), float(part.height))
        tone = contrast(fill, 0.38)
        paint_pattern(ImageDraw.Draw(part), self.theme, edges, size * self.u, tone)
        self.canvas.paste(part, box[:2])


def _on(colour: Colour) -> Colour:
    """White or nearly black, whichever is read more easily on `colour`."""
    light = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    return (44, 42, 52) if light > 190 else (255, 255, 255)


def _title(s: Sheet) -> None:
    u = s.u
    s.patterned((0, 0, s.w, s.h), s.colour, 8.0)
    plate = (s.w * 0.17, s.h / 2 - 22 * u, s.w * 0.83, s.h / 2 + 22 * u)
    s.draw.rounded_rectangle(plate, 4 * u, fill=s.paper)
    length = (0.48 + 0.12 * s.random.random()) * s.w
    s.bar((s.w - length) / 2, s.h / 2 - 7 * u, length, 13, shade(s.colour, 0.8))
    s.bar(s.w / 2 - 0.15 * s.w, s.h / 2 + 11 * u, 0.3 * s.w, 6, s.accent)


def _bullets(s: Sheet) -> None:
    left, top, right, bottom = s.heading()
    for k in range(3):
        y = top + (k + 0.5) * (bottom - top) / 3
        disc(s.draw, left + 4 * s.u, y, 4.6 * s.u, s.accent)
        length = (right - left - 14 * s.u) * s.random.uniform(0.62, 0.98)
        s.bar(left + 14 * s.u, y, length, 5.4, _TEXT)


def _bar_chart(s: Sheet) -> None:
    left, top, right, bottom = s.heading()
    heights = [0.4, 0.62, 0.5, 0.95, 0.75]
    s.random.shuffle(heights)
    pitch = (right - left) / len(heights)
    for k, share in enumerate(heights):
        fill = s.accent if share == max(heights) else s.colour
        x, y = left + (k + 0.16) * pitch, bottom - share * (bottom - top)
        s.draw.rectangle((x, y, x + 0.68 * pitch, bottom), fill=fill, outline=shade(fill, 0.7))
    stroke(s.draw, [(left, bottom), (right, bottom)], 2 * s.u, _TEXT)


def _pie_chart(s: Sheet) -> None:
    left, top, right, bottom = s.heading()
    r = min(bottom - top, 0.5 * (right - left)) / 2
    x, y = left + r + 2 * s.u, (top + bottom) / 2
    start, share = s.random.randrange(360), s.random.randint(90, 150)
    box, pen = (x - r, y - r, x + r, y + r), max(1, round(1.6 * s.u))
    pieces = ((0, share, s.accent), (share, share + 110, shade(s.colour, 1.5)))
    for a, b, fill in (*pieces, (share + 110, 360, s.colour)):
        s.draw.pieslice(box, start + a, start + b, fill=fill, outline=s.paper, width=pen)
    for k, fill in enumerate((s.colour, s.accent, shade(s.colour, 1.5))):
        line, x0 = y + (k - 1) * 0.6 * r, x + r + 10 * s.u
        s.draw.rectangle((x0, line - 4 * s.u, x0 + 8 * s.u, line + 4 * s.u), fill=fill)
        s.bar(x0 + 12 * s.u, line, max(8 * s.u, right - x0 - 14 * s.u), 4.6, _TEXT)


def _picture(s: Sheet) -> None:
    left, top, right, bottom = s.heading()
    middle = left + 0.52 * (right - left)
    s.draw.rectangle((left, top, middle, bottom), fill=(178, 220, 246))
    disc(s.draw, left + 0.22 * (middle - left), top + 0.26 * (bottom - top), 6 * s.u, s.accent)
    for peak, high in ((0.36, 0.62), (0.7, 0.85)):
        x, half = left + peak * (middle - left), 0.3 * (middle - left)
        top_of = (x, bottom - high * (bottom - top))
        s.draw.polygon([(x - half, bottom), top_of, (x + half, bottom)], fill=shade(s.colour, 0.8))
    edge = (left, top, middle, bottom)
    s.draw.rectangle(edge, outline=s.colour, width=round(2.4 * s.u))
    for k in range(4):
        y = top + (k + 0.5) * (bottom - top) / 4
        length = (right - middle - 8 * s.u) * s.random.uniform(0.7, 1)
        s.bar(middle + 8 * s.u, y, length, 4.6, _TEXT)


def _quote(s: Sheet) -> None:
    u = s.u
    s.patterned((0, 0, round(20 * u), s.h), s.colour, 5.6)
    s.draw.rectangle((20 * u, 0, 23 * u, s.h), fill=s.accent)
    for dx in (34, 54):
        x, y = dx * u, s.h / 2 - 24 * u
        disc(s.draw, x + 6 * u, y, 7.4 * u, s.accent)
        curl = [(x - 1 * u, y), (x, y - 8 * u), (x + 7 * u, y - 13 * u)]
        stroke(s.draw, curl, 4 * u, s.accent)
    room = s.w - 42 * u
    for k, share in enumerate((0.95, 0.8 + 0.15 * s.random.random(), 0.5)):
        s.bar(33 * u, s.h / 2 + k * 13 * u, room * share, 6.4, shade(s.colour, 0.85))
    s.bar(33 * u, s.h / 2 + 39 * u, room * 0.3, 4, _TEXT)


def _timeline(s: Sheet) -> None:
    left, top, right, bottom = s.heading()
    y = (top + bottom) / 2
    stroke(s.draw, [(left, y), (right, y)], 3.4 * s.u, s.colour)
    for k in range(4):
        x = left + (k + 0.5) * (right - left) / 4
        disc(s.draw, x, y, 7 * s.u, s.colour)
        disc(s.draw, x, y, 4.4 * s.u, s.accent if k % 2 else s.paper)
        side = -1 if k % 2 else 1
        for n, share in ((1, 0.8), (2, s.random.uniform(0.4, 0.7))):
            length = share * (right - left) / 4
            s.bar(x - length / 2, y + side * (8 + 8 * n) * s.u, length, 4.2, _TEXT)


_LAYOUTS: dict[str, Callable[[Sheet], None]] = {
    "title": _title,
    "bullets": _bullets,
    "bar chart": _bar_chart,
    "pie chart": _pie_chart,
    "picture": _picture,
    "quote": _quote,
    "timeline": _timeline,
}


def draw_slide(slide: Slide, size: tuple[int, int]) -> Image.Image:
    """The slide at `size` (width, height): the same bytes for the same arguments."""
    canvas = Image.new("RGB", (size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE))
    rng = random.Random(f"{slide.kind}-{slide.variant}")
    colours = (COLOURS[slide.colour], COLOURS[slide.accent])
    draw, u = ImageDraw.Draw(canvas), min(canvas.size) / 100
    sheet = Sheet(canvas, draw, u, *colours, rng, slide.theme)
    canvas.paste(sheet.paper, (0, 0, *canvas.size))
    _LAYOUTS[slide.kind](sheet)
    return canvas.reduce(SUPERSAMPLE)


def slide_box(slide: Slide, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom (pixels) around the content, the heading's band left out."""
    if slide.kind in ("title", "quote"):
        return 0.08 * width, 0.15 * height, 0.92 * width, 0.95 * height
    top = 24 * min(width, height) / 100
    return 0.03 * width, math.floor(top), 0.97 * width, float(height)
