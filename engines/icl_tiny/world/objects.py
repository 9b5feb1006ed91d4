"""A logo alone, or printed on a thing of the brand's ground colour that stands on a table."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import COLOURS, Colour
from icl_tiny.world.brush import SUPERSAMPLE, gradient, shade, stroke
from icl_tiny.world.kinds import ALONE, GROUNDS, Mark
from icl_tiny.world.marks import paint_mark

# Wall and table behind things: pairs of (wall top, wall bottom, table), one a variant.
_SETS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((232, 228, 224), (206, 200, 196), (168, 128, 96)),
    ((214, 226, 222), (184, 202, 198), (120, 134, 140)),
    ((236, 220, 210), (214, 192, 180), (196, 160, 124)),
    ((216, 216, 230), (188, 188, 208), (132, 108, 110)),
)


@dataclass(frozen=True)
class Easel:
    """Where a thing is drawn: the canvas, its middle, its unit, and the thing's own colours."""

    draw: ImageDraw.ImageDraw
    x: float
    y: float
    u: float
    colour: Colour

    @property
    def line(self) -> Colour:
        """The outline's colour."""
        return shade(self.colour, 0.55) if sum(self.colour) > 300 else shade(self.colour, 1.45)

    @property
    def pen(self) -> int:
        """The outline's width in pixels."""
        return max(1, round(1.8 * self.u))

    def at(self, *points: tuple[float, float]) -> list[tuple[float, float]]:
        """Points in units around the middle, as pixels."""
        return [(self.x + dx * self.u, self.y + dy * self.u) for dx, dy in points]

    def polygon(self, *points: tuple[float, float], fill: Colour | None = None) -> None:
        """A filled, outlined shape; points in units around the middle."""
        outline = self.at(*points)
        self.draw.polygon(outline, fill=fill or self.colour)
        stroke(self.draw, [*outline, outline[0]], self.pen, self.line)

    def box(self, left: float, top: float, right: float, bottom: float, round_by: float) -> None:
        """A rounded box in the thing's colour; edges in units around the middle."""
        (x0, y0), (x1, y1) = self.at((left, top), (right, bottom))
        edges = (x0, y0, x1, y1)
        self.draw.rounded_rectangle(
            edges, round_by * self.u, fill=self.colour, outline=self.line, width=self.pen
        )


def _bag(e: Easel) -> None:
    for dx in (-12, 12):
        (x0, y0), (x1, y1) = e.at((-13, -46), (13, -10))
        e.draw.arc((x0, y0, x1, y1), 180, 360, fill=shade(e.line, 0.8), width=round(3 * e.u))
        e.draw.line(e.at((dx, -30), (dx, -20)), fill=shade(e.line, 0.8), width=round(3 * e.u))
    e.polygon((-30, -24), (30, -24), (34, 38), (-34, 38))


def _mug(e: Easel) -> None:
    (x0, y0), (x1, y1) = e.at((14, -16), (46, 20))
    e.draw.ellipse((x0, y0, x1, y1), outline=e.line, width=round(9 * e.u))
    inner = (x0 + e.pen, y0 + e.pen, x1 - e.pen, y1 - e.pen)
    e.draw.ellipse(inner, outline=e.colour, width=round(9 * e.u) - 2 * e.pen)
    e.box(-34, -28, 28, 36, 8)
    (x0, y0), (x1, y1) = e.at((-34, -35), (28, -21))
    e.draw.ellipse((x0, y0, x1, y1), fill=(92, 60, 44), outline=e.line, width=round(3 * e.u))


def _sign(e: Easel) -> None:
    (x0, y0), (x1, y1) = e.at((-4, 0), (4, 60))
    e.draw.rectangle((x0, y0, x1, y1), fill=(122, 88, 60))
    e.box(-38, -34, 38, 26, 6)
    for dx, dy in ((-33, -29), (33, -29), (-33, 21), (33, 21)):
        (x, y), r = e.at((dx, dy))[0], 1.8 * e.u
        e.draw.ellipse((x - r, y - r, x + r, y + r), fill=e.line)


def _shirt(e: Easel) -> None:
    e.polygon(
        (-14, -38), (14, -38), (28, -34), (46, -10), (33, 0), (26, -8),
        (26, 42), (-26, 42), (-26, -8), (-33, 0), (-46, -10), (-28, -34),
    )  # fmt: skip
    (x0, y0), (x1, y1) = e.at((-11, -46), (11, -28))
    e.draw.chord((x0, y0, x1, y1), 0, 180, fill=shade(e.colour, 0.72), outline=e.line, width=e.pen)


