"""Too little memory, in the words of whoever ran out, becomes one clear error."""

from __future__ import annotations

import contextlib
import gc
import traceback
from collections.abc import Iterator

import torch

from icl_studio.engines.exhaustion import is_out_of_memory
from icl_studio.errors import OutOfMemory


@contextlib.contextmanager
def memory_errors(device: torch.device, doing: str) -> Iterator[None]:
    """Turn every kind of allocation failure inside into :class:`OutOfMemory`.

    ``doing`` completes "ran out of memory while …". Everything the failed phase held is
    freed, so that a smaller request can follow on the same engine.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # The traceback's frames hold the tensors of the failed phase.
        traceback.clear_frames(error.__traceback__)
        free_cache(device)
        place = "This machine" if device.type == "cpu" else f"The GPU ({device})"
        raise OutOfMemory(f"{place} ran out of memory while {doing}.", fix=_fix(doing)) from None


def free_cache(device: torch.device) -> None:
    """Give cached blocks back to the device."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def _fix(doing: str) -> str:
    if doing.startswith("loading"):
        return "Close other programs, or use a smaller model or --device cpu."
    return "Make fewer sets at a time or smaller panels, or close other programs."
