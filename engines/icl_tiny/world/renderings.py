"""Two more manners of rendering a shot: as a photograph, and as a flat illustration on paper."""

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from icl_tiny.world.attributes import Colour, Shot
from icl_tiny.world.brush import SUPERSAMPLE, shade
from icl_tiny.world.creature import pose_of

PAPER: Colour = (250, 242, 224)
_INK: Colour = (46, 36, 44)
_FEW = 7
"""Colours of an illustrated place."""


@lru_cache(maxsize=64)
def grain(width: int, height: int, seed: int, coarse: int = 1) -> Image.Image:
    """Fixed noise, values 0 to 255, of `width` x `height` pixels in grains `coarse` wide."""
    small = (max(1, width // coarse), max(1, height // coarse))
    noise = random.Random(f"grain-{seed}").randbytes(small[0] * small[1])
    return Image.frombytes("L", small, noise).resize((width, height), Image.Resampling.BICUBIC)


@lru_cache(maxsize=64)
def _vignette(width: int, height: int) -> Image.Image:
    """White in the middle, grey in the corners: what a lens does."""
    dark = Image.radial_gradient("L").resize((width, height))
    return dark.point([255 - round(118 * max(0.0, v / 255 - 0.42)) for v in range(256)])


@lru_cache(maxsize=64)
def _fur(width: int, height: int) -> Image.Image:
    """Short upright strokes, near white: what a coat does to the light."""
    coat = grain(width, height // 3 + 1, 1).resize((width, height), Image.Resampling.BICUBIC)
    return coat.point([205 + round(50 * v / 255) for v in range(256)])


def photograph(place: Image.Image, creature: Image.Image, shot: Shot) -> Image.Image:
    """The shot through a lens: a blurred place, a lit and furry creature, grain and vignette.

    `place` (RGB) and `creature` (RGBA) are supersampled; the result is not.
    """
    behind = place.reduce(SUPERSAMPLE).filter(ImageFilter.GaussianBlur(1.6))
    layer = creature.reduce(SUPERSAMPLE)
    mask, body = layer.getchannel("A"), layer.convert("RGB")
    width, height = behind.size
    pose = pose_of(shot, width, height)
    # Light falls from the upper left: the body is a ball, dark at its lower right edge.
    r = 0.85 * max(pose.w, pose.h)
    box = [round(v) for v in (pose.x - 1.3 * r, pose.base - pose.h * 0.7 - 1.3 * r)]
    ball = Image.radial_gradient("L").resize((max(1, round(2.6 * r)), max(1, round(2.6 * r))))
    light = Image.new("L", behind.size, 255)
    light.paste(ball, (round(box[0] - 0.2 * r), round(box[1] - 0.2 * r)))
    light = light.point([round(255 - 105 * min(1.0, (v / 200) ** 1.6)) for v in range(256)])
    tone = ImageChops.multiply(light, _fur(width, height)).convert("RGB")
    lit = ImageChops.multiply(_brighter(body), tone)
    shadow = mask.filter(ImageFilter.GaussianBlur(3)).point([v // 2 for v in range(256)])
    picture = behind.copy()
    picture.paste(shade((60, 50, 60), 0.5), (3, 3), shadow)
    picture.paste(lit, (0, 0), mask)
    vignette = ImageChops.multiply(_vignette(width, height), _fine_grain(width, height))
    return ImageChops.multiply(picture, vignette.convert("RGB"))


def _brighter(body: Image.Image) -> Image.Image:
    return body.point([min(255, round(v * 1.05 + 8)) for v in range(256)] * 3)


@lru_cache(maxsize=64)
def _fine_grain(width: int, height: int) -> Image.Image:
    return grain(width, height, 2).point([243 + round(12 * v / 255) for v in range(256)])


def illustrate(place: Image.Image, creature: Image.Image) -> Image.Image:
    """The shot drawn flat: few colours, a strong outline, on paper with a margin.

    `place` (RGB) and `creature` (RGBA) are supersampled; the result is not.
    """
    small, layer = place.reduce(SUPERSAMPLE), creature.reduce(SUPERSAMPLE)
    width, height = small.size
    window, border = _frame(width, height)
    canvas = Image.new("RGB", small.size, PAPER)
    canvas.paste(_few_colours(small), (0, 0), window)
    canvas.paste(_INK, (0, 0), border)
    mask = layer.getchannel("A")
    for reach, colour in ((7, PAPER), (5, _INK)):
        canvas.paste(colour, (0, 0), mask.filter(ImageFilter.MaxFilter(reach)))
    canvas.paste(layer.convert("RGB"), (0, 0), mask)
    return canvas


@lru_cache(maxsize=64)
def _frame(width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """Masks of what lies inside the drawn border, and of the border itself."""
    size = (width * SUPERSAMPLE, height * SUPERSAMPLE)
    u = min(size) / 100
    box = (7 * u, 7 * u, size[0] - 7 * u, size[1] - 7 * u)
    window, border = Image.new("L", size), Image.new("L", size)
    ImageDraw.Draw(window).rounded_rectangle(box, 10 * u, fill=255)
    ImageDraw.Draw(border).rounded_rectangle(box, 10 * u, outline=255, width=round(1.6 * u))
    return window.reduce(SUPERSAMPLE), border.reduce(SUPERSAMPLE)


def _few_colours(place: Image.Image) -> Image.Image:
    """`place` in a handful of flat colours, paler, as if printed."""
    few = place.quantize(_FEW, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return Image.blend(few.convert("RGB"), Image.new("RGB", place.size, PAPER), 0.26)
