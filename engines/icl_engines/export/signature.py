"""FLUX's transformer as a graph: input names, which axes are free, inputs to trace it with.

The names are optimum's (optimum-onnx 0.1.0, ``ORTModelForDiffusion``), so that its pipeline can
load what is written here. A LoRA comes in as two inputs, however many linears it adapts: the A of
all of them below each other, and the B (:class:`Packing`). One input a matrix would be some two
hundred free ranks, whose equality the exporter proves pair by pair: minutes instead of seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from icl_studio.engines.store import Profile

from ..adapters.convert import Linear

OUTPUT = "out_hidden_states"
ADAPTER = ("lora_A", "lora_B")
Pair = tuple[torch.Tensor, torch.Tensor]
PROFILE = Profile(batch=(1, 64), image_tokens=(4, 65536), text_tokens=(4, 512))
"""What the graph is traced for; sizes outside were never proven."""
TRACED = (2, 24, 16, 4)
"""Batch, image tokens, text tokens and rank of the example: all different, none of them 1,
for torch takes equal or unit sizes for constants of the graph."""


def input_names(guidance: bool) -> tuple[str, ...]:
    """The transformer's inputs in the order in which the graph lists them."""
    names = ("hidden_states", "encoder_hidden_states", "pooled_projections", "timestep")
    return (*names, "img_ids", "txt_ids", *(("guidance",) if guidance else ()))


class Packing:
    """Where each linear's rows lie in the two adapter inputs, in the order of ``linears``.

    ``lora_A`` is (sum of widths in, rank), A transposed; ``lora_B`` is (sum of widths out, rank).
    """

    def __init__(self, linears: Mapping[str, Linear]) -> None:
        self.rows: dict[str, tuple[slice, slice]] = {}
        top_a = top_b = 0
        for name, (width_in, width_out) in linears.items():
            self.rows[name] = (slice(top_a, top_a + width_in), slice(top_b, top_b + width_out))
            top_a, top_b = top_a + width_in, top_b + width_out
        self.heights = (top_a, top_b)

    def pack(self, pairs: Mapping[str, Pair], rank: int) -> Pair:
        """A (rank, in) and B (out, rank) of each linear as the two inputs, float32.

        Ranks below ``rank`` are filled with zeros, and so are linears that ``pairs`` leaves out.
        """
        packed_a, packed_b = (torch.zeros(height, rank) for height in self.heights)
        for name, (a, b) in pairs.items():
            rows_a, rows_b = self.rows[name]
            packed_a[rows_a, : a.shape[0]] = a.T
            packed_b[rows_b, : a.shape[0]] = b
        return packed_a, packed_b


def example(
    config: Any, batch: int, image_tokens: int, text_tokens: int, *, seed: int = 0
) -> dict[str, torch.Tensor]:
    """Float32 inputs of these sizes, by name, drawn from ``seed``.

    Image ids are those of a canvas 4 tokens high, as ``FluxPipeline`` numbers rows and columns.
    Timesteps are in 0..1, as the pipeline hands them on.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    place = torch.arange(image_tokens)
    inputs = {
        "hidden_states": draw(batch, image_tokens, config.in_channels),
        "encoder_hidden_states": draw(batch, text_tokens, config.joint_attention_dim),
        "pooled_projections": draw(batch, config.pooled_projection_dim),
        "timestep": torch.linspace(0.7, 0.3, batch),
        "img_ids": torch.stack([torch.zeros(image_tokens), place % 4, place // 4], dim=1),
        "txt_ids": torch.zeros(text_tokens, 3),
    }
    if config.guidance_embeds:
        inputs["guidance"] = torch.full((batch,), 3.5)
    return inputs


def random_adapter(
    linears: Mapping[str, Linear], rank: int, *, seed: int = 0, size: float = 0.2
) -> dict[str, Pair]:
    """A and B for every linear, float32; ``size``: the deltas' compared with fresh weights."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, (width_in, width_out) in linears.items():
        a = torch.randn(rank, width_in, generator=generator) / width_in**0.5
        b = torch.randn(width_out, rank, generator=generator) * size / rank**0.5
        found[name] = (a, b)
    return found


def free_axes(guidance: bool, max_rank: int) -> tuple[dict[int, Any] | None, ...]:
    """Which axes of each input are free (torch.export ``Dim``), the two adapter inputs last."""
    dim = torch.export.Dim
    batch = dim("batch", min=PROFILE.batch[0], max=PROFILE.batch[1])
    image = dim("image_tokens", min=PROFILE.image_tokens[0], max=PROFILE.image_tokens[1])
    text = dim("text_tokens", min=PROFILE.text_tokens[0], max=PROFILE.text_tokens[1])
    rank = dim("rank", min=1, max=max_rank)
    inputs = ({0: batch, 1: image}, {0: batch, 1: text}, {0: batch}, {0: batch})
    return (*inputs, {0: image}, {0: text}, {0: batch} if guidance else None, {1: rank}, {1: rank})
