"""The noise a sheet starts from: ours, so that a seed means the same everywhere."""

from __future__ import annotations

import torch
from diffusers import FluxPipeline

from icl_studio.api import Size


def packed_noise(pipeline: FluxPipeline, canvas: Size, seed: int) -> torch.Tensor:
    """Unit noise for one sheet in FLUX's packed form: (1, tokens, 4 * latent channels).

    Drawn on the CPU in float32 from the set's own generator, whatever the device, the
    precision or the batch. FluxPipeline left alone draws in the embeddings' precision and
    on one generator for the batch (DESIGN, Determinism).
    """
    channels = pipeline.transformer.config.in_channels // 4
    height = canvas.height // pipeline.vae_scale_factor
    width = canvas.width // pipeline.vae_scale_factor
    generator = torch.Generator(device="cpu").manual_seed(seed)
    noise = torch.randn((1, channels, height, width), generator=generator, dtype=torch.float32)
    packed: torch.Tensor = pipeline._pack_latents(noise, 1, channels, height, width)
    return packed
