"""Drawn panels made like painted ones: soft, noisy, tinted, some pixels off."""

import random
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

_EDGE = 8


def soften(
    rng: random.Random,
    picture: Image.Image,
    blur: float = 1.6,
    noise: float = 10.0,
    shift: int = 4,
    tint: float = 8.0,
) -> Image.Image:
    """`picture` blurred by `blur` pixels, moved by up to `shift`, noise and tint in levels of 255.

    About what a small autoencoder does to it (28 dB), and a model that places things loosely.
    """
    down, right = rng.randint(-shift, shift), rng.randint(-shift, shift)
    pixels = np.asarray(picture.convert("RGB").filter(ImageFilter.GaussianBlur(blur)), np.float32)
    padded = np.pad(pixels, ((_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0)), mode="edge")
    top, left = _EDGE + down, _EDGE + right
    moved: Any = padded[top : top + picture.height, left : left + picture.width]
    drawn = np.random.default_rng(rng.randrange(2**32))
    moved = moved + drawn.normal(0, noise, moved.shape) + drawn.uniform(-tint, tint, 3)
    return Image.fromarray(moved.clip(0, 255).round().astype(np.uint8))


def noise_picture(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """A picture of `size` (width, height) pixels of nothing but noise."""
    return Image.frombytes("RGB", size, rng.randbytes(size[0] * size[1] * 3))
