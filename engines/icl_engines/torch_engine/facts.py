"""What a receipt says of this engine."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import torch

from icl_studio.engines.protocol import EngineFacts, LocatedModel

from .device import device_name, dtype_name

PACKAGES = ("torch", "diffusers", "transformers", "peft", "safetensors", "tokenizers", "pillow")


def engine_facts(
    model: LocatedModel, device: torch.device, dtype: torch.dtype, files: tuple[Path, ...]
) -> EngineFacts:
    """Everything that can change a pixel without being part of the request.

    Python and ICL Studio itself are in every receipt, whatever the engine.
    """
    versions = {name: version(name) for name in PACKAGES}
    # The build matters (2.13.0+cpu against 2.13.0+cu130), and only torch itself tells it.
    versions["torch"] = str(torch.__version__)
    return EngineFacts(
        engine="torch",
        device=str(device),
        device_name=device_name(device),
        dtype=dtype_name(dtype),
        versions=versions,
        files=files,
        max_sequence_length=model.spec.max_sequence_length,
    )
