"""Batches for the transformer: canvases of one shape, with captions written for them just now."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from icl_tiny.captions import write_caption
from icl_tiny.training.latents import ALL_LAYOUTS, LatentStore
from icl_tiny.training.models import TOKEN, pack
from icl_tiny.training.probe import token_truth
from icl_tiny.training.questions import NOTHING
from icl_tiny.training.text import Tokenizers, Tokens
from icl_tiny.world import LAYOUTS, Layout
from icl_tiny.world.layouts import collage_boxes
from icl_tiny.world.sampling import Collage

_TRIES = 4


@dataclass(frozen=True)
class Batch:
    """Packed clean latents (n, h*w, 64), their loss weights (n, h*w, 1), texts, and the grid.

    `truth` (n, h*w, facts + 1) is what the captions say of each token (see `probe`); nothing where
    a caption was dropped.
    """

    latents: Tensor
    weights: Tensor
    truth: Tensor
    tokens: Tokens
    grid: tuple[int, int]


def text_length(layout: Layout) -> int:
    """A padded T5 length that fits nearly all captions of `layout`."""
    return {1: 40, 2: 64, 3: 80, 4: 112}[layout.count]


def choose_layout(
    rng: random.Random, store: LatentStore, single_share: float, shares: Mapping[str, float]
) -> Layout:
    """A single picture's shape with probability `single_share`, otherwise a collage by `shares`."""
    if rng.random() < single_share:
        # Half of the singles have the panels of lettering, or of rooms and marks: learned last.
        favourites = ["single-144x96", "single-96x128"]
        others = [n for n in store.latents if n not in LAYOUTS]
        return ALL_LAYOUTS[rng.choice(favourites if rng.random() < 0.5 else others)]
    names = [name for name in store.latents if name in LAYOUTS]
    return LAYOUTS[rng.choices(names, [shares[name] for name in names])[0]]


def creature_weights(layout: Layout, collage: Collage, weight: float) -> Tensor:
    """(h*w, 1): `weight` for tokens that touch a subject's box, 1 elsewhere."""
    width, height = layout.canvas
    grid = torch.ones(height // TOKEN, width // TOKEN)
    for left, top, right, bottom in collage_boxes(layout, collage.panels):
        grid[top // TOKEN : -(-bottom // TOKEN), left // TOKEN : -(-right // TOKEN)] = weight
    return grid.reshape(-1, 1)


def make_batch(
    rng: random.Random,
    store: LatentStore,
    tokenizers: Tokenizers,
    layout: Layout,
    budget: int,
    length: int,
    dropout: float,
    creature_weight: float,
) -> Batch:
    """About `budget` tokens of `layout`, texts padded to `length`; some captions dropped to ""."""
    width, height = layout.canvas
    grid = (height // TOKEN, width // TOKEN)
    count = max(1, round(budget / (grid[0] * grid[1] + length)))
    indices = [rng.randrange(len(store.collages[layout.name])) for _ in range(count)]
    collages = [store.collages[layout.name][i] for i in indices]
    captions = [_fitting_caption(rng, tokenizers, layout, c, length) for c in collages]
    captions = ["" if rng.random() < dropout else caption for caption in captions]
    truth = torch.stack([token_truth(layout, c) for c in collages])
    truth[[not caption for caption in captions]] = NOTHING
    weights = torch.stack([creature_weights(layout, c, creature_weight) for c in collages])
    latents = pack(store.scaled(layout.name, indices))
    return Batch(latents, weights / weights.mean(), truth, tokenizers(captions, length), grid)


def _fitting_caption(
    rng: random.Random, tokenizers: Tokenizers, layout: Layout, collage: Collage, length: int
) -> str:
    caption = ""
    for _ in range(_TRIES):
        caption = write_caption(rng, layout, collage)
        if tokenizers.t5_length(caption) <= length:
            break
    return caption
