"""What this engine can do when memory ran out, in the order in which it is worth trying."""

from __future__ import annotations

import torch

from icl_studio.engines.protocol import Measure

from .placement import own_memory

PHASES = Measure(
    id="phases",
    told="text encoders, transformer and VAE lie there one after the other, not together.",
    relieves=("encode", "denoise", "decode"),
)
TILES = Measure(
    id="tiles",
    told="the sheet is decoded in tiles, which may differ a little at their seams.",
    relieves=("decode",),
    changes_pixels=True,
)
LAYERS = Measure(
    id="layers",
    told="text encoders and transformer are brought there block by block, which is slow.",
    relieves=("encode", "denoise"),
)


def measures_for(device: torch.device) -> tuple[Measure, ...]:
    """What changes no pixel comes first; ``layers`` only where memory is apart."""
    return (PHASES, TILES, LAYERS) if own_memory(device) else (PHASES, TILES)
