"""What may lie on the device together: the user's wish checked, or what fits there now."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch
from safetensors import SafetensorError, safe_open

from icl_studio.engines.protocol import EngineOptions, MemoryPreset
from icl_studio.engines.room import fit, need_for
from icl_studio.errors import UserError

from .placement import PARTS, own_memory

_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


def choose_preset(
    options: EngineOptions, device: torch.device, dtype: torch.dtype, folder: Path
) -> MemoryPreset:
    """The asked preset, or the first that fits beside what uses the device already.

    Raises :class:`UserError` for ``layers`` on a device that computes in main memory: there is
    nowhere else for a block to rest.
    """
    if options.memory == "layers" and not own_memory(device):
        raise UserError(
            f"On {device} there is no memory apart in which layers could rest.",
            fix="Use --memory phases, or leave it out.",
        )
    if options.memory is not None:
        return options.memory
    phases = [sum(part_bytes(folder, name, dtype) for name in names) for names in PARTS.values()]
    found = fit(need_for(phases), free_bytes(device), own_memory=own_memory(device))
    if found == "whole":
        return "resident"
    # Where blocks can rest nowhere else, one part after the other is the last resort.
    return "layers" if found == "layers" else "phases"


def refuse_preset(options: EngineOptions, engine: str) -> None:
    """Raise :class:`UserError` for a memory preset, in an engine that keeps all in memory."""
    if options.memory not in (None, "resident"):
        raise UserError(
            f"The engine {engine!r} keeps the whole model in memory.",
            fix="Leave out --memory, or use --engine torch.",
        )


def part_bytes(folder: Path, name: str, dtype: torch.dtype) -> int:
    """Bytes that the weights of component ``name`` take in ``dtype``, told by their files."""
    files = sorted((folder / name).glob("*.safetensors"))
    if not files:
        return 0
    return sum(file.stat().st_size for file in files) * dtype.itemsize // _stored(files[0], dtype)


def _stored(file: Path, dtype: torch.dtype) -> int:
    """Bytes of a number in ``file``; as in ``dtype`` if it cannot be read: loading will say so."""
    try:
        with safe_open(file, "pt") as opened:
            first = next(iter(opened.keys()), None)
            return _BYTES.get(opened.get_slice(first).get_dtype(), 1) if first else dtype.itemsize
    except (OSError, SafetensorError):
        return dtype.itemsize


def free_bytes(device: torch.device) -> int:
    """Bytes of memory that nobody uses: the GPU's own, or the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
