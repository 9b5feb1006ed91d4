"""Conditionings and latents as bytes and back, bit for bit, in safetensors' own form."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from icl_studio.api import Size

from .denoise import SheetLatents
from .encode import Conditioning


def to_bytes(value: Conditioning | SheetLatents) -> bytes:
    """A conditioning or a denoised sheet, for a file."""
    if isinstance(value, Conditioning):
        tensors = {"prompt": value.prompt, "pooled": value.pooled}
    else:
        tensors = {"packed": value.packed, "canvas": torch.tensor(tuple(value.canvas))}
    data: bytes = save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
    return data


def from_bytes(data: bytes, device: torch.device) -> Conditioning | SheetLatents:
    """What ``data`` was made of, on ``device``; raises ``ValueError`` for anything else.

    The tensors are copies of their own: a view into ``data`` may lie at an odd address, which
    changes the last bits of a product on some CPUs.
    """
    try:
        tensors = {name: tensor.to(device).clone() for name, tensor in load(data).items()}
    except SafetensorError as error:
        raise ValueError(f"these bytes are no safetensors: {error}") from error
    match sorted(tensors):
        case ["pooled", "prompt"]:
            return Conditioning(tensors["prompt"], tensors["pooled"])
        case ["canvas", "packed"]:
            width, height = tensors["canvas"].tolist()
            return SheetLatents(tensors["packed"], Size(width, height))
    raise ValueError(f"neither conditioning nor latents: {', '.join(tensors)}")
