"""The five styles of rooms: wall, floor, window and lamp, and the stuff that furniture is of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from icl_tiny.world.attributes import Colour
from icl_tiny.world.avatars import contrast
from icl_tiny.world.brush import SUPERSAMPLE, disc, gradient, shade, stroke
from icl_tiny.world.kinds import GROUNDS

Draw = ImageDraw.ImageDraw
FLOOR = 0.7
"""Where wall and floor meet, as a fraction of the height."""
_GLASS: Colour = (164, 214, 242)
_LIGHT: Colour = (255, 236, 158)


@dataclass(frozen=True)
class Style:
    """What one style's furniture is made of, and how plain or ornate it is."""

    wood: Colour
    metal: Colour
    floor: Colour
    board: Colour
    """The skirting board, window frames and other trims."""
    edge: float
    """How round edges are, in units."""
    legs: float
    """How long the legs of furniture are, in units."""
    trim: bool = False
    """Whether edges are lined with metal."""
    planks: bool = False
    """Whether wood shows its planks."""


STYLE: dict[str, Style] = {
    "modern": Style((244, 242, 238), (60, 62, 68), (206, 198, 188), (252, 252, 252), 5, 7),
    "rustic": Style((158, 104, 60), (84, 60, 44), (176, 128, 80), (122, 78, 46), 2, 4, planks=True),
    "royal": Style((112, 46, 52), (232, 186, 74), (150, 64, 70), (236, 196, 92), 7, 6, trim=True),
    "japanese": Style((84, 56, 42), (40, 34, 32), (186, 190, 128), (70, 48, 38), 1, 1),
    "industrial": Style(
        (150, 112, 78), (46, 48, 54), (134, 138, 144), (58, 60, 66), 1, 9, trim=True, planks=True
    ),
}


@dataclass(frozen=True)
class Room:
    """A room under construction: canvas size, unit, wall colour."""

    draw: Draw
    w: int
    h: int
    u: float
    wall: Colour

    @property
    def tone(self) -> Colour:
        """A shade of the wall that stands out from it a little."""
        return contrast(self.wall, 0.13)


def _modern(r: Room) -> None:
    x, y, u = r.w / 2 + 22 * r.u, r.h * 0.07, r.u
    stroke(r.draw, [(x, 0), (x, y + 6 * u)], 1.4 * u, (60, 62, 68))
    disc(r.draw, x, y + 13 * u, 8 * u, (255, 246, 206))
    x = r.w / 2 - 22 * u
    r.draw.rectangle((x - 15 * u, y, x + 15 * u, y + 24 * u), fill=_GLASS)
    r.draw.rectangle(
        (x - 15 * u, y, x + 15 * u, y + 24 * u), outline=(252, 252, 252), width=round(2.4 * u)
    )


def _rustic(r: Room) -> None:
    pitch = 16 * r.u
    for k in range(int(r.w / pitch) + 1):
        x = k * pitch + r.w / 2 % pitch
        r.draw.line((x, 0, x, r.h * FLOOR), fill=r.tone, width=round(1.8 * r.u))
    x, y, u, wood = r.w / 2 - 20 * r.u, r.h * 0.07, r.u, (122, 78, 46)
    r.draw.rectangle((x - 14 * u, y, x + 14 * u, y + 25 * u), fill=_GLASS, outline=wood)
    for line in (
        [(x - 14 * u, y), (x + 14 * u, y), (x + 14 * u, y + 25 * u), (x - 14 * u, y + 25 * u)],
        [(x - 14 * u, y + 25 * u), (x - 14 * u, y)],
        [(x, y), (x, y + 25 * u)],
        [(x - 14 * u, y + 12 * u), (x + 14 * u, y + 12 * u)],
    ):
        stroke(r.draw, line, 2.6 * u, wood)
    x = r.w / 2 + 22 * u
    stroke(r.draw, [(x, 0), (x, y + 6 * u)], 1.4 * u, (84, 60, 44))
    r.draw.rounded_rectangle((x - 5 * u, y + 6 * u, x + 5 * u, y + 20 * u), 2 * u, fill=_LIGHT)
    for edge in (6, 18):
        r.draw.rectangle(
            (x - 6 * u, y + edge * u, x + 6 * u, y + (edge + 3) * u), fill=(84, 60, 44)
        )


def _royal(r: Room) -> None:
    for row in range(6):
        for k in range(-8, 9):
            x = r.w / 2 + (k + 0.5 * (row % 2)) * 15 * r.u
            y = (row + 0.5) * r.h * FLOOR / 6
            d = 3.6 * r.u
            r.draw.polygon(
                [(x, y - 1.5 * d), (x + d, y), (x, y + 1.5 * d), (x - d, y)], fill=r.tone
            )
    gold, u, y = (232, 186, 74), r.u, r.h * 0.04
    x = r.w / 2 - 22 * u
    window = (x - 12 * u, y, x + 12 * u, y + 27 * u)
    r.draw.rounded_rectangle(window, 12 * u, fill=_GLASS, outline=gold, width=round(2.8 * u))
    r.draw.line((x, y, x, y + 27 * u), fill=gold, width=round(1.6 * u))
    x = r.w / 2 + 20 * u
    stroke(r.draw, [(x, 0), (x, y + 12 * u)], 1.4 * u, gold)
    r.draw.arc((x - 15 * u, y, x + 15 * u, y + 17 * u), 0, 180, fill=gold, width=round(2 * u))
    for dx in (-14, -5, 5, 14):
        disc(r.draw, x + dx * u, y + (6 if abs(dx) > 9 else 13) * u, 2.6 * u, _LIGHT)


