"""Engine ``torch`` on a device that pretends to be small, to try what happens when it is full.

It runs in a real worker: the model's folder says in ``starved.json`` what fits, and torch's own
error is raised by whatever module would need more.
"""

from __future__ import annotations

import json
from typing import Any

import torch

from icl_studio.engines.protocol import EngineOptions, EngineSpec, LocatedModel

from ..torch_engine import TorchEngine
from ..torch_engine import create as create_torch
from ..torch_engine.resting import META

FILE = "starved.json"

STARVED_ENGINE = EngineSpec(
    id="torch", title="Torch on a small device", factory="icl_engines.testing.starved:create"
)


def starve(
    model: LocatedModel, *, weights: int = 1 << 60, batch: int = 64, latents: int = 1 << 30
) -> None:
    """Have ``model``'s device hold ``weights`` bytes of them, denoise ``batch`` sheets at once
    and decode ``latents`` pixels of the VAE at once."""
    limits = {"weights": weights, "batch": batch, "latents": latents}
    (model.folder / FILE).write_text(json.dumps(limits), encoding="utf-8")


def create(model: LocatedModel, options: EngineOptions) -> TorchEngine:
    """The factory that :data:`STARVED_ENGINE` names."""
    engine = create_torch(model, options)
    limits = json.loads((model.folder / FILE).read_text(encoding="utf-8"))
    pipeline = engine.pipeline
    parts = (pipeline.text_encoder, pipeline.text_encoder_2, pipeline.transformer, pipeline.vae)

    def check(what: str, amount: int) -> None:
        if amount > limits[what]:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Pretended: {amount} {what}.")

    def before(*_: Any) -> None:
        present = [p for part in parts for p in part.parameters() if p.device != META]
        check("weights", sum(p.nbytes for p in present))

    def before_step(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
        check("batch", kwargs["hidden_states"].shape[0])

    def before_tile(_: Any, args: tuple[torch.Tensor, ...]) -> None:
        before()
        check("latents", args[0].shape[-1] * args[0].shape[-2])

    for part in parts[:3]:
        part.register_forward_pre_hook(before)
    pipeline.transformer.register_forward_pre_hook(before_step, with_kwargs=True)
    pipeline.vae.decoder.register_forward_pre_hook(before_tile)
    return engine
