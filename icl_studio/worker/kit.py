"""What a worker keeps from one command to the next."""

from __future__ import annotations

from dataclasses import dataclass

from ..sets.hashes import HashCache
from .batches import BatchSizes
from .embeddings import Embeddings
from .ladder import Ladder
from .latents import Latents
from .pace import Pace
from .protocol import Hello
from .warm import WarmEngine


@dataclass(frozen=True)
class Kit:
    """The loaded engine, what was learnt of its speed, and what lies on disk to be used again."""

    warm: WarmEngine
    pace: Pace
    hashes: HashCache
    embeddings: Embeddings
    latents: Latents
    ladder: Ladder
    batches: BatchSizes


def new_kit(hello: Hello) -> Kit:
    """The tools of a worker that was greeted with ``hello``; nothing is loaded yet."""
    hashes, cache = HashCache(hello.hashes), hello.cache
    return Kit(
        warm=WarmEngine(),
        pace=Pace(),
        hashes=hashes,
        embeddings=Embeddings(cache / "embeddings" if cache else None, hashes),
        latents=Latents(cache / "latents" if cache else None, hashes),
        ladder=Ladder(),
        batches=BatchSizes(cache / "batch-sizes.json" if cache else None),
    )
