"""Pictures as tensors: crops and whole canvases for the autoencoder, with weights on subjects."""

import random

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from icl_tiny.world import LAYOUTS, Layout, draw_collage
from icl_tiny.world.layouts import collage_boxes
from icl_tiny.world.sampling import random_collage, random_layout

# Single pictures have the shape of any layout's panel.
SINGLES: tuple[Layout, ...] = tuple(
    Layout(f"single-{w}x{h}", 1, 1, (w, h), 1.0)
    for w, h in sorted({layout.panel for layout in LAYOUTS.values()})
)


def to_tensor(picture: Image.Image) -> Tensor:
    """(3, height, width) float32 in -1..1."""
    array = np.asarray(picture, dtype=np.float32) / 127.5 - 1.0
    return torch.from_numpy(array).permute(2, 0, 1).contiguous()


def to_picture(tensor: Tensor) -> Image.Image:
    """The inverse of `to_tensor`, rounding and clamping."""
    array = ((tensor.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(array)


def random_canvas(
    rng: random.Random, layout: Layout, creature_weight: float
) -> tuple[Tensor, Tensor]:
    """A drawn canvas (3, h, w) and its weights (1, h, w): `creature_weight` in subjects' boxes."""
    collage = random_collage(rng, layout)
    width, height = layout.canvas
    weight = torch.ones(1, height, width)
    for left, top, right, bottom in collage_boxes(layout, collage.panels):
        weight[:, top:bottom, left:right] = creature_weight
    return to_tensor(draw_collage(layout, collage.panels)), weight


def crop_batch(
    rng: random.Random, count: int, edge: int, creature_weight: float
) -> tuple[Tensor, Tensor]:
    """`count` square crops, four of a canvas: pictures (n, 3, e, e) and weights (n, 1, e, e)."""
    crops: list[Tensor] = []
    weights: list[Tensor] = []
    while len(crops) < count:
        layout = rng.choice(SINGLES) if rng.random() < 0.3 else random_layout(rng)
        picture, weight = random_canvas(rng, layout, creature_weight)
        height, width = picture.shape[1:]
        for _ in range(min(4, count - len(crops))):
            top = 8 * rng.randint(0, (height - edge) // 8)
            left = 8 * rng.randint(0, (width - edge) // 8)
            crops.append(picture[:, top : top + edge, left : left + edge])
            weights.append(weight[:, top : top + edge, left : left + edge])
    return torch.stack(crops), torch.stack(weights)


def canvas_batch(rng: random.Random, pixels: int, creature_weight: float) -> tuple[Tensor, Tensor]:
    """Whole canvases of one random shape, about `pixels` pixels in all, and their weights."""
    layout = rng.choice(SINGLES) if rng.random() < 0.25 else random_layout(rng)
    width, height = layout.canvas
    count = max(1, round(pixels / (width * height)))
    pairs = [random_canvas(rng, layout, creature_weight) for _ in range(count)]
    return torch.stack([p for p, _ in pairs]), torch.stack([w for _, w in pairs])
