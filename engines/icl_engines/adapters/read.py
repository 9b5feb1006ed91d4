"""A LoRA file to tensors; safetensors only, and nothing that could run code is opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from icl_studio.errors import AdapterRejected

LOOKS_LIKE = (
    (b"PK\x03\x04", "a zip archive (a pickled checkpoint, perhaps), not safetensors"),
    (b"\x80\x02", "a pickle, not safetensors"),
    (b"\x80\x03", "a pickle, not safetensors"),
    (b"\x80\x04", "a pickle, not safetensors"),
    (b"\x80\x05", "a pickle, not safetensors"),
    (b"GGUF", "a GGUF file, not safetensors"),
    (b"version https://git-lfs", "a Git LFS pointer; the LoRA itself was not downloaded"),
    (b"<", "a web page, not safetensors: the download was refused, perhaps"),
)
PARSER_WORDS = (
    ("not fully covered", "it is truncated"),
    ("IncompleteBuffer", "it is truncated"),
    ("eader", "its header is damaged"),
)
"""What the safetensors parser says (0.6 by code, 0.8 in words), for users."""
AGAIN = "Download the LoRA again, as .safetensors."
WHOLE = (torch.int64, torch.int32, torch.int16)
"""Types of an alpha that is a whole number: kohya's extraction for FLUX writes the rank so."""


@dataclass(frozen=True, eq=False)
class LoraFile:
    """The tensors of a file by key, and the training metadata that diffusers writes."""

    path: Path
    tensors: dict[str, torch.Tensor]
    metadata: dict[str, Any]


def read_lora(path: Path) -> LoraFile:
    """Read ``path``; every tensor is finite and of a floating type (alpha: or an integer).

    Raises :class:`AdapterRejected` naming the file and what is wrong with it.
    """
    _sniff(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no iterator)
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError) as error:
        raise AdapterRejected(f"{path} cannot be read: {_reason(error)}.", fix=AGAIN) from error
    if not tensors:
        raise AdapterRejected(f"{path} holds no tensors.", fix=AGAIN)
    for key, tensor in tensors.items():
        whole = key.endswith(".alpha") and tensor.dtype in WHOLE
        if not (whole or tensor.is_floating_point()):
            raise AdapterRejected(
                f"{path}: {key} is of type {tensor.dtype}, which no LoRA uses.",
                fix="Use a LoRA in half or single precision.",
            )
        if not torch.isfinite(tensor.float()).all():
            raise AdapterRejected(
                f"{path}: {key} holds values that are not numbers (NaN or infinite).",
                fix="The training run diverged; use an earlier checkpoint.",
            )
    return LoraFile(path, tensors, _training_metadata(metadata))


def _sniff(path: Path) -> None:
    """Say what a file is that cannot be safetensors, before any parser sees it."""
    try:
        with path.open("rb") as file:
            start = file.read(32)
            size = file.seek(0, 2)
    except OSError as error:
        raise AdapterRejected(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check the path."
        ) from error
    if not start:
        raise AdapterRejected(f"{path} is empty.", fix=AGAIN)
    for magic, what in LOOKS_LIKE:
        if start.startswith(magic) and start[8:9] != b"{":
            raise AdapterRejected(f"{path} is {what}.", fix=AGAIN)
    header = int.from_bytes(start[:8], "little")
    if size < 8 or header > size - 8:
        raise AdapterRejected(
            f"{path} is truncated, or no safetensors at all: it has {size} bytes, and its "
            f"header alone should have {header}.",
            fix=AGAIN,
        )


def _reason(error: Exception) -> str:
    """The words for what the safetensors parser reports."""
    text = str(error)
    for theirs, ours in PARSER_WORDS:
        if theirs in text:
            return f"{ours} ({text.rstrip('.')})"
    return text.rstrip(".")


def _training_metadata(metadata: dict[str, str]) -> dict[str, Any]:
    """diffusers' ``lora_adapter_metadata``: rank and alpha of the run, prefixed by component.

    Written by ``FluxPipeline.save_lora_weights`` (diffusers, loaders/lora_base.py) instead of
    alpha keys; damaged metadata cannot be told from foreign, so it is ignored.
    """
    try:
        content = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    prefix = "transformer."
    return {key.removeprefix(prefix): content[key] for key in content if key.startswith(prefix)}
