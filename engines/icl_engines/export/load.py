"""Some components of a model, loaded for an export; LoRAs that are to be baked in, added."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import FluxPipeline
from safetensors import SafetensorError

from icl_studio.engines.protocol import AdapterFile, LocatedModel
from icl_studio.errors import ModelUnavailable

from ..adapters.check import load_adapter
from ..torch_engine.quiet import quietly
from .slots import linears_of

HEAVY = ("transformer", "vae", "text_encoder", "text_encoder_2")


def load_some(
    model: LocatedModel,
    names: Sequence[str],
    dtype: torch.dtype,
    fused: Sequence[AdapterFile] = (),
) -> FluxPipeline:
    """The model's pipeline on the CPU in ``dtype`` with these of :data:`HEAVY` and no others.

    Raises :class:`ModelUnavailable` for a folder that cannot be loaded and
    :class:`AdapterRejected` for a LoRA that does not fit.
    """
    absent = {name: None for name in HEAVY if name not in names}
    try:
        with quietly():
            pipeline = FluxPipeline.from_pretrained(
                model.folder, dtype=dtype, use_safetensors=True, local_files_only=True, **absent
            )
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The model in {model.folder} cannot be loaded: {error}",
            fix="Download or copy the folder again.",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if "transformer" in names:
        fuse(pipeline.transformer, fused)
    return pipeline


def fuse(transformer: torch.nn.Module, adapters: Sequence[AdapterFile]) -> None:
    """Add ``adapters`` to the weights for good, each product rounded once.

    Raises :class:`AdapterRejected` before anything is changed.
    """
    linears = linears_of(transformer)
    read = [(load_adapter(one.path, linears), one.weight) for one in adapters]
    with torch.no_grad():
        for deltas, weight in read:
            for name, delta in deltas.items():
                place = transformer.get_submodule(name).weight
                place.copy_(place.float() + (delta.b @ delta.a) * weight)
