"""Sheets drawn by the model as it is, to look at while it trains."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from PIL import Image

from icl_tiny.captions import join_caption
from icl_tiny.training.data import to_picture
from icl_tiny.training.latents import LatentStats
from icl_tiny.training.models import TOKEN, TinyFlux, unpack
from icl_tiny.training.text import Tokenizers
from icl_tiny.world import LAYOUTS, Layout

CONSTANT_GUIDANCE = 1.0
"""The guidance input until distillation. From random weights its embedding is zero, so it has no
effect; a finished model was distilled, and predicts the plain conditional velocity at 1."""
LOOK_CAPTIONS: tuple[str, ...] = tuple(
    join_caption(LAYOUTS["film-storyboard"], summary, panels)
    for summary, panels in (
        (
            "A round red creature with a blue top hat goes on holiday",
            ("standing on the left of a beach", "jumping in a forest", "waving in a city at night"),
        ),
        (
            "A tall green creature with a yellow crown sees the world",
            (
                "sleeping on the moon",
                "holding a balloon in a desert, on the right",
                "standing in a cosy room",
            ),
        ),
        (
            "A fluffy purple creature with no hat",
            (
                "it waves under water",
                "it jumps in a meadow, on the left",
                "it stands in snowy mountains",
            ),
        ),
        (
            "The adventures of <Pip>, a square orange creature wearing a pink party hat",
            (
                "<Pip> is jumping on the right of a beach",
                "<Pip> sleeps in a forest",
                "<Pip> holds a balloon in a city at night",
            ),
        ),
    )
)


@torch.no_grad()
def sample_sheets(
    model: TinyFlux,
    vae: AutoencoderKL,
    tokenizers: Tokenizers,
    stats: LatentStats,
    layout: Layout,
    captions: list[str],
    guidance: float = 3.5,
    two_passes: bool = True,
    steps: int = 14,
    seed: int = 5,
) -> list[Image.Image]:
    """A sheet of `layout` for each caption; `two_passes` until guidance is distilled."""
    device = next(model.parameters()).device
    width, height = layout.canvas
    grid, count = (height // TOKEN, width // TOKEN), len(captions)
    channels = model.transformer.config.in_channels
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, grid[0] * grid[1], channels, generator=generator).to(device)
    text = model.encode(tokenizers(captions).to(str(device)))
    empty = model.encode(tokenizers([""] * count).to(str(device)))
    strength = torch.full((count,), CONSTANT_GUIDANCE if two_passes else guidance, device=device)
    times = torch.linspace(1, 0, steps + 1)
    times = 1.64 * times / (1 + 0.64 * times)  # the scheduler's shift at this many tokens
    for now, after in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        time = torch.full((count,), now, device=device)
        velocity = model.velocity(x, time, strength, grid, text)
        if two_passes:
            base = model.velocity(x, time, strength, grid, empty)
            velocity = base + guidance * (velocity - base)
        x = x + (after - now) * velocity
    pictures = vae.decode(unpack(x, grid) / stats.scale + stats.shift).sample.cpu()
    return [to_picture(picture) for picture in pictures]


def draw_sheets(
    model: TinyFlux,
    vae: AutoencoderKL,
    tokenizers: Tokenizers,
    stats: LatentStats,
    path: Path,
    two_passes: bool = True,
) -> None:
    """Draw `LOOK_CAPTIONS` side by side into `path`."""
    layout = LAYOUTS["film-storyboard"]
    sheets = sample_sheets(
        model, vae, tokenizers, stats, layout, list(LOOK_CAPTIONS), two_passes=two_passes
    )
    width, height = layout.canvas
    picture = Image.new("RGB", (width * len(sheets), height))
    for k, sheet in enumerate(sheets):
        picture.paste(sheet, (k * width, 0))
    picture.save(path)
