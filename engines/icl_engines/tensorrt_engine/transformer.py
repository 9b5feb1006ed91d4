"""A FLUX transformer that TensorRT computes, as ``FluxPipeline`` calls its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from diffusers.configuration_utils import FrozenDict

from icl_studio.engines.store import Profile
from icl_studio.errors import LayoutInvalid

from ..export.signature import ADAPTER, Pair, input_names


class Runs(Protocol):
    """What computes: :class:`.session.Session` on a card."""

    @property
    def types(self) -> Mapping[str, torch.dtype]: ...

    def run(self, given: Mapping[str, torch.Tensor]) -> torch.Tensor: ...


class TensorrtTransformer:
    """The component in the place of ``FluxTransformer2DModel``.

    ``dtype`` is that of what surrounds it: the pipeline makes its text ids in it. The engine
    converts what comes to its inputs' own types, and its output to that of the latents.
    """

    def __init__(
        self,
        runs: Runs,
        config: Mapping[str, Any],
        profile: Profile,
        heights: tuple[int, int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        """``heights`` are the rows of the two packed adapter inputs."""
        self.config: Any = FrozenDict(config)
        self.device = device
        self.dtype = dtype
        self._runs = runs
        self._profile = profile
        self._heights = heights
        self._names = input_names(bool(config["guidance_embeds"]))
        self.bind(None)

    def bind(self, packed: Pair | None) -> None:
        """Make ``packed`` act from now on; None: no adapter, which is zeros of rank 1."""
        parts = packed or tuple(torch.zeros(height, 1) for height in self._heights)
        self._adapter = {
            name: self._as_input(name, part) for name, part in zip(ADAPTER, parts, strict=True)
        }

    def __call__(self, **given: Any) -> tuple[torch.Tensor]:
        """One step: the same inputs by name and shape as ``FluxTransformer2DModel.forward``.

        Raises :class:`LayoutInvalid` for sizes that the engine was not built for.
        """
        latents: torch.Tensor = given["hidden_states"]
        self.check(*latents.shape[:2], given["encoder_hidden_states"].shape[1])
        feed = {name: self._as_input(name, given[name]) for name in self._names}
        return (self._runs.run({**feed, **self._adapter}).to(latents.dtype),)

    def check(self, batch: int, image_tokens: int, text_tokens: int) -> None:
        """Raise :class:`LayoutInvalid` unless the engine takes these sizes."""
        if not self._profile.holds(batch, image_tokens, text_tokens):
            low, high = self._profile.image_tokens
            raise LayoutInvalid(
                f"This engine was built for {low} to {high} image tokens and "
                f"{self._profile.text_tokens[1]} text tokens; asked are {image_tokens} and "
                f"{text_tokens}.",
                fix="Build it again with --profile and this size, or use --engine torch.",
            )

    @property
    def batch(self) -> int:
        """How many sheets at once, at most."""
        return self._profile.batch[1]

    @contextmanager
    def cache_context(self, _name: str) -> Iterator[None]:
        """diffusers marks conditional and unconditional passes for its step caches; none here."""
        yield

    def _as_input(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(device=self.device, dtype=self._runs.types[name]).contiguous()
