"""Which component lies on the device when: all at once, a phase's own, or block after block."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import FluxPipeline
from diffusers.hooks import apply_group_offloading

from icl_studio.engines.exhaustion import is_out_of_memory
from icl_studio.engines.protocol import MemoryPreset, Verb

from .memory import free_cache
from .resting import InMemory, OnDisk, Rest

LOG = logging.getLogger(__name__)

PARTS: Final[dict[Verb, tuple[str, ...]]] = {
    "encode": ("text_encoder", "text_encoder_2"),
    "denoise": ("transformer",),
    "decode": ("vae",),
}
"""What each phase computes with."""
ALL: Final = tuple(name for names in PARTS.values() for name in names)
PRESETS: Final[tuple[MemoryPreset, ...]] = ("resident", "phases", "layers")
"""From the most memory to the least."""
_STREAMED: Final = (*PARTS["encode"], *PARTS["denoise"])
_BLOCKS: Final = ("transformer_blocks.", "single_transformer_blocks.")


class Placement:
    """Brings the components of a phase to the device before it begins.

    ``resident``: all of them lie there for good. ``phases``: those of one phase; the others rest
    in main memory, or on the disk where the device computes in main memory. ``layers``, for a GPU
    with memory of its own: as ``phases``, and of text encoders and transformer only one block at
    a time, by diffusers' group offloading.
    """

    def __init__(
        self,
        pipeline: FluxPipeline,
        folder: Path,
        device: torch.device,
        dtype: torch.dtype,
        *,
        here: bool,
    ) -> None:
        """``here``: the components of ``pipeline`` lie on ``device`` already, all of them."""
        self._pipeline = pipeline
        self._device = device
        self._rest: Rest = InMemory(device) if own_memory(device) else OnDisk(folder, device, dtype)
        self._here: set[str] = set(ALL) if here else set()
        self.preset: MemoryPreset = "resident" if here else "phases"

    def use(self, preset: MemoryPreset) -> None:
        """Place as ``preset`` says from now on; from ``layers`` there is no way back.

        Raises what the device raises when its memory does not hold what ``resident`` brings.
        """
        if self.preset == "layers":
            return
        if preset == "resident":
            self._bring(ALL)
        if preset == "layers":
            self._put_away(_STREAMED)
            self._stream()
        self.preset = preset

    def use_first(self, presets: Sequence[MemoryPreset]) -> None:
        """:meth:`use` the first of ``presets`` that fits; raises what the last one raises."""
        for preset in presets[:-1]:
            try:
                return self.use(preset)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                LOG.warning("%s does not fit on %s: %s", preset, self._device, error)
            free_cache(self._device)
        return self.use(presets[-1])

    def enter(self, phase: Verb) -> None:
        """Make ready for ``phase``: first the others leave, then its own come."""
        if self.preset == "resident":
            return
        wanted = PARTS[phase]
        self._put_away([name for name in self._here if name not in wanted])
        if self.preset == "phases":
            self._bring(wanted)
        else:
            self._bring([name for name in wanted if name not in _STREAMED])
            self._place_adapters()

    def _bring(self, names: Collection[str]) -> None:
        for name in names:
            if name not in self._here:
                self._rest.back(name, self._part(name))
                self._here.add(name)

    def _put_away(self, names: Collection[str]) -> None:
        gone = [name for name in names if name in self._here]
        for name in gone:
            self._rest.away(name, self._part(name))
            self._here.discard(name)
        if gone:
            free_cache(self._device)

    def _stream(self) -> None:
        """Have diffusers bring text encoders and transformer block after block."""
        common: dict[str, Any] = {
            "onload_device": self._device,
            "offload_device": torch.device("cpu"),
        }
        for name in PARTS["encode"]:  # whose blocks transformers nests where diffusers finds none
            apply_group_offloading(self._part(name), offload_type="leaf_level", **common)
        apply_group_offloading(
            self._part("transformer"), offload_type="block_level", num_blocks_per_group=1, **common
        )

    def _place_adapters(self) -> None:
        """Adapters on linears outside the blocks, which group offloading does not know of."""
        for name, weight in self._part("transformer").named_parameters():
            if ".lora_" in name and not name.startswith(_BLOCKS):
                weight.data = weight.data.to(self._device)

    def _part(self, name: str) -> Any:
        return getattr(self._pipeline, name)


def own_memory(device: torch.device) -> bool:
    """Whether ``device`` has memory of its own, so that main memory can take what it lacks."""
    return device.type not in ("cpu", "mps")
