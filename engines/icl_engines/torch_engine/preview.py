"""Small previews: a fixed linear map from latents to RGB, no VAE.

A latent is close to a small picture already: every one of its cells (8x8 pixels) maps to a
colour by one matrix. The estimate shown is of the *clean* latents, not of the noisy ones, so
that the composition is visible after the first steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from icl_studio.api import Size
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ModelUnavailable

FILE = "latent_rgb.json"

FLUX_1 = (
    (-0.0412, 0.0149, 0.0521),
    (0.0056, 0.0291, 0.0768),
    (0.0342, -0.0681, -0.0427),
    (-0.0258, 0.0092, 0.0463),
    (0.0863, 0.0784, 0.0547),
    (-0.0017, 0.0402, 0.0158),
    (0.0501, 0.1058, 0.1152),
    (-0.0209, -0.0218, -0.0329),
    (-0.0314, 0.0083, 0.0896),
    (0.0851, 0.0665, -0.0472),
    (-0.0534, 0.0238, -0.0024),
    (0.0452, -0.0026, 0.0048),
    (0.0892, 0.0831, 0.0881),
    (-0.1117, -0.0304, -0.0789),
    (0.0027, -0.0479, -0.0043),
    (-0.1146, -0.0827, -0.0598),
)
"""Measured for FLUX.1's VAE by InvokeAI (Apache-2.0), a least-squares fit of scaled latents
to pictures in -1..1: invokeai/app/util/step_callback.py, FLUX_LATENT_RGB_FACTORS."""


@dataclass(frozen=True, eq=False)
class LatentRgb:
    """``matrix`` (latent channels, 3) and ``bias`` (3), from scaled latents to RGB in -1..1."""

    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]

    def picture(self, packed: torch.Tensor, canvas: Size) -> Image.Image:
        """An RGB picture, one pixel a latent cell, of packed latents (tokens, 4 * channels)."""
        rows, cols = canvas.height // 16, canvas.width // 16
        latents = packed.float().cpu().numpy().reshape(rows, cols, -1, 2, 2)
        cells = latents.transpose(0, 3, 1, 4, 2).reshape(rows * 2, cols * 2, -1)
        colours = (cells @ self.matrix + self.bias + 1.0) * 127.5
        return Image.fromarray(np.nan_to_num(colours).clip(0, 255).astype(np.uint8))


def latent_rgb(model: LocatedModel, channels: int) -> LatentRgb:
    """The map of ``model``: its own file, FLUX.1's published factors, or a neutral one.

    ``latent_rgb.json`` in the model's folder is ``{"matrix": channels x 3, "bias": 3}``.
    Raises :class:`ModelUnavailable` when that file is there and is not that.
    """
    path = model.folder / FILE
    if path.is_file():
        return _read(path, channels)
    if model.spec.family == "flux.1" and channels == len(FLUX_1):
        return LatentRgb(np.array(FLUX_1, dtype=np.float32), np.zeros(3, dtype=np.float32))
    return neutral(channels)


def neutral(channels: int) -> LatentRgb:
    """Shapes but no true colours, for a VAE nobody has measured: channels dealt out in turn."""
    matrix = np.zeros((channels, 3), dtype=np.float32)
    matrix[np.arange(channels), np.arange(channels) % 3] = 0.5 / np.sqrt(channels / 3)
    return LatentRgb(matrix, np.zeros(3, dtype=np.float32))


def clean_estimate(
    before: torch.Tensor, after: torch.Tensor, sigma_before: float, sigma_after: float
) -> torch.Tensor:
    """What the model expects at the end, from the latents around one Euler step.

    Flow matching moves along ``after = before + (sigma_after - sigma_before) * v``, so the
    velocity follows from the two and the clean latents are ``after - sigma_after * v``; no
    second forward pass and no change to the scheduler. Same shape as ``after``.
    """
    if sigma_after == 0 or sigma_after == sigma_before:
        return after
    velocity = (after.float() - before.float()) / (sigma_after - sigma_before)
    return after.float() - sigma_after * velocity


def _read(path: Path, channels: int) -> LatentRgb:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        matrix = np.array(content["matrix"], dtype=np.float32)
        bias = np.array(content["bias"], dtype=np.float32)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{path} cannot be read: {error}", fix="Delete it.") from error
    if matrix.shape != (channels, 3) or bias.shape != (3,):
        raise ModelUnavailable(
            f"{path} does not map {channels} latent channels to RGB: matrix "
            f"{matrix.shape}, bias {bias.shape}.",
            fix="Delete it.",
        )
    return LatentRgb(matrix, bias)
