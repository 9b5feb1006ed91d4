"""Will a set fit? What a model needs to draw, counted from its files, against what is free.

Engine torch decides by the same law when it loads (``icl_engines.torch_engine.fit``; a test keeps
the two the same). Nothing is loaded to know it: only headers are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final, Literal

from ..engines.protocol import MemoryPreset
from .weights import read_header

SPARE: Final = 2**29
"""Bytes that drawing needs beside the weights, at the very least."""
MARGIN: Final = 1.1
"""Weights take a little more than their own bytes: fragments, what is on its way."""
PHASES: Final = (("text_encoder", "text_encoder_2"), ("transformer",), ("vae",))
"""What is at work together: encoding, denoising, decoding."""
Fit = Literal["whole", "phases", "layers", "never"]
"""``layers`` (block by block) only where a device has memory of its own."""


@dataclass(frozen=True)
class Need:
    """Bytes a model takes to draw with: all of it at once, or one phase after the other."""

    whole: int
    phases: int


def need_of(folder: Path, width: int) -> Need | None:
    """What the diffusers model in ``folder`` needs at ``width`` bytes a weight.

    None where it has no weights that can be read.
    """
    try:
        phases = [sum(weights_in(folder / name) * width for name in names) for names in PHASES]
    except (OSError, ValueError):
        return None
    if not any(phases):
        return None
    return Need(int(sum(phases) * MARGIN) + SPARE, int(max(phases) * MARGIN) + SPARE)


def weights_in(component: Path) -> int:
    """How many weights a component's folder holds. Raises ``ValueError``, ``OSError``."""
    return sum(
        prod(entry["shape"])
        for file in sorted(component.glob("*.safetensors"))
        for name, entry in read_header(file).items()
        if name != "__metadata__"
    )


def fit(need: Need, free: int, *, own_memory: bool, asked: MemoryPreset | None = None) -> Fit:
    """How a model that needs ``need`` fits in ``free`` bytes; ``asked`` is where it must begin.

    ``own_memory``: the device computes in memory of its own, so that blocks can rest elsewhere.
    """
    if asked in (None, "resident") and need.whole <= free:
        return "whole"
    if asked == "resident":
        return "never"
    if asked != "layers" and need.phases <= free:
        return "phases"
    return "layers" if own_memory else "never"
