"""FLUX's heavy components as onnxruntime computes them, in the places of diffusers' own.

Each answers the calls that ``FluxPipeline`` makes of the real one. To the pipeline they are on
the CPU in float32, wherever they compute: what passes between them is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from diffusers.configuration_utils import FrozenDict
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from transformers.modeling_outputs import BaseModelOutputWithPooling

from ..export.signature import ADAPTER, input_names
from .providers import CPU, Provider
from .session import Session


class _Component(torch.nn.Module):
    """A module without parameters: diffusers asks modules for their device and precision."""

    dtype = torch.float32
    device = torch.device("cpu")


class OnnxTextEncoder(_Component):
    """CLIP's or T5's text encoder."""

    def __init__(self, folder: Path, provider: Provider = CPU) -> None:
        super().__init__()
        self.session = Session(folder, provider)

    def forward(self, input_ids: torch.Tensor, **_: Any) -> BaseModelOutputWithPooling:
        """Token ids (batch, length); the pooled vector is None where the encoder has none."""
        states, *pooled = self.session.run({"input_ids": input_ids})
        return BaseModelOutputWithPooling(
            last_hidden_state=states, pooler_output=pooled[0] if pooled else None
        )


class OnnxVae(_Component):
    """Both halves of the VAE; the encoder is loaded when first asked for."""

    def __init__(self, decoder: Path, encoder: Path, provider: Provider = CPU) -> None:
        super().__init__()
        self.config: Any = FrozenDict(AutoencoderKL.load_config(decoder))
        self.decoder = Session(decoder, provider)
        self._encoder, self._provider = encoder, provider

    @cached_property
    def encoder(self) -> Session:
        return Session(self._encoder, self._provider)

    def decode(self, latents: torch.Tensor, return_dict: bool = False) -> tuple[torch.Tensor]:
        """Latents (batch, channels, height, width) to pictures in -1..1."""
        return (self.decoder.run({"latent_sample": latents})[0],)

    def encode(
        self, pictures: torch.Tensor, return_dict: bool = False
    ) -> tuple[DiagonalGaussianDistribution]:
        """Pictures in -1..1 (batch, 3, height, width) to the distribution of their latents."""
        (parameters,) = self.encoder.run({"sample": pictures})
        return (DiagonalGaussianDistribution(parameters),)


class OnnxTransformer(_Component):
    """The transformer, with the LoRA as two inputs that stay bound from step to step."""

    def __init__(self, folder: Path, provider: Provider = CPU) -> None:
        super().__init__()
        self.config: Any = FrozenDict(FluxTransformer2DModel.load_config(folder))
        self._session = Session(folder, provider)
        self._names = input_names(bool(self.config["guidance_embeds"]))
        self._constant = set(self._names) - {"hidden_states", "timestep"}
        self.adapter_dtype = self._session.types[ADAPTER[0]]
        self._nothing = self._session.zeros_of(ADAPTER)
        self.bind({})

    def bind(self, adapter: Mapping[str, torch.Tensor]) -> None:
        """Let ``adapter`` (:mod:`.adapters`) act from now on; empty: none."""
        self._session.bind(adapter or self._nothing)

    def forward(self, **given: Any) -> tuple[torch.Tensor]:
        """One step: the same inputs by name and shape as ``FluxTransformer2DModel.forward``."""
        feed = {name: given[name] for name in self._names}
        return (self._session.run(feed, self._constant)[0],)

    @contextmanager
    def cache_context(self, _name: str) -> Iterator[None]:
        """diffusers marks conditional and unconditional passes for its step caches; none here."""
        yield
