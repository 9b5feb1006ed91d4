"""How far what was written is from torch eager: one step, two sizes, with and without a LoRA.

The adapter's reference is made another way than the graph: its product is added to the
weights. So a mistake in how the LoRA enters the graph cannot hide in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime
import torch
from diffusers import FluxTransformer2DModel

from icl_studio.engines.store import ParityCase
from icl_studio.errors import UserError

from .graph import FILE
from .signature import ADAPTER, Packing, example, random_adapter
from .slots import linears_of

LIMIT = 1e-4
"""Relative L2 of one step in float32, at most."""
SIZES = ((96, 64), (384, 128))
"""Image and text tokens of the two sizes; neither is the one that was traced."""
RANK = 16


def measure(model: FluxTransformer2DModel, folder: Path, max_rank: int) -> tuple[ParityCase, ...]:
    """Compare ``folder/model.onnx`` with ``model``, whose weights are changed in the course.

    Raises :class:`UserError` when a comparison is above :data:`LIMIT` or no number.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of inputs with defaults, which are meant
    session = onnxruntime.InferenceSession(
        folder / FILE, options, providers=["CPUExecutionProvider"]
    )
    rank = min(RANK, max_rank)
    linears = linears_of(model)
    packing, adapter = Packing(linears), random_adapter(linears, rank, seed=1)
    cases = [_compare(model, session, sizes, {}, 0) for sizes in SIZES]
    with torch.no_grad():
        for name, (a, b) in adapter.items():
            model.get_submodule(name).weight.add_(b @ a)
    packed = packing.pack(adapter, rank)
    feed = {name: part.numpy() for name, part in zip(ADAPTER, packed, strict=True)}
    cases += [_compare(model, session, sizes, feed, rank) for sizes in SIZES]
    for case in cases:
        # Written so that NaN is refused too.
        if not case.relative_l2 <= LIMIT:
            raise UserError(
                f"The exported transformer differs from torch by {case.relative_l2:.1e} at "
                f"{case.image_tokens} image tokens and LoRA rank {case.adapter_rank}; "
                f"{LIMIT:.0e} is allowed. It was not kept.",
                fix="Use --engine torch, and report the model and the versions.",
            )
    return tuple(cases)


def _compare(
    model: FluxTransformer2DModel,
    session: onnxruntime.InferenceSession,
    sizes: tuple[int, int],
    adapter: Mapping[str, object],
    rank: int,
) -> ParityCase:
    image, text = sizes
    given = example(model.config, 1, image, text, seed=image)
    with torch.inference_mode():
        expected = model(**given, return_dict=False)[0]
    feed = {name: tensor.numpy() for name, tensor in given.items()}
    got = torch.from_numpy(session.run(None, {**feed, **adapter})[0])
    distance = float((got - expected).norm() / expected.norm())
    return ParityCase(
        image_tokens=image,
        text_tokens=text,
        adapter_rank=rank,
        relative_l2=distance if distance == distance else float("1e30"),
    )
