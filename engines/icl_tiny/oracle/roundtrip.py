"""Pictures through a model's autoencoder: the one module here that loads torch, when it is used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image


def roundtrip(model: Path) -> Callable[[Image.Image], Image.Image]:
    """What encodes and decodes a picture with the autoencoder of the diffusers folder `model`.

    Takes and gives RGB pictures of one size, edges multiples of 8. On the CPU, in float32.
    """
    import numpy as np
    import torch
    from diffusers import AutoencoderKL

    load: Any = AutoencoderKL.from_pretrained  # diffusers has no types for it
    vae = load(model, subfolder="vae", use_safetensors=True).eval()

    def through(picture: Image.Image) -> Image.Image:
        pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / 127.5 - 1
        with torch.inference_mode():
            batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
            decoded = vae.decode(vae.encode(batch).latent_dist.mode()).sample[0]
        levels = ((decoded.clamp(-1, 1) + 1) * 127.5).round().byte()
        return Image.fromarray(levels.permute(1, 2, 0).numpy())

    return through
