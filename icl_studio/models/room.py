"""What a model needs to draw, counted from its files. Nothing is loaded: only headers are read."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Final

from ..engines.room import Need, need_for
from .weights import read_header

PHASES: Final = (("text_encoder", "text_encoder_2"), ("transformer",), ("vae",))
"""What is at work together: encoding, denoising, decoding."""


def need_of(folder: Path, width: int) -> Need | None:
    """What the diffusers model in ``folder`` needs at ``width`` bytes a weight.

    None where it has no weights that can be read.
    """
    try:
        phases = [sum(weights_in(folder / name) * width for name in names) for names in PHASES]
    except (OSError, ValueError):
        return None
    return need_for(phases) if any(phases) else None


def weights_in(component: Path) -> int:
    """How many weights a component's folder holds. Raises ``ValueError``, ``OSError``."""
    return sum(
        prod(entry["shape"])
        for file in sorted(component.glob("*.safetensors"))
        for name, entry in read_header(file).items()
        if name != "__metadata__"
    )
