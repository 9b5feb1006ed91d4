"""What torch eager makes of the cases that an export is compared in, in float32.

Drawn before anything is exported, and the model is let go afterwards: an export never holds
the weights twice. The adapter's reference is made another way than the graph: its product is
added to the weights, so that a mistake in how the LoRA enters the graph cannot hide in both.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from diffusers import FluxPipeline
from PIL.Image import Image

from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import AdapterFile, DenoiseItem, LocatedModel

from ..torch_engine.decode import decode
from ..torch_engine.denoise import denoise
from ..torch_engine.encode import Conditioning, encode
from ..torch_engine.preview import neutral
from .load import load_some
from .parts import PARTS, Sizes
from .signature import Pair, example, random_adapter
from .slots import linears_of

GRIDS = ((12, 8), (24, 16))
"""Columns and rows of image tokens of the two sizes; neither is the one that was traced."""
TEXTS = (64, 128)
"""Text tokens that go with them."""
RANK = 16
ADAPTER_SEED = 1
CAPTION = "A red fox with a blue hat walks in the snow."
SAMPLING = Sampling(steps=4, guidance=3.5)
PART_SIZES: Mapping[str, tuple[Sizes, Sizes]] = {
    "text_encoder": ((20,), (77,)),
    "text_encoder_2": ((TEXTS[0],), (TEXTS[1],)),
    "vae_decoder": ((16, 24), (32, 48)),
    "vae_encoder": ((16, 24), (32, 48)),
}


class Case(NamedTuple):
    """One size of the transformer and of a sheet, with an adapter of this rank or none (0)."""

    columns: int
    rows: int
    text_tokens: int
    rank: int

    @property
    def image_tokens(self) -> int:
        return self.columns * self.rows


@dataclass
class Reference:
    """Torch's results. ``steps`` is (1, image tokens, channels) of one pass a case.

    ``conditioning`` is what torch's own encoders make of :data:`CAPTION`.
    ``parts`` are each component's outputs by its name and sizes, ``adapter`` the LoRA that acts
    in the cases with a rank, ``linears`` what it may adapt.
    """

    linears: Mapping[str, Any]
    adapter: Mapping[str, Pair]
    text_length: int
    conditioning: Conditioning | None = None
    steps: dict[Case, torch.Tensor] = field(default_factory=dict)
    sheets: dict[Case, Image] = field(default_factory=dict)
    parts: dict[tuple[str, Sizes], tuple[torch.Tensor, ...]] = field(default_factory=dict)
    configs: dict[str, Any] = field(default_factory=dict)


def reference(model: LocatedModel, max_rank: int, fused: Sequence[AdapterFile] = ()) -> Reference:
    """Everything that an export of ``model`` is held against."""
    length = model.spec.max_sequence_length
    pipeline = load_some(model, ("text_encoder", "text_encoder_2"), torch.float32)
    parts, configs = _parts(pipeline, ("text_encoder", "text_encoder_2"))
    (conditioning,) = encode(pipeline, [CAPTION], length)
    del pipeline
    gc.collect()
    pipeline = load_some(model, ("transformer", "vae"), torch.float32, fused)
    rank = min(RANK, max_rank)
    linears = linears_of(pipeline.transformer)
    found = Reference(
        linears, random_adapter(linears, rank, seed=ADAPTER_SEED), length, parts=parts
    )
    found.conditioning = conditioning
    more, vae_configs = _parts(pipeline, ("vae_decoder", "vae_encoder"))
    found.parts |= more
    found.configs = configs | vae_configs | {"transformer": pipeline.transformer.config}
    _transformer(pipeline, found, conditioning, 0)
    with torch.no_grad():
        for name, (a, b) in found.adapter.items():
            pipeline.transformer.get_submodule(name).weight.add_(b @ a)
    _transformer(pipeline, found, conditioning, rank)
    return found


def sheet_of(pipeline: FluxPipeline, conditioning: Conditioning, case: Case) -> Image:
    """The whole way to a picture of the case's size, in :data:`SAMPLING`'s few steps."""
    token = pipeline.vae_scale_factor * 2
    canvas = Size(case.columns * token, case.rows * token)
    item = DenoiseItem(conditioning=conditioning, canvas=canvas, seed=7, sampling=SAMPLING)
    rgb = neutral(pipeline.vae.config.latent_channels)
    return decode(pipeline, denoise(pipeline, [item], rgb))[0]


def step_inputs(config: Any, case: Case) -> dict[str, torch.Tensor]:
    """Random inputs of one pass of the transformer at the case's size."""
    return example(config, 1, case.image_tokens, case.text_tokens, seed=case.image_tokens)


def _transformer(
    pipeline: FluxPipeline, found: Reference, conditioning: Conditioning, rank: int
) -> None:
    for (columns, rows), text in zip(GRIDS, TEXTS, strict=True):
        case = Case(columns, rows, text, rank)
        given = step_inputs(pipeline.transformer.config, case)
        with torch.inference_mode():
            found.steps[case] = pipeline.transformer(**given, return_dict=False)[0]
        found.sheets[case] = sheet_of(pipeline, conditioning, case)


def _parts(
    pipeline: FluxPipeline, names: Sequence[str]
) -> tuple[dict[tuple[str, Sizes], tuple[torch.Tensor, ...]], dict[str, Any]]:
    found, configs = {}, {}
    for name in names:
        part = PARTS[name]
        component = getattr(pipeline, part.source)
        configs[name] = component.config
        module = part.wrap(component).eval()
        for sizes in PART_SIZES[name]:
            with torch.inference_mode():
                result = module(part.draw(component.config, 1, sizes, 1))
            found[name, sizes] = result if isinstance(result, tuple) else (result,)
    return found, configs
