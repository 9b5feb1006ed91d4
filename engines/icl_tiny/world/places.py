"""The nine places. Each is a function that paints a backdrop; composition follows the canvas."""

import random
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from icl_tiny.world.attributes import Colour
from icl_tiny.world.brush import SUPERSAMPLE, disc, gradient, stroke


class Stage:
    """A backdrop under construction: a supersampled canvas, its unit and its own random numbers."""

    def __init__(self, place: str, backdrop: int, width: int, height: int) -> None:
        """`width` and `height` are in final pixels."""
        self.w, self.h = width * SUPERSAMPLE, height * SUPERSAMPLE
        self.u = min(self.w, self.h) / 100
        # One seed for a backdrop and its mirror image: `backdrop` 0/1 and 2/3 differ by a flip.
        self.random = random.Random(f"{place}-{backdrop // 2}")
        self.image = Image.new("RGB", (self.w, self.h))
        self.draw = ImageDraw.Draw(self.image)

    def sky(self, top: Colour, bottom: Colour, until: float = 1.0) -> None:
        """A gradient from the top edge to `until` (a fraction of the height)."""
        self.image.paste(gradient((self.w, max(1, round(self.h * until))), top, bottom))

    def ground(self, start: float, top: Colour, bottom: Colour) -> None:
        """A gradient from `start` (a fraction of the height) to the bottom edge."""
        y = round(self.h * start)
        self.image.paste(gradient((self.w, self.h - y), top, bottom), (0, y))

    def hill(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """The upper half of an ellipse around the fractions (x, y), radii in units."""
        cx, cy, rx, ry = self.w * x, self.h * y, rx * self.u, ry * self.u
        self.draw.pieslice((cx - rx, cy - ry, cx + rx, cy + ry), 180, 360, fill=fill)

    def dot(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A disc at the fractions (x, y), radius in units."""
        disc(self.draw, self.w * x, self.h * y, radius * self.u, fill)

    def columns(self, pitch: float) -> list[float]:
        """Evenly spread x positions (pixels), about `pitch` units apart, with a random offset."""
        count = max(2, round(self.w / (pitch * self.u)))
        offset = self.random.uniform(0.15, 0.85)
        return [(i + offset) * self.w / count for i in range(-1, count + 1)]


def _beach(s: Stage) -> None:
    s.sky((118, 196, 240), (206, 234, 246), 0.48)
    s.dot(s.random.uniform(0.12, 0.3), 0.18, 9, (255, 236, 130))
    s.image.paste(
        gradient((s.w, round(s.h * 0.26)), (38, 122, 190), (86, 186, 212)), (0, round(s.h * 0.44))
    )
    s.draw.rectangle((0, s.h * 0.685, s.w, s.h * 0.705), fill=(240, 250, 250))
    s.ground(0.7, (250, 226, 164), (232, 196, 124))
    x, y, u = s.w * 0.9, s.h * 0.78, s.u
    stroke(
        s.draw, [(x, y), (x - 3 * u, y - 26 * u), (x - 8 * u, y - 46 * u)], 5 * u, (150, 104, 62)
    )
    top = (x - 8 * u, y - 46 * u)
    for dx, dy in ((-20, -4), (-17, 10), (-6, -14), (12, -9), (19, 3), (9, 13)):
        mid = (top[0] + dx * 0.6 * u, top[1] + (dy - 7) * 0.7 * u)
        stroke(s.draw, [top, mid, (top[0] + dx * u, top[1] + dy * u)], 4.5 * u, (54, 146, 80))


def _pine(s: Stage, x: float, base: float, size: float, fill: Colour, trunk: Colour) -> None:
    u = s.u * size / 100
    s.draw.rectangle((x - 4 * u, base - 24 * u, x + 4 * u, base), fill=trunk)
    for half, low, high in ((30, 16, 58), (24, 40, 80), (17, 64, 104)):
        s.draw.polygon(
            [(x - half * u, base - low * u), (x, base - high * u), (x + half * u, base - low * u)],
            fill=fill,
        )


def _forest(s: Stage) -> None:
    s.sky((196, 228, 176), (226, 240, 200))
    for x in s.columns(24):
        _pine(s, x, s.h * 0.72, s.random.uniform(64, 76), (140, 192, 138), (140, 160, 120))
    s.ground(0.7, (112, 172, 84), (70, 128, 62))
    for x in s.columns(44):
        _pine(s, x, s.h * 0.8, s.random.uniform(74, 92), (38, 112, 74), (112, 78, 50))


def _city(s: Stage) -> None:
    s.sky((18, 22, 58), (66, 58, 118))
    for _ in range(14):
        s.dot(s.random.random(), s.random.uniform(0, 0.4), 0.7, (230, 230, 250))
    s.dot(s.random.uniform(0.12, 0.3), 0.17, 8, (250, 244, 206))
    base, width = s.h * 0.82, 21 * s.u
    for i in range(-1, int(s.w / width) + 1):
        left = (i + s.random.uniform(0.2, 0.4)) * width
        top = base - s.random.uniform(34, 66) * s.u
        s.draw.rectangle(
            (left, top, left + width * 0.88, base),
            fill=s.random.choice(((38, 42, 90), (50, 50, 104), (44, 56, 98))),
        )
        for row in range(int((base - top) / (9 * s.u))):
            for col in range(2):
                if s.random.random() < 0.75:
                    x, y = left + (3.4 + 7 * col) * s.u, top + (3 + 9 * row) * s.u
                    s.draw.rectangle((x, y, x + 4.4 * s.u, y + 5 * s.u), fill=(255, 216, 110))
    s.ground(0.82, (72, 72, 92), (48, 48, 66))
    s.draw.rectangle((0, s.h * 0.82, s.w, s.h * 0.84), fill=(120, 118, 136))


def _mountains(s: Stage) -> None:
    s.sky((142, 186, 230), (222, 236, 248))
    for i, x in enumerate(s.columns(52)):
        height, half, base = s.random.uniform(44, 62) * s.u, 38 * s.u, s.h * 0.76
        rock = ((112, 132, 170), (134, 154, 190))[i % 2]
        s.draw.polygon([(x - half, base), (x, base - height), (x + half, base)], fill=rock)
        k = 0.36
        cap = [
            (x - half * k, base - height * (1 - k)),
            (x, base - height),
            (x + half * k, base - height * (1 - k)),
        ]
        s.draw.polygon(
            [
                *cap,
                (x + half * k * 0.3, base - height * 0.72),
                (x, base - height * 0.58),
                (x - half * k * 0.4, base - height * 0.72),
            ],
            fill=(250, 252, 255),
        )
    s.ground(0.74, (250, 252, 255), (214, 228, 244))
    _pine(s, s.w * s.random.uniform(0.86, 0.95), s.h * 0.8, 40, (60, 116, 104), (100, 80, 64))
    for _ in range(int(s.w * s.h / (s.u * s.u * 420))):
        s.dot(s.random.random(), s.random.uniform(0, 0.7), 1.1, (255, 255, 255))


def _desert(s: Stage) -> None:
    s.sky((250, 176, 96), (255, 226, 160))
    s.dot(s.random.uniform(0.15, 0.32), 0.2, 10, (255, 246, 206))
    s.hill(0.75, 0.74, 70, 24, (226, 158, 88))
    s.hill(0.15, 0.78, 62, 20, (238, 176, 104))
    s.ground(0.74, (222, 154, 82), (196, 122, 62))
    x, y, u, green = s.w * s.random.uniform(0.87, 0.92), s.h * 0.8, s.u, (66, 138, 82)
    stroke(s.draw, [(x, y), (x, y - 40 * u)], 8 * u, green)
    stroke(
        s.draw, [(x, y - 16 * u), (x - 10 * u, y - 16 * u), (x - 10 * u, y - 28 * u)], 5 * u, green
    )
    stroke(
        s.draw, [(x, y - 22 * u), (x + 9 * u, y - 22 * u), (x + 9 * u, y - 33 * u)], 5 * u, green
    )


def _room(s: Stage) -> None:
    s.sky((246, 214, 178), (238, 196, 158))
    for x in s.columns(14):
        s.draw.rectangle((x, 0, x + 4 * s.u, s.h * 0.76), fill=(236, 200, 160))
    s.ground(0.76, (170, 116, 76), (136, 88, 56))
    s.draw.rectangle((0, s.h * 0.755, s.w, s.h * 0.785), fill=(250, 240, 226))
    x, y, u = s.w * s.random.uniform(0.08, 0.12), s.h * 0.14, s.u
    s.draw.rectangle(
        (x, y, x + 28 * u, y + 30 * u),
        fill=(150, 206, 240),
        outline=(255, 252, 246),
        width=round(2.6 * u),
    )
    s.draw.line((x + 14 * u, y, x + 14 * u, y + 30 * u), fill=(255, 252, 246), width=round(2 * u))
    s.draw.line((x, y + 15 * u, x + 28 * u, y + 15 * u), fill=(255, 252, 246), width=round(2 * u))
    x, y = s.w * 0.9, s.h * 0.76
    s.draw.rectangle((x - u, y - 44 * u, x + u, y), fill=(110, 74, 52))
    s.draw.polygon(
        [
            (x - 6 * u, y - 58 * u),
            (x + 6 * u, y - 58 * u),
            (x + 12 * u, y - 41 * u),
            (x - 12 * u, y - 41 * u),
        ],
        fill=(255, 228, 130),
    )
    s.draw.ellipse(
        (s.w * 0.5 - 40 * u, s.h * 0.85, s.w * 0.5 + 40 * u, s.h * 0.98), fill=(192, 84, 84)
    )
    s.draw.ellipse(
        (s.w * 0.5 - 33 * u, s.h * 0.87, s.w * 0.5 + 33 * u, s.h * 0.96), fill=(222, 128, 112)
    )


def _sea(s: Stage) -> None:
    s.sky((84, 196, 222), (18, 84, 150))
    for x in s.columns(40):
        s.draw.polygon(
            [(x, 0), (x + 9 * s.u, 0), (x - 6 * s.u, s.h * 0.8), (x - 24 * s.u, s.h * 0.8)],
            fill=(70, 172, 208),
        )
    s.ground(0.84, (226, 206, 150), (190, 166, 112))
    for x in s.columns(34):
        for k in range(3):
            lean, tall = (k - 1) * 5 * s.u, (24 + 9 * (k == 1)) * s.u
            stroke(
                s.draw,
                [
                    (x, s.h * 0.88),
                    (x + lean, s.h * 0.88 - tall * 0.5),
                    (x + lean * 0.5, s.h * 0.88 - tall),
                ],
                3.2 * s.u,
                (38, 140, 96),
            )
    for _ in range(9):
        x, y, r = s.random.random(), s.random.uniform(0.08, 0.75), s.random.uniform(1.4, 3)
        s.dot(x, y, r, (208, 240, 250))
        s.dot(x, y, r * 0.55, (110, 196, 222))
    x, y, u = s.w * 0.14, s.h * s.random.uniform(0.2, 0.32), s.u
    s.draw.polygon(
        [(x + 6 * u, y), (x + 13 * u, y - 5 * u), (x + 13 * u, y + 5 * u)], fill=(250, 150, 60)
    )
    s.draw.ellipse((x - 9 * u, y - 5 * u, x + 8 * u, y + 5 * u), fill=(255, 170, 74))
    disc(s.draw, x - 5 * u, y - u, 1.2 * u, (30, 30, 40))


def _moon(s: Stage) -> None:
    s.sky((10, 10, 22), (34, 30, 62))
    for _ in range(26):
        s.dot(
            s.random.random(), s.random.uniform(0, 0.7), s.random.uniform(0.5, 1.1), (240, 240, 255)
        )
    x, y = s.random.uniform(0.14, 0.28), 0.22
    s.dot(x, y, 12, (64, 136, 220))
    for dx, dy, r in ((-4, -3, 4.5), (4, 3, 5), (-3, 6, 3)):
        s.dot(x + dx * s.u / s.w, y + dy * s.u / s.h, r, (92, 178, 104))
    s.hill(0.8, 0.76, 46, 9, (150, 150, 162))
    s.ground(0.75, (190, 190, 200), (138, 138, 152))
    for x in s.columns(30):
        y, r = s.h * s.random.uniform(0.8, 0.95), s.random.uniform(5, 9) * s.u
        s.draw.ellipse((x - r, y - r * 0.35, x + r, y + r * 0.35), fill=(120, 120, 134))


def _meadow(s: Stage) -> None:
    s.sky((112, 190, 246), (206, 234, 250), 0.75)
    for x, y in ((s.random.uniform(0.12, 0.24), 0.16), (s.random.uniform(0.7, 0.85), 0.24)):
        for dx, dy, r in ((-7, 1, 5), (0, -2, 7), (7, 1, 5)):
            s.dot(x + dx * s.u / s.w, y + dy * s.u / s.h, r, (255, 255, 255))
    s.hill(0.2, 0.74, 60, 18, (150, 208, 104))
    s.hill(0.85, 0.76, 56, 24, (132, 196, 92))
    s.ground(0.72, (128, 200, 86), (84, 164, 66))
    for i, x in enumerate(s.columns(13)):
        y = s.h * s.random.uniform(0.77, 0.97)
        petal = ((255, 255, 255), (250, 110, 140), (255, 226, 90))[i % 3]
        for dx, dy in ((-2, 0), (2, 0), (0, -2), (0, 2)):
            disc(s.draw, x + dx * s.u, y + dy * s.u, 1.9 * s.u, petal)
        disc(s.draw, x, y, 1.4 * s.u, (240, 170, 40))


_PAINTERS: dict[str, Callable[[Stage], None]] = {
    "beach": _beach,
    "forest": _forest,
    "city": _city,
    "mountains": _mountains,
    "desert": _desert,
    "room": _room,
    "sea": _sea,
    "moon": _moon,
    "meadow": _meadow,
}


@lru_cache(maxsize=512)
def paint_place(place: str, backdrop: int, width: int, height: int) -> Image.Image:
    """The backdrop at SUPERSAMPLE times `width` x `height`. Cached: copy before drawing on it."""
    stage = Stage(place, backdrop, width, height)
    _PAINTERS[place](stage)
    return ImageOps.mirror(stage.image) if backdrop % 2 else stage.image
