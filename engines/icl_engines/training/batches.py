"""What one step sees: latents, noise, noise levels, embeddings; drawn before it is cut up.

All random numbers of a step are drawn on the CPU in one order, whatever the device and however
many sheets are computed at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from diffusers import FluxPipeline
from torch import Tensor

from icl_studio.api import Size
from icl_studio.training.prepare import Manifest
from icl_studio.training.recipe import Recipe

from .flow import draw_times
from .order import Order


@dataclass(frozen=True, eq=False)
class Batch:
    """``n`` sheets of one canvas.

    ``latents`` and ``noise`` (n, tokens, channels), ``times`` (n,) in 0..1, ``prompt`` (n, length,
    width), ``pooled`` (n, width), ``image_ids`` (tokens, 3), ``text_ids`` (length, 3).
    """

    latents: Tensor
    noise: Tensor
    times: Tensor
    prompt: Tensor
    pooled: Tensor
    image_ids: Tensor
    text_ids: Tensor

    def split(self, size: int) -> Iterator[Batch]:
        """The same sheets, ``size`` at a time."""
        for start in range(0, len(self.times), size):
            part = slice(start, start + size)
            yield Batch(
                *(
                    value if name.endswith("_ids") else value[part]
                    for name, value in ((f.name, getattr(self, f.name)) for f in fields(self))
                )
            )

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, field.name).to(device) for field in fields(self)))


class Batches:
    """The endless batches of a run. ``order`` and ``generator`` are all its state."""

    def __init__(
        self,
        manifest: Manifest,
        latents: Sequence[Tensor],
        embeddings: Mapping[str, tuple[Tensor, Tensor]],
        recipe: Recipe,
        scheduler: Any,
    ) -> None:
        self._examples = manifest.examples
        self._latents = latents
        self._embeddings = embeddings
        self._recipe = recipe
        self._scheduler = scheduler
        buckets: dict[str, list[int]] = {}
        for index, example in enumerate(self._examples):
            buckets.setdefault(str(example.canvas), []).append(index)
        self.order = Order(buckets, recipe.batch, recipe.seed)
        self.generator = torch.Generator().manual_seed(recipe.seed)

    def next(self) -> Batch:
        """The next batch, on the CPU in float32."""
        _, chosen = self.order.next()
        canvas = self._examples[chosen[0]].canvas
        latents = torch.stack([self._latents[index] for index in chosen]).float()
        noise = torch.randn(latents.shape, generator=self.generator)
        times = draw_times(
            len(chosen), latents.shape[1], self._recipe, self._scheduler, self.generator
        )
        dropped = torch.rand(len(chosen), generator=self.generator) < self._recipe.dropout
        captions = [
            "" if drop else self._examples[index].caption
            for index, drop in zip(chosen, dropped.tolist(), strict=True)
        ]
        pairs = [self._embeddings[caption] for caption in captions]
        prompt = torch.stack([prompt for prompt, _ in pairs]).float()
        return Batch(
            latents=latents,
            noise=noise,
            times=times,
            prompt=prompt,
            pooled=torch.stack([pooled for _, pooled in pairs]).float(),
            image_ids=_image_ids(canvas),
            text_ids=torch.zeros(prompt.shape[1], 3),
        )


def _image_ids(canvas: Size) -> Tensor:
    """(tokens, 3): the places of a canvas's tokens, as FluxPipeline numbers them."""
    ids: Tensor = FluxPipeline._prepare_latent_image_ids(
        1, canvas.height // 16, canvas.width // 16, torch.device("cpu"), torch.float32
    )
    return ids
