"""diffusers' FluxPipeline around components that are not its own."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import FluxPipeline
from safetensors import SafetensorError

from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ModelUnavailable

from ..torch_engine.quiet import quietly

HEAVY = ("transformer", "vae", "text_encoder", "text_encoder_2")


def with_components(model: LocatedModel, **components: Any) -> FluxPipeline:
    """The model's own tokenizers and scheduler, with ``components`` for those of :data:`HEAVY`.

    No weights are read; what is not given is absent. Raises :class:`ModelUnavailable`.
    """
    try:
        with quietly():
            bare = FluxPipeline.from_pretrained(
                model.folder,
                dtype=torch.float32,
                local_files_only=True,
                **dict.fromkeys(HEAVY),
            )
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The model in {model.folder} cannot be loaded: {error}",
            fix="Download or copy the folder again.",
        ) from error
    light = {"scheduler": bare.scheduler, "tokenizer": bare.tokenizer}
    light["tokenizer_2"] = bare.tokenizer_2
    # The constructor, not attributes: sizes of pictures follow from the VAE it is given.
    pipeline = FluxPipeline(**light, **(dict.fromkeys(HEAVY) | components))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
