"""Two more manners of rendering a shot: as a photograph, and as a flat illustration on paper."""

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from icl_tiny.world.attributes import COLOURS, Colour, Shot
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


def _fur(size: tuple[int, int]) -> Image.Image:
    """Short strokes of light and dark that lean downwards, around 128."""
    width, height = size
    return grain(width, height // 3 + 1, 1).resize(size, Image.Resampling.BICUBIC)


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
    fur = _fur(behind.size).point([205 + round(50 * v / 255) for v in range(256)])
    tone = ImageChops.multiply(light, fur).convert("RGB")
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


def illustrate(place: Image.Image, creature: Image.Image, shot: Shot) -> Image.Image:
    """The shot drawn flat: few colours, a strong outline, on paper with a margin.

    `place` (RGB) and `creature` (RGBA) are supersampled; the result is not.
    """
    width, height = place.size
    u = min(width, height) / 100
    canvas = Image.new("RGB", place.size, PAPER)
    frame = Image.new("L", place.size)
    margin = 7 * u
    box = (margin, margin, width - margin, height - margin)
    ImageDraw.Draw(frame).rounded_rectangle(box, 10 * u, fill=255)
    canvas.paste(_few_colours(place), (0, 0), frame)
    pen = round(1.6 * u)
    ImageDraw.Draw(canvas).rounded_rectangle(box, 10 * u, outline=_INK, width=pen)
    mask = creature.getchannel("A")
    small = mask.reduce(SUPERSAMPLE)
    for reach, colour in ((7, PAPER), (5, _INK)):
        wide = small.filter(ImageFilter.MaxFilter(reach)).resize(place.size)
        canvas.paste(colour, (0, 0), wide)
    canvas.paste(_flat(creature, COLOURS[shot.creature.colour]), (0, 0), mask)
    return canvas.reduce(SUPERSAMPLE)


def _few_colours(place: Image.Image) -> Image.Image:
    """`place` in a handful of flat colours, paler, as if printed."""
    small = place.reduce(SUPERSAMPLE).quantize(
        _FEW, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    pale = Image.blend(small.convert("RGB"), Image.new("RGB", small.size, PAPER), 0.26)
    return pale.resize(place.size, Image.Resampling.NEAREST)


def _flat(creature: Image.Image, colour: Colour) -> Image.Image:
    """The creature without the glow on its forehead, each tone a flat one."""
    flat = creature.convert("RGB")
    return Image.blend(flat, Image.new("RGB", flat.size, colour), 0.12)
