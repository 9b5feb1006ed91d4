"""The five hats. Each sits with its brim at (x, y); lengths are in units `u` (pixels per unit)."""

from collections.abc import Callable

from PIL import ImageDraw

from icl_tiny.world.attributes import COLOURS, NO_HAT, Colour, Creature
from icl_tiny.world.brush import disc, shade, stroke

Draw = ImageDraw.ImageDraw
HAT_HEIGHT = 26.0
"""The tallest hat above its brim, in units."""


def draw_hat(
    draw: Draw, creature: Creature, x: float, y: float, u: float, from_behind: bool = False
) -> None:
    """Draw the creature's hat, if it has one, on the crown of a head at (x, y)."""
    if creature.hat == NO_HAT or creature.hat_colour is None:
        return
    colour = COLOURS[creature.hat_colour]
    # A cap is the only hat whose back is not its front: the peak is out of sight.
    hatter = _cap_back if from_behind and creature.hat == "cap" else _HATTERS[creature.hat]
    hatter(draw, x, y, u, colour, shade(colour, 0.5))


def _cap(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    pen = max(1, round(1.8 * u))
    draw.pieslice(
        (x - 16 * u, y - 16 * u, x + 16 * u, y + 16 * u),
        180,
        360,
        fill=colour,
        outline=line,
        width=pen,
    )
    box = (x + 2 * u, y - 4 * u, x + 28 * u, y + 3 * u)
    draw.rounded_rectangle(box, 3 * u, fill=colour, outline=line, width=pen)
    disc(draw, x, y - 16 * u, 2.4 * u, line)


def _cap_back(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    pen = max(1, round(1.8 * u))
    box = (x - 16 * u, y - 16 * u, x + 16 * u, y + 16 * u)
    draw.pieslice(box, 180, 360, fill=colour, outline=line, width=pen)
    draw.pieslice((x - 6 * u, y - 7 * u, x + 6 * u, y + 5 * u), 180, 360, fill=line)
    draw.rectangle((x - 16 * u, y - 2 * u, x + 16 * u, y + 2 * u), fill=line)
    disc(draw, x, y - 16 * u, 2.4 * u, line)


def _top_hat(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    pen = max(1, round(1.8 * u))
    draw.rectangle((x - 12 * u, y - 25 * u, x + 12 * u, y), fill=colour, outline=line, width=pen)
    draw.rectangle((x - 11 * u, y - 8 * u, x + 11 * u, y - 3 * u), fill=line)
    draw.rounded_rectangle(
        (x - 20 * u, y - 3 * u, x + 20 * u, y + 3 * u), 2 * u, fill=colour, outline=line, width=pen
    )


def _crown(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    tips = ((-15, 2), (-17, -17), (-8, -7), (0, -21), (8, -7), (17, -17), (15, 2))
    points = [(x + dx * u, y + dy * u) for dx, dy in tips]
    draw.polygon(points, fill=colour)
    stroke(draw, [*points, points[0]], 2 * u, line)
    for dx, dy in ((-17, -18), (0, -22), (17, -18)):
        disc(draw, x + dx * u, y + dy * u, 2.6 * u, line)


def _party_hat(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    points = [(x - 13 * u, y + 2 * u), (x, y - 25 * u), (x + 13 * u, y + 2 * u)]
    draw.polygon(points, fill=colour)
    for dx, dy in ((-5, -3), (4, -7), (-1, -14)):
        disc(draw, x + dx * u, y + dy * u, 2.1 * u, (255, 255, 255))
    stroke(draw, [*points, points[0]], 2 * u, line)
    disc(draw, x, y - 25 * u, 4 * u, (255, 250, 240))


def _woolly_hat(draw: Draw, x: float, y: float, u: float, colour: Colour, line: Colour) -> None:
    pen = max(1, round(1.8 * u))
    draw.pieslice(
        (x - 17 * u, y - 21 * u, x + 17 * u, y + 17 * u),
        180,
        360,
        fill=colour,
        outline=line,
        width=pen,
    )
    draw.rounded_rectangle(
        (x - 19 * u, y - 5 * u, x + 19 * u, y + 4 * u),
        3 * u,
        fill=shade(colour, 1.5),
        outline=line,
        width=pen,
    )
    disc(draw, x, y - 21 * u, 5.5 * u, (255, 252, 246))


_HATTERS: dict[str, Callable[[Draw, float, float, float, Colour, Colour], None]] = {
    "cap": _cap,
    "top hat": _top_hat,
    "crown": _crown,
    "party hat": _party_hat,
    "woolly hat": _woolly_hat,
}