def _japanese(r: Room) -> None:
    u, wood = r.u, (70, 48, 38)
    x, top, low = r.w / 2 - 21 * u, r.h * 0.05, r.h * 0.05 + 32 * u
    r.draw.rectangle((x - 20 * u, top, x + 20 * u, low), fill=(252, 248, 236))
    for k in range(5):
        bar = x - 20 * u + k * 10 * u
        stroke(r.draw, [(bar, top), (bar, low)], 1.5 * u, wood)
    for k in range(4):
        bar = top + k * (low - top) / 3
        stroke(r.draw, [(x - 20 * u, bar), (x + 20 * u, bar)], 1.5 * u, wood)
    x = r.w / 2 + 24 * u
    stroke(r.draw, [(x, 0), (x, top + 2 * u)], 1.2 * u, wood)
    r.draw.ellipse((x - 10 * u, top + 2 * u, x + 10 * u, top + 20 * u), fill=(246, 112, 84))
    for dy in (6, 11, 16):
        r.draw.line((x - 9 * u, top + dy * u, x + 9 * u, top + dy * u), fill=(214, 78, 60))


def _industrial(r: Room) -> None:
    u, high = r.u, 7 * r.u
    for row in range(int(r.h * FLOOR / high) + 1):
        y = row * high
        r.draw.line((0, y, r.w, y), fill=r.tone, width=round(1.2 * u))
        for k in range(int(r.w / (14 * u)) + 2):
            x = (k - 0.5 * (row % 2)) * 14 * u
            r.draw.line((x, y, x, y + high), fill=r.tone, width=round(1.2 * u))
    x, y, iron = r.w / 2 - 20 * u, r.h * 0.06, (46, 48, 54)
    r.draw.rectangle((x - 17 * u, y, x + 17 * u, y + 26 * u), fill=_GLASS)
    for k in range(4):
        bar = x - 17 * u + k * 34 * u / 3
        r.draw.line((bar, y, bar, y + 26 * u), fill=iron, width=round(1.8 * u))
    for k in range(3):
        bar = y + k * 13 * u
        r.draw.line((x - 17 * u, bar, x + 17 * u, bar), fill=iron, width=round(1.8 * u))
    x = r.w / 2 + 22 * u
    stroke(r.draw, [(x, 0), (x, y + 4 * u)], 1.4 * u, iron)
    r.draw.pieslice((x - 12 * u, y + 2 * u, x + 12 * u, y + 26 * u), 180, 360, fill=iron)
    r.draw.pieslice((x - 5 * u, y + 9 * u, x + 5 * u, y + 19 * u), 0, 180, fill=_LIGHT)


_FINISHERS: dict[str, Callable[[Room], None]] = {
    "modern": _modern,
    "rustic": _rustic,
    "royal": _royal,
    "japanese": _japanese,
    "industrial": _industrial,
}


@lru_cache(maxsize=128)
def paint_room(style: str, wall: str, width: int, height: int) -> Image.Image:
    """The empty corner at SUPERSAMPLE times `width` x `height`. Cached: copy before drawing."""
    w, h = width * SUPERSAMPLE, height * SUPERSAMPLE
    look, colour = STYLE[style], GROUNDS[wall]
    canvas = Image.new("RGB", (w, h), colour)
    draw = ImageDraw.Draw(canvas)
    room = Room(draw, w, h, min(w, h) / 100, colour)
    _FINISHERS[style](room)
    floor = round(h * FLOOR)
    canvas.paste(gradient((w, h - floor), shade(look.floor, 1.12), look.floor), (0, floor))
    _lay_floor(room, style, look, floor)
    draw.rectangle((0, floor - 2 * room.u, w, floor + 1.4 * room.u), fill=look.board)
    return canvas


def _lay_floor(room: Room, style: str, look: Style, floor: int) -> None:
    """Joints of the floor's planks, tiles or mats, running towards the eye."""
    if style == "modern":
        return
    seam, middle = shade(look.floor, 0.86), room.w / 2
    pitch = {"rustic": 13, "royal": 20, "japanese": 34, "industrial": 26}[style] * room.u
    count = int(room.w / pitch) + 2
    for k in range(-count, count + 1):
        foot = middle + k * pitch * 1.35
        room.draw.line((middle + k * pitch, floor, foot, room.h), seam, round(1.2 * room.u))
    if style in ("royal", "japanese", "industrial"):
        for share in (0.3, 0.72):
            y = floor + (room.h - floor) * share
            room.draw.line((0, y, room.w, y), seam, round(1.2 * room.u))
