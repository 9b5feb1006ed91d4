"""The four components beside the transformer as graphs: names, example inputs, free axes.

Names and folders are optimum's (optimum-onnx 0.1.0): a VAE is two graphs, of which the
encoder gives the distribution's parameters, and text encoders take ``input_ids``. What goes in
and comes out is float32 whatever the precision inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .graph import save, trace

Sizes = tuple[int, ...]


class TextEncoder(torch.nn.Module):
    """CLIP or T5: token ids (batch, length) to hidden states; CLIP also to the pooled vector."""

    def __init__(self, model: Any, pooled: bool) -> None:
        super().__init__()
        self.model = model
        self._pooled = pooled

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = self.model(input_ids)
        states = found.last_hidden_state.float()
        return (states, found.pooler_output.float()) if self._pooled else (states,)


class Decoder(torch.nn.Module):
    """Scaled-back latents (batch, channels, height, width) to pictures in -1..1."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample: torch.Tensor) -> torch.Tensor:
        decoded: torch.Tensor = self.vae.decode(
            latent_sample.to(self.vae.dtype), return_dict=False
        )[0]
        return decoded.float()


class Encoder(torch.nn.Module):
    """Pictures in -1..1 to mean and logarithm of the variance, below each other."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        found = self.vae.encode(sample.to(self.vae.dtype), return_dict=False)[0]
        parameters: torch.Tensor = found.parameters
        return parameters.float()


class Part(NamedTuple):
    """How one component is written.

    ``draw`` makes its input for a batch and two sizes (text: length and nothing; pictures:
    height and width in latent cells); ``traced`` are those of the example, none of which is 1.
    """

    source: str
    wrap: Callable[[Any], torch.nn.Module]
    input: str
    outputs: tuple[str, ...]
    draw: Callable[[Any, int, Sizes, int], torch.Tensor]
    axes: Callable[[Any], dict[int, Any]]
    traced: Sizes


def write_part(name: str, model: Any, folder: Path) -> None:
    """Write component ``name`` of :data:`PARTS` from its loaded ``model`` into ``folder``."""
    part = PARTS[name]
    given = part.draw(model.config, 2, part.traced, 0)
    program = trace(
        part.wrap(model), [given], [part.axes(model.config)], ([part.input], part.outputs)
    )
    save(program, folder)


def factor(config: Any) -> int:
    """Pixels of a side that make one latent cell."""
    return int(2 ** (len(config.block_out_channels) - 1))


def _ids(config: Any, batch: int, sizes: Sizes, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, config.vocab_size, (batch, sizes[0]), generator=generator)
    # CLIP pools where its end token stands: each row must have one.
    ids[:, -1] = config.eos_token_id
    return ids


def _latents(config: Any, batch: int, sizes: Sizes, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, config.latent_channels, *sizes, generator=generator)


def _pictures(config: Any, batch: int, sizes: Sizes, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    height, width = (side * factor(config) for side in sizes)
    return torch.rand(batch, config.in_channels, height, width, generator=generator) * 2 - 1


def _text_axes(config: Any) -> dict[int, Any]:
    dim = torch.export.Dim
    most = getattr(config, "max_position_embeddings", 512)  # T5 has no fixed length
    return {0: dim("batch", min=1, max=64), 1: dim("text_tokens", min=2, max=most)}


def _latent_axes(_config: Any) -> dict[int, Any]:
    dim = torch.export.Dim
    sides = {2: dim("latent_height", min=2, max=1024), 3: dim("latent_width", min=2, max=1024)}
    return {0: dim("batch", min=1, max=64), **sides}


def _picture_axes(config: Any) -> dict[int, Any]:
    dim = torch.export.Dim
    height, width = dim("cells_high", min=2, max=1024), dim("cells_wide", min=2, max=1024)
    by = factor(config)
    return {0: dim("batch", min=1, max=64), 2: by * height, 3: by * width}


PARTS: Mapping[str, Part] = {
    "text_encoder": Part(
        source="text_encoder",
        wrap=lambda model: TextEncoder(model, pooled=True),
        input="input_ids",
        outputs=("last_hidden_state", "pooler_output"),
        draw=_ids,
        axes=_text_axes,
        traced=(24,),
    ),
    "text_encoder_2": Part(
        source="text_encoder_2",
        wrap=lambda model: TextEncoder(model, pooled=False),
        input="input_ids",
        outputs=("last_hidden_state",),
        draw=_ids,
        axes=_text_axes,
        traced=(24,),
    ),
    "vae_decoder": Part(
        source="vae",
        wrap=Decoder,
        input="latent_sample",
        outputs=("sample",),
        draw=_latents,
        axes=_latent_axes,
        traced=(6, 10),
    ),
    "vae_encoder": Part(
        source="vae",
        wrap=Encoder,
        input="sample",
        outputs=("latent_parameters",),
        draw=_pictures,
        axes=_picture_axes,
        traced=(6, 10),
    ),
}
