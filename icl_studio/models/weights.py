"""Reading the front page of a weights file, to tell what it is before anything loads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})
"""Suffixes of formats that can run code when read; ICL Studio never reads them."""

_LONGEST_HEADER = 100_000_000
_LOOKS_LIKE = (
    (b"PK\x03\x04", "is a zip archive (a pickle, perhaps), not a safetensors file"),
    (b"version", "is a Git LFS pointer; the weights themselves were not fetched"),
    *((bytes([0x80, n]), "is a pickle, not a safetensors file") for n in range(2, 6)),
)


def read_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: tensor names with dtype, shape and byte range.

    Reads the header only, but compares the bytes it promises with the file's size, so a
    download that stopped halfway is seen at once. Raises :class:`ValueError` saying in a few
    words what is wrong, and :class:`OSError`. Format: huggingface/safetensors, README.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if size < 8 or not 2 <= length <= min(_LONGEST_HEADER, size):
            raise ValueError(_what_else(start))
        text = file.read(length)
    if len(text) < length:
        raise ValueError("is cut off in its header")
    try:
        header: dict[str, Any] = json.loads(text)
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        promised = 8 + length + max((entry["data_offsets"][1] for entry in tensors), default=0)
    except (ValueError, AttributeError, TypeError, KeyError, IndexError):
        raise ValueError("is not a safetensors file: its header cannot be read") from None
    if promised != size:
        raise ValueError(f"is damaged: {size:,} of {promised:,} bytes are there")
    return header


def _what_else(start: bytes) -> str:
    """What a file is whose first bytes are no header's length.

    Never asked of a possible length: a header of 640 bytes begins as a pickle does.
    """
    for magic, what in _LOOKS_LIKE:
        if start.startswith(magic):
            return what
    return "is not a safetensors file, or is cut off in its header"


def is_adapter(header: dict[str, Any]) -> bool:
    """Whether a safetensors header is a LoRA's, in any of the naming styles in use."""
    return any("lora_" in name or ".lora." in name for name in header)
