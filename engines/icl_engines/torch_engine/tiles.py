"""Decoding in tiles: a quarter of the memory, and pixels that differ a little at the seams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from diffusers import AutoencoderKL

from icl_studio.api import Size

LARGEST = 64
SMALLEST = 8
"""Sides of a tile in latents: 512 and 64 pixels of FLUX's VAE."""


@contextmanager
def tiled(vae: AutoencoderKL, canvas: Size, factor: int) -> Iterator[None]:
    """Decode in overlapping tiles of at most half of ``canvas``'s longer side, by diffusers.

    ``factor`` is the VAE's, pixels a latent. Its own tile of 1024 pixels is nearly a whole sheet.
    """
    half = -(-max(canvas) // (2 * factor))
    vae.tile_latent_min_size = max(SMALLEST, min(LARGEST, half))
    vae.tile_sample_min_size = vae.tile_latent_min_size * factor
    vae.enable_tiling()
    try:
        yield
    finally:
        vae.disable_tiling()