def _box(e: Easel) -> None:
    side = shade(e.colour, 0.72) if sum(e.colour) > 300 else shade(e.colour, 1.2)
    top = shade(e.colour, 1.5) if sum(e.colour) > 300 else shade(e.colour, 1.4)
    e.polygon((-34, -20), (-20, -36), (42, -36), (30, -20), fill=top)
    e.polygon((30, -20), (42, -36), (42, 24), (30, 40), fill=side)
    e.polygon((-34, -20), (30, -20), (30, 40), (-34, 40))


def _flag(e: Easel) -> None:
    (x0, y0), (x1, y1) = e.at((-42, -48), (-37, 60))
    e.draw.rectangle((x0, y0, x1, y1), fill=(150, 140, 132))
    e.polygon(
        (-37, -44), (-20, -40), (0, -43), (20, -46), (42, -41),
        (42, 12), (20, 7), (0, 11), (-20, 14), (-37, 10),
    )  # fmt: skip


def _bottle(e: Easel) -> None:
    (x0, y0), (x1, y1) = e.at((-8, -52), (8, -38))
    e.draw.rounded_rectangle((x0, y0, x1, y1), 2 * e.u, fill=(110, 82, 62))
    e.polygon((-9, -40), (9, -40), (9, -30), (27, -16), (27, 42), (-27, 42), (-27, -16), (-9, -30))
    e.draw.line(e.at((-21, -10), (-21, 34)), fill=shade(e.colour, 1.6), width=round(3 * e.u))


def _book(e: Easel) -> None:
    e.polygon((-30, -42), (34, -42), (34, 44), (-30, 44), fill=(250, 246, 236))
    e.polygon((-34, -46), (28, -46), (28, 40), (-34, 40))
    spine = shade(e.colour, 0.75) if sum(e.colour) > 300 else shade(e.colour, 1.25)
    (x0, y0), (x1, y1) = e.at((-34, -46), (-26, 40))
    e.draw.rectangle((x0, y0, x1, y1), fill=spine)


@dataclass(frozen=True)
class Thing:
    """How an object is drawn, and where on it the mark goes: dx, dy and radius in units."""

    draw: Callable[[Easel], None]
    dx: float
    dy: float
    radius: float
    lifted: bool = False
    """Whether it hangs or stands on a pole, so that no shadow is at its foot."""


_THINGS: dict[str, Thing] = {
    "bag": Thing(_bag, 0, 8, 21),
    "mug": Thing(_mug, -3, 8, 19),
    "sign": Thing(_sign, 0, -4, 22, lifted=True),
    "shirt": Thing(_shirt, 0, 4, 18, lifted=True),
    "box": Thing(_box, -2, 10, 21),
    "flag": Thing(_flag, 2, -16, 21, lifted=True),
    "bottle": Thing(_bottle, 1, 12, 19),
    "book": Thing(_book, 1, -4, 21),
}


def draw_mark(mark: Mark, size: tuple[int, int]) -> Image.Image:
    """The logo at `size` (width, height): the same bytes for the same arguments."""
    width, height = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
    u = min(width, height) / 100
    ground, ink = GROUNDS[mark.ground], COLOURS[mark.colour]
    x, y, r = _place(mark, width, height)
    if mark.object == ALONE:
        canvas = Image.new("RGB", (width, height), ground)
        paint_mark(ImageDraw.Draw(canvas), mark.shape, x, y, r, ink, ground)
        return canvas.reduce(SUPERSAMPLE)
    top, bottom, table = _SETS[mark.variant]
    canvas = gradient((width, height), top, bottom)
    draw, thing = ImageDraw.Draw(canvas), _THINGS[mark.object]
    edge = height / 2 + 30 * u
    draw.rectangle((0, edge, width, height), fill=table)
    draw.rectangle((0, edge, width, edge + 2 * u), fill=shade(table, 1.3))
    if not thing.lifted:
        foot = height / 2 + 42 * u
        shadow = (width / 2 - 40 * u, foot - 7 * u, width / 2 + 44 * u, foot + 5 * u)
        draw.ellipse(shadow, fill=shade(table, 0.62))
    thing.draw(Easel(draw, width / 2, height / 2, u, ground))
    paint_mark(draw, mark.shape, x, y, r, ink, ground)
    return canvas.reduce(SUPERSAMPLE)


def _place(mark: Mark, width: float, height: float) -> tuple[float, float, float]:
    """Middle and radius of the mark itself, pixels."""
    u = min(width, height) / 100
    if mark.object == ALONE:
        return width / 2, height / 2, 37 * u
    thing = _THINGS[mark.object]
    return width / 2 + thing.dx * u, height / 2 + thing.dy * u, thing.radius * u


def mark_box(mark: Mark, width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom (pixels) around the logo and the thing it is on."""
    u = min(width, height) / 100
    x, y, reach = width / 2, height / 2, 40 * u if mark.object == ALONE else 48 * u
    return x - reach, y - reach, x + reach, y + reach
