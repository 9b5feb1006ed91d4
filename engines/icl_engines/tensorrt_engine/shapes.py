"""The shapes that an engine takes, and each input's sizes in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from icl_studio.api import Size
from icl_studio.engines.store import Profile

from ..export.reference import GRIDS, TEXTS

RANK = 16
"""The rank that kernels are tuned for: that of the published In-Context LoRAs is of this order."""

Ranges = dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]


def profile_of(canvases: Sequence[Size], text_tokens: int, batch: int) -> Profile:
    """From the smallest to the largest of ``canvases``, with the sizes that parity is measured at.

    Captions are always padded to the model's own length (T5 is not masked): ``text_tokens``.
    """
    tokens = [canvas.tokens for canvas in canvases]
    tokens += [columns * rows for columns, rows in GRIDS]
    texts = (text_tokens, *TEXTS)
    return Profile(
        batch=(1, batch),
        image_tokens=(min(tokens), max(tokens)),
        text_tokens=(min(texts), max(texts)),
    )


def usual_tokens(canvases: Sequence[Size]) -> int:
    """The middle one of the sizes: what the kernels are tuned for."""
    ordered = sorted(canvas.tokens for canvas in canvases)
    return ordered[len(ordered) // 2]


def ranges(network: Any, profile: Profile, usual: int, max_rank: int) -> Ranges:
    """Least, usual and most sizes of every input of a parsed ``network``.

    ``usual`` are image and text tokens; the usual batch is one sheet, the rank :data:`RANK`.
    """
    batch, image, text = profile.batch, profile.image_tokens, profile.text_tokens
    free = {
        "batch": (batch[0], batch[0], batch[1]),
        "image": (image[0], min(max(usual[0], image[0]), image[1]), image[1]),
        "text": (text[0], min(max(usual[1], text[0]), text[1]), text[1]),
        "rank": (1, min(RANK, max_rank), max_rank),
    }
    axes = {
        "hidden_states": ("batch", "image"),
        "encoder_hidden_states": ("batch", "text"),
        "img_ids": ("image",),
        "txt_ids": ("text",),
        "lora_A": (None, "rank"),
        "lora_B": (None, "rank"),
    }
    found: Ranges = {}
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = tuple(tensor.shape)
        named = axes.get(tensor.name, ("batch",))
        sizes = [
            tuple(
                free[named[axis]][which] if size < 0 else size  # type: ignore[index]
                for axis, size in enumerate(shape)
            )
            for which in range(3)
        ]
        found[tensor.name] = (sizes[0], sizes[1], sizes[2])
    return found
