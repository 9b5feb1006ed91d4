"""The seven typefaces: one alphabet of strokes, drawn with seven pens. No font file is used."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from PIL import Image, ImageDraw

from icl_tiny.world.alphabet import CORNERED, HEIGHT, LETTERS, WIDTH, Point, Stroke
from icl_tiny.world.attributes import COLOURS, Colour
from icl_tiny.world.avatars import contrast
from icl_tiny.world.brush import SUPERSAMPLE, disc, stroke
from icl_tiny.world.kinds import GROUNDS, Word

Draw = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Page:
    """A canvas with its two colours; `unit` is one step of the alphabet's grid in pixels."""

    draw: Draw
    unit: float
    ink: Colour
    ground: Colour


def _thin(page: Page, lines: list[list[Point]]) -> None:
    for line in lines:
        stroke(page.draw, line, 0.42 * page.unit, page.ink)


def _rounded(page: Page, lines: list[list[Point]]) -> None:
    for line in lines:
        stroke(page.draw, line, 1.5 * page.unit, page.ink)


def _bar(page: Page, start: Point, end: Point, wide: float, reach: tuple[float, float]) -> None:
    """A straight stroke with square ends; each reaches so many half widths too far."""
    length = math.dist(start, end) or 1.0
    dx, dy = (end[0] - start[0]) / length * wide / 2, (end[1] - start[1]) / length * wide / 2
    x0, y0 = start[0] - dx * reach[0], start[1] - dy * reach[0]
    x1, y1 = end[0] + dx * reach[1], end[1] + dy * reach[1]
    corners = [(x0 - dy, y0 + dx), (x0 + dy, y0 - dx), (x1 + dy, y1 - dx), (x1 - dy, y1 + dx)]
    page.draw.polygon(corners, fill=page.ink)


def _square_joint(before: Point, at: Point, after: Point) -> bool:
    """Whether a line turns at about a right angle, which a square corner fills."""
    ax, ay, bx, by = at[0] - before[0], at[1] - before[1], after[0] - at[0], after[1] - at[1]
    return abs(ax * bx + ay * by) < 0.3 * math.hypot(ax, ay) * math.hypot(bx, by)


def _blocky(page: Page, lines: list[list[Point]]) -> None:
    """Square letters that throw a short shadow."""
    shift, under = 0.62 * page.unit, replace(page, ink=contrast(page.ground, 0.36))
    _square(under, [[(x + shift, y + shift) for x, y in line] for line in lines])
    _square(page, lines)


def _square(page: Page, lines: list[list[Point]]) -> None:
    wide = 1.35 * page.unit
    for line in lines:
        inner = zip(line, line[1:], line[2:], strict=False)
        square = [True, *(_square_joint(*three) for three in inner), True]
        for k, (start, end) in enumerate(pairwise(line)):
            _bar(page, start, end, wide, (float(square[k]), float(square[k + 1])))
        for point, is_square in zip(line, square, strict=True):
            if not is_square:
                disc(page.draw, *point, wide / 2, page.ink)


def _outlined(page: Page, lines: list[list[Point]]) -> None:
    for line in lines:
        stroke(page.draw, line, 1.7 * page.unit, page.ink)
    for line in lines:
        stroke(page.draw, line, 0.85 * page.unit, page.ground)


def _slanted(page: Page, lines: list[list[Point]]) -> None:
    for line in lines:
        stroke(page.draw, line, 0.9 * page.unit, page.ink)


def _stencil(page: Page, lines: list[list[Point]]) -> None:
    _square(page, lines)
    # The bridges of a stencil: two gaps across every letter, clear of the bars of A, E and H.
    xs = [x for line in lines for x, _ in line]
    ys = [y for line in lines for _, y in line]
    u = page.unit
    for share in (0.25, 0.81):
        y = min(ys) + (max(ys) - min(ys)) * share
        gap = (min(xs) - u, y - 0.25 * u, max(xs) + u, y + 0.25 * u)
        page.draw.rectangle(gap, fill=page.ground)


def _dotted(page: Page, lines: list[list[Point]]) -> None:
    for line in lines:
        for x, y in _beads(line, 1.12 * page.unit):
            disc(page.draw, x, y, 0.43 * page.unit, page.ink)


