"""Corners of rooms: a piece of furniture of the room's style, its cloth in the accent's colour."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import COLOURS, Colour
from icl_tiny.world.brush import SUPERSAMPLE, disc, shade, stroke
from icl_tiny.world.kinds import Corner
from icl_tiny.world.rooms import FLOOR, STYLE, Style, paint_room

_GREEN: Colour = (84, 154, 84)


@dataclass(frozen=True)
class Joiner:
    """Builds furniture around the middle of a floor; lengths in units, y upwards is negative."""

    draw: ImageDraw.ImageDraw
    x: float
    floor: float
    u: float
    style: Style
    accent: Colour
    variant: int

    def box(
        self, left: float, top: float, right: float, bottom: float, fill: Colour, edge: float = -1
    ) -> None:
        """A rounded box with an outline; `edge` overrides the style's roundness."""
        radius = (self.style.edge if edge < 0 else edge) * self.u
        corners = (
            self.x + left * self.u,
            self.floor + top * self.u,
            self.x + right * self.u,
            self.floor + bottom * self.u,
        )
        radius = min(radius, (corners[2] - corners[0]) / 2, (corners[3] - corners[1]) / 2)
        pen = max(1, round((1.8 if self.style.trim else 1.4) * self.u))
        line = self.style.metal if self.style.trim else shade(fill, 0.6)
        self.draw.rounded_rectangle(corners, radius, fill=fill, outline=line, width=pen)

    def wood(self, left: float, top: float, right: float, bottom: float) -> None:
        """A box of the style's wood, with its planks where the style shows them."""
        self.box(left, top, right, bottom, self.style.wood)
        if self.style.planks and right - left > 12 and bottom - top > 9:
            seam, y = shade(self.style.wood, 0.74), (top + bottom) / 2
            self.line([(left + 3, y), (right - 3, y)], 1.1, seam)

    def line(self, points: list[tuple[float, float]], width: float, fill: Colour) -> None:
        """A line through points in units."""
        pixels = [(self.x + x * self.u, self.floor + y * self.u) for x, y in points]
        stroke(self.draw, pixels, width * self.u, fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A disc in units."""
        disc(self.draw, self.x + x * self.u, self.floor + y * self.u, radius * self.u, fill)

    def legs(self, left: float, right: float, top: float, foot: float) -> None:
        """Two legs of the style's metal or wood."""
        fill = self.style.metal if self.style.trim else shade(self.style.wood, 0.7)
        for x in (left, right):
            self.line([(x, top), (x, foot)], 3.0, fill)

    def plant(self, x: float, y: float) -> None:
        """A small plant in a pot of the accent's colour."""
        for dx, dy in ((-5, -9), (0, -13), (5, -9)):
            self.line([(x, y - 4), (x + dx, y + dy)], 2.4, _GREEN)
            self.disc(x + dx, y + dy, 2.6, _GREEN)
        self.box(x - 4, y - 7, x + 4, y, self.accent, 1)


def _sofa(j: Joiner) -> None:
    legs = j.style.legs
    j.legs(-30, 30, 8 - legs, 10)
    j.box(-34, -28, 34, 4 - legs, j.accent, 8)
    for left, right in ((-30, 0), (0, 30)):
        j.box(left, -14 - legs / 2, right, 2 - legs, shade(j.accent, 1.25), 4)
    for left, right in ((-40, -29), (29, 40)):
        j.box(left, -18, right, 9 - legs, shade(j.accent, 0.85), 5)
    j.box(-24, -26, -11, -13, j.style.wood, 3)
    j.box(11, -26, 24, -13, j.style.wood, 3)


def _bed(j: Joiner) -> None:
    j.wood(-38, -36, 38, 2)
    j.legs(-36, 36, 8, 24)
    j.box(-36, -14, 36, 20, (250, 248, 242), 4)
    j.box(-30, -20, -4, -7, (255, 255, 255), 5)
    j.box(4, -20, 30, -7, (255, 255, 255), 5)
    j.box(-37, -4, 37, 20, j.accent, 4)
    j.box(-37, -4, 37, 3, shade(j.accent, 1.4), 3)


def _table(j: Joiner) -> None:
    low = j.style.legs < 3
    top = -4 if low else -12
    for x in (-33, 33):
        if low:
            j.box(x - 11, 8, x + 11, 15, j.accent, 4)
        else:
            j.box(x - 8, -20, x + 8, 2, j.style.wood, 2)
            j.box(x - 9, 0, x + 9, 6, j.accent, 2)
            j.legs(x - 6, x + 6, 6, 18)
    j.legs(-20, 20, top + 4, 17)
    j.wood(-29, top, 29, top + 6)
    j.box(-11, top - 1, 11, top + 12, j.accent, 0)
    j.plant(0, top)


def _shelf(j: Joiner) -> None:
    j.wood(-29, -52, 29, 10)
    inner = shade(j.style.wood, 0.62)
    for row in range(3):
        top = -48 + row * 19
        j.box(-25, top, 25, top + 15, inner, 0)
        books = (j.accent, shade(j.accent, 1.4), (244, 240, 230), shade(j.accent, 0.7))
        for k in range(5 if row != 1 else 3):
            left = -23 + k * 6 if (row + j.variant) % 2 else 18 - k * 6
            high = (12, 10, 13)[(k + row) % 3]
            j.box(left, top + 15 - high, left + 5, top + 15, books[(k + row) % 4], 0)
    j.plant(12 if j.variant % 2 else -13, -14)


def _desk(j: Joiner) -> None:
    j.legs(-31, 31, -8, 18)
    j.wood(-36, -14, 36, -8)
    j.wood(12, -8, 33, 12)
    for y in (-3, 6):
        j.line([(19, y), (26, y)], 1.8, j.style.metal)
    j.box(-16, -36, 12, -17, (52, 56, 66), 2)
    j.box(-13, -33, 9, -20, (186, 216, 236), 0)
    j.line([(-2, -17), (-2, -14)], 3, (52, 56, 66))
    j.line([(27, -14), (29, -26), (22, -34)], 2, j.style.metal)
    j.disc(21, -33, 5, j.accent)
    j.box(-17, -6, 7, 8, j.accent, 4)
    j.legs(-12, 2, 8, 20)


def _kitchen(j: Joiner) -> None:
    j.wood(-41, -56, -9, -36)
    j.wood(9, -56, 41, -36)
    for x in (-14, 14):
        j.line([(x, -44), (x, -40)], 1.8, j.style.metal)
    j.box(-9, -50, 9, -36, (196, 200, 206), 1)
    j.wood(-41, -12, -14, 14)
    j.wood(14, -12, 41, 14)
    j.box(-14, -12, 14, 14, (206, 210, 216), 1)
    j.box(-10, -3, 10, 9, (66, 70, 80), 2)
    j.box(-43, -17, 43, -11, shade(j.style.wood, 0.72), 1)
    for x in (-8, 8):
        j.disc(x, -8, 1.8, (66, 70, 80))
    j.box(-7, -27, 7, -17, j.accent, 2)
    j.line([(-11, -24), (11, -24)], 2, shade(j.accent, 0.7))
    j.box(-36, -7, -20, 8, j.accent, 0)
    j.plant(29, -17)


def _bathtub(j: Joiner) -> None:
    j.line([(-38, -6), (-38, -34), (-26, -34)], 3, j.style.metal)
    j.disc(-25, -32, 4, j.style.metal)
    white: Colour = (252, 252, 250)
    if j.style.legs < 3 or j.style.planks:
        j.wood(-36, -8, 36, 14)
    else:
        j.legs(-24, 24, 8, 18)
        j.box(-36, -10, 36, 14, white, 14)
    for x, r in ((-20, 6), (-9, 8), (3, 7), (13, 6), (-2, 10)):
        j.disc(x, -13, r, (214, 238, 252))
        j.disc(x - 1, -14, r * 0.7, (240, 250, 255))
    j.box(-40, -14, 40, -7, white, 3)
    j.box(17, -15, 32, 10, j.accent, 2)
    j.box(-22, 17, 24, 26, shade(j.accent, 1.2), 4)


def _fireplace(j: Joiner) -> None:
    stone = shade(j.style.floor, 1.1) if j.style.planks else j.style.wood
    j.box(-22, -62, 22, -26, stone, 0)
    j.box(-34, -28, 34, 14, stone, 2)
    j.wood(-39, -33, 39, -25)
    j.box(-19, -16, 19, 14, (44, 36, 38), 8)
    for x, high in ((-9, 14), (0, 22), (9, 15)):
        j.line([(x, 9), (x, 11 - high)], 8, (240, 120, 44))
    for x, high in ((-6, 8), (4, 12)):
        j.line([(x, 10), (x, 11 - high)], 5, (255, 214, 90))
    j.line([(-13, 11), (13, 11)], 4, (104, 68, 46))
    j.box(-13, -53, 13, -37, j.accent, 0)
    j.disc(0, -45, 4.5, shade(j.accent, 1.6))
    j.box(-34, 19, 34, 27, j.accent, 4)


_BUILDERS: dict[str, Callable[[Joiner], None]] = {
    "sofa": _sofa,
    "bed": _bed,
    "table": _table,
    "shelf": _shelf,
    "desk": _desk,
    "kitchen": _kitchen,
    "bathtub": _bathtub,
    "fireplace": _fireplace,
}


def draw_corner(corner: Corner, size: tuple[int, int]) -> Image.Image:
    """The corner at `size` (width, height): the same bytes for the same arguments."""
    canvas = paint_room(corner.style, corner.wall, *size).copy()
    width, height = canvas.size
    u, draw = min(width, height) / 100, ImageDraw.Draw(canvas)
    floor, style = height * FLOOR + 4 * u, STYLE[corner.style]
    x = width / 2 + (corner.variant - 1.5) * 2.4 * u
    accent = COLOURS[corner.accent]
    if corner.furniture in ("sofa", "table", "desk"):
        rug = (x - 42 * u, floor + 6 * u, x + 42 * u, min(height, floor + 22 * u))
        draw.ellipse(rug, fill=shade(accent, 1.55), outline=accent, width=round(2 * u))
    _BUILDERS[corner.furniture](Joiner(draw, x, floor, u, style, accent, corner.variant))
    return canvas.reduce(SUPERSAMPLE)


def corner_box(corner: Corner, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom (pixels) around the furniture."""
    u = min(width, height) / 100
    x, floor = width / 2 + (corner.variant - 1.5) * 2.4 * u, height * FLOOR + 4 * u
    high = {"fireplace": 64, "kitchen": 58, "shelf": 54, "bathtub": 38}.get(corner.furniture, 40)
    return x - 44 * u, floor - high * u, x + 44 * u, floor + 26 * u
