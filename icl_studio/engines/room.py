"""Will a model fit? The law that engine torch goes by, and that the window tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .protocol import MemoryPreset

SPARE: Final = 2**29
"""Bytes that drawing needs beside the weights, at the very least; the ladder sees to the rest."""
MARGIN: Final = 1.1
"""Weights take a little more than their own bytes: fragments, what is on its way."""
Fit = Literal["whole", "phases", "layers", "never"]
"""``layers`` (block by block) only where a device has memory of its own."""


@dataclass(frozen=True)
class Need:
    """Bytes a model takes to draw with: all of it at once, or one phase after the other."""

    whole: int
    phases: int


def need_for(phases: Sequence[int]) -> Need:
    """What a model needs whose phases have so many bytes of weights each."""
    return Need(int(sum(phases) * MARGIN) + SPARE, int(max(phases) * MARGIN) + SPARE)


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