def _beads(line: list[Point], pitch: float) -> list[Point]:
    """Points along `line`, about `pitch` apart, its two ends among them."""
    lengths = [math.dist(a, b) for a, b in pairwise(line)]
    total = sum(lengths)
    count = max(1, round(total / pitch))
    beads, gone, k = [], 0.0, 0
    for n in range(count + 1):
        at = total * n / count
        while k < len(lengths) - 1 and gone + lengths[k] < at:
            gone, k = gone + lengths[k], k + 1
        share = (at - gone) / (lengths[k] or 1.0)
        (x0, y0), (x1, y1) = line[k], line[k + 1]
        beads.append((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share))
    return beads


@dataclass(frozen=True)
class Typeface:
    """A pen, and how it sets letters: their gap and slant, and whether bows are cornered."""

    pen: Callable[[Page, list[list[Point]]], None]
    gap: float
    slant: float = 0.0
    cornered: bool = False


_FACES: dict[str, Typeface] = {
    "thin": Typeface(_thin, 1.9),
    "rounded": Typeface(_rounded, 2.4),
    "blocky": Typeface(_blocky, 2.3, cornered=True),
    "outlined": Typeface(_outlined, 2.4),
    "slanted": Typeface(_slanted, 1.6, slant=0.32),
    "stencil": Typeface(_stencil, 2.0, cornered=True),
    "dotted": Typeface(_dotted, 1.9),
}


def _setting(word: Word, width: float, height: float) -> tuple[float, float, float, Typeface]:
    """Unit, left and top of the word on a canvas, and its typeface."""
    face = _FACES[word.typeface]
    count = len(word.text)
    across = count * WIDTH + (count - 1) * face.gap + face.slant * HEIGHT
    unit = min(0.84 * width / (across + 1.2), 0.52 * height / HEIGHT, 0.1 * min(width, height))
    return unit, (width - across * unit) / 2, (height - HEIGHT * unit) / 2, face


def draw_word(word: Word, size: tuple[int, int]) -> Image.Image:
    """The word in capitals at `size` (width, height): the same bytes for the same arguments."""
    width, height = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
    ground = GROUNDS[word.ground]
    canvas = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(canvas)
    unit, left, top, face = _setting(word, width, height)
    _ornament(draw, word, ground, (left, top, width - left, height - top), width, height)
    page = Page(draw, unit, COLOURS[word.ink], ground)
    letters = CORNERED if face.cornered else LETTERS
    for k, letter in enumerate(word.text.upper()):
        start = left + k * (WIDTH + face.gap) * unit
        face.pen(page, [_placed(line, face, start, top, unit) for line in letters[letter]])
    return canvas.reduce(SUPERSAMPLE)


def _placed(line: Stroke, face: Typeface, left: float, top: float, unit: float) -> list[Point]:
    return [(left + (x + face.slant * (HEIGHT - y)) * unit, top + y * unit) for x, y in line]


def _ornament(
    draw: Draw,
    word: Word,
    ground: Colour,
    box: tuple[float, float, float, float],
    width: int,
    height: int,
) -> None:
    """A frame, lines or dots around the word, by its variant; nothing in variant 0."""
    u, tone = min(width, height) / 100, contrast(ground, 0.14)
    left, top, right, bottom = box
    if word.variant == 1:
        edge = (6 * u, 6 * u, width - 6 * u, height - 6 * u)
        draw.rounded_rectangle(edge, 9 * u, outline=tone, width=round(2.4 * u))
    elif word.variant == 2:
        for y in (top - 15 * u, bottom + 15 * u):
            stroke(draw, [(left, y), (right, y)], 2.4 * u, tone)
    elif word.variant == 3:
        rng = random.Random("confetti")
        for _ in range(16):
            x, y = rng.random() * width, rng.random() * height
            disc(draw, x, y, rng.uniform(2, 4) * u, tone)


def word_box(word: Word, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom (pixels) around the letters."""
    unit, left, top, _ = _setting(word, width, height)
    edge = 1.0 * unit
    return left - edge, top - edge, width - left + edge, height - top + edge
