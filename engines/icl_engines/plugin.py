"""The engines that ICL Studio ships, registered through the public door.

Runs in the window's process, so nothing here imports torch: factories are named, not called.
"""

from __future__ import annotations

from icl_studio.api import EngineSpec, ModelSpec, hookimpl

from .models import FLUX_MODELS

ICL_STUDIO_API = 1


@hookimpl
def icl_studio_engines() -> list[EngineSpec]:
    """The ``torch`` engine: diffusers' own FLUX pipeline on CPU, CUDA or Apple GPU."""
    return [
        EngineSpec(
            id="torch",
            title="PyTorch",
            factory="icl_engines.torch_engine:create",
            requires=("torch", "diffusers"),
        )
    ]


@hookimpl
def icl_studio_models() -> list[ModelSpec]:
    """FLUX.1 [dev] and [schnell] by short names; downloaded from the hub when first used."""
    return list(FLUX_MODELS)
