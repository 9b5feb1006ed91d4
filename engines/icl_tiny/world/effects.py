"""What is laid over a shot: blown sand, or sparklers. Nothing in a caption tells their variants."""

import math
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from icl_tiny.world.attributes import Colour
from icl_tiny.world.brush import SUPERSAMPLE, disc

SAND: Colour = (214, 160, 92)
_DUST: Colour = (240, 204, 146)
_GOLD: Colour = (255, 196, 84)


def lay_effect(
    picture: Image.Image, effect: str, variant: int, spare: tuple[int, int, int]
) -> Image.Image:
    """`picture` under `effect`; `variant` is one of its drawings. Same size, same mode.

    `spare` (x, y, radius in pixels) is a face that no light may hide.
    """
    width, height = picture.size
    if effect == "sandstorm":
        over, dim = _sandstorm(width, height, variant), 1.0
    else:
        over, dim = _sparklers(width, height, variant, spare), 0.72
    if dim < 1:
        picture = picture.point([round(v * dim) for v in range(256)] * 3)
    return Image.alpha_composite(picture.convert("RGBA"), over).convert("RGB")


@lru_cache(maxsize=128)
def _sandstorm(width: int, height: int, variant: int) -> Image.Image:
    """Haze that is thickest at one side and at the ground, with scarves and grains of sand."""
    rng = random.Random(f"sandstorm-{variant}")
    w, h = width * SUPERSAMPLE, height * SUPERSAMPLE
    u = min(w, h) / 100
    haze = Image.linear_gradient("L").resize((w, h)).point([66 + v * 62 // 255 for v in range(256)])
    draw = ImageDraw.Draw(haze)
    for _ in range(16):
        # Scarves: long soft bows that the wind draws across the picture.
        y, tall = rng.uniform(0.02, 1.0) * h, rng.uniform(3, 9) * u
        x, wide = rng.uniform(-0.3, 0.9) * w, rng.uniform(0.4, 0.9) * w
        lean = rng.uniform(-8, 8) * u
        points = [
            (x + wide * k / 12, y + lean * math.sin(math.pi * k / 12) - 0.05 * h * k / 12)
            for k in range(13)
        ]
        draw.line(points, fill=rng.randint(150, 206), width=max(2, round(tall)), joint="curve")
    haze = haze.reduce(SUPERSAMPLE).filter(ImageFilter.GaussianBlur(1.5))
    over = Image.new("RGBA", (width, height), SAND)
    over.putalpha(haze)
    return Image.alpha_composite(over, _grains(rng, w, h, u))


def _grains(rng: random.Random, w: int, h: int, u: float) -> Image.Image:
    layer = Image.new("RGBA", (w, h))
    draw = ImageDraw.Draw(layer)
    for _ in range(int(w * h / (u * u * 130))):
        x, y, long = rng.random() * w, rng.random() * h, rng.uniform(2, 7) * u
        tone = _DUST if rng.random() < 0.65 else (156, 104, 54)
        draw.line((x, y, x + long, y - 0.14 * long), fill=tone, width=max(1, round(0.9 * u)))
    return layer.reduce(SUPERSAMPLE)


@lru_cache(maxsize=256)
def _sparklers(width: int, height: int, variant: int, spare: tuple[int, int, int]) -> Image.Image:
    """Bursts of light on sticks around the spared face, and sparks that fall everywhere."""
    rng = random.Random(f"sparklers-{variant}")
    w, h = width * SUPERSAMPLE, height * SUPERSAMPLE
    u = min(w, h) / 100
    layer = Image.new("RGBA", (w, h))
    draw = ImageDraw.Draw(layer)
    for _ in range(round(w * h / (u * u * 170))):
        disc(draw, rng.random() * w, rng.random() * h, rng.uniform(0.6, 1.3) * u, _GOLD)
    for x, y in _spots(rng, w, h, u, spare):
        _burst(draw, rng, x, y, rng.uniform(13, 18) * u, u)
    sharp = layer.reduce(SUPERSAMPLE)
    glow = sharp.filter(ImageFilter.GaussianBlur(3))
    return Image.alpha_composite(glow, sharp)


def _spots(
    rng: random.Random, w: int, h: int, u: float, spare: tuple[int, int, int]
) -> list[tuple[float, float]]:
    """Where sparklers burn: apart from each other and from the spared face."""
    cx, cy, radius = (v * SUPERSAMPLE for v in spare)
    found: list[tuple[float, float]] = []
    wanted = max(3, round(w * h / (u * u * 4200)))
    for _ in range(60):
        x, y = rng.uniform(0.04, 0.96) * w, rng.uniform(0.08, 0.72) * h
        apart = all(math.dist((x, y), other) > 27 * u for other in found)
        if apart and math.dist((x, y), (cx, cy)) > radius + 8 * u and len(found) < wanted:
            found.append((x, y))
    return found


def _burst(
    draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, r: float, u: float
) -> None:
    draw.line((x, y, x + rng.uniform(-6, 6) * u, y + 1.5 * r), fill=(70, 60, 60), width=round(u))
    for k in range(22):
        angle = 2 * math.pi * (k + rng.random() * 0.6) / 22
        length = r * rng.uniform(0.55, 1.0)
        dx, dy = math.cos(angle), math.sin(angle)
        tip = (x + dx * length, y + dy * length)
        draw.line((x, y, *tip), fill=_GOLD, width=max(1, round(1.1 * u)))
        disc(draw, *tip, 1.3 * u, (255, 246, 200))
    disc(draw, x, y, 0.3 * r, (255, 226, 130))
    disc(draw, x, y, 0.18 * r, (255, 255, 255))
