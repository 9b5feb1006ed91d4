"""The gate: how far what was written is from torch eager, component by component and as sheets.

Each component is opened alone, compared and closed, so that a large model's weights lie in
memory once. The sheets go through diffusers' own loop with the exported components in place,
which is what the engine does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Image

from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import ParityCase
from icl_studio.errors import UserError

from ..onnx_engine.adapters import named
from ..onnx_engine.components import OnnxTextEncoder, OnnxTransformer, OnnxVae
from ..onnx_engine.pipeline import with_components
from ..onnx_engine.session import Session
from ..torch_engine.encode import Conditioning, encode
from .parts import PARTS
from .reference import CAPTION, Reference, sheet_of, step_inputs
from .signature import Packing

LIMIT = {"float32": 1e-4, "bfloat16": 5e-2, "float16": 5e-2}
"""Relative L2 of one step, at most; for components without steps too."""
SHEET_DB = {"float32": 50.0, "bfloat16": 30.0, "float16": 30.0}
"""PSNR of a whole sheet, at least; in float32 single values differ by one of 255, if any."""
EQUAL_DB = 100.0
TEXT = ("text_encoder", "text_encoder_2")


def compare(
    model: LocatedModel, folder: Path, expected: Reference, dtype: str, *, widened: bool
) -> tuple[ParityCase, ...]:
    """Compare the export in ``folder`` with ``expected``; all of it is float32 to compute.

    Raises :class:`UserError` when anything is above its limit or no number.
    """
    cases = []
    encoders = {name: OnnxTextEncoder(folder / name) for name in TEXT}
    for name, encoder in encoders.items():
        cases += _part(name, encoder.session, expected, dtype, widened)
    pipeline = with_components(model, **encoders)
    (conditioning,) = encode(pipeline, [CAPTION], expected.text_length)
    del encoders, encoder, pipeline
    vae = OnnxVae(folder / "vae_decoder", folder / "vae_encoder")
    cases += _part("vae_decoder", vae.decoder, expected, dtype, widened)
    cases += _part("vae_encoder", vae.encoder, expected, dtype, widened)
    transformer = OnnxTransformer(folder / "transformer")
    cases += _transformer(model, transformer, vae, expected, conditioning, dtype, widened)
    return tuple(cases)


def _part(
    name: str, session: Session, expected: Reference, dtype: str, widened: bool
) -> Iterator[ParityCase]:
    part = PARTS[name]
    for (whose, sizes), results in expected.parts.items():
        if whose != name:
            continue
        given = part.draw(expected.configs[name], 1, sizes, 1)
        got = session.run({part.input: given})
        distance = max(_distance(a, b) for a, b in zip(got, results, strict=True))
        is_text = name in TEXT
        case = ParityCase(
            component=name,
            image_tokens=0 if is_text else math.prod(sizes) // 4,
            text_tokens=sizes[0] if is_text else 0,
            relative_l2=distance,
            widened=widened,
        )
        _judge(case, dtype, f"{name} differs from torch by {distance:.1e} at {sizes}")
        yield case


def _transformer(
    model: LocatedModel,
    transformer: OnnxTransformer,
    vae: OnnxVae,
    expected: Reference,
    conditioning: Conditioning,
    dtype: str,
    widened: bool,
) -> Iterator[ParityCase]:
    pipeline = with_components(model, transformer=transformer, vae=vae)
    packing = Packing(expected.linears)
    for where, step in expected.steps.items():
        packed = packing.pack(expected.adapter, where.rank) if where.rank else None
        transformer.bind(named(packed, transformer.adapter_dtype))
        got = transformer(**step_inputs(expected.configs["transformer"], where))[0]
        distance = _distance(got, step)
        decibel = psnr(sheet_of(pipeline, conditioning, where), expected.sheets[where])
        case = ParityCase(
            image_tokens=where.image_tokens,
            text_tokens=where.text_tokens,
            adapter_rank=where.rank,
            relative_l2=distance,
            psnr_db=decibel,
            widened=widened,
        )
        at = f"at {case.image_tokens} image tokens and LoRA rank {case.adapter_rank}"
        _judge(case, dtype, f"transformer differs from torch by {distance:.1e} a step {at}")
        if decibel < SHEET_DB[dtype]:
            _refuse(
                f"A sheet of the export is {decibel:.1f} dB from torch's {at}; at least "
                f"{SHEET_DB[dtype]:g} dB is asked for in {dtype}."
            )
        yield case


def _judge(case: ParityCase, dtype: str, what: str) -> None:
    # Written so that NaN is refused too.
    if not case.relative_l2 <= LIMIT[dtype]:
        _refuse(f"The exported {what}; {LIMIT[dtype]:.0e} is allowed in {dtype}.")


def _refuse(what: str) -> None:
    raise UserError(
        f"{what} It was not kept.",
        fix="Use --engine torch, and report the model and the versions.",
    )


def psnr(got: Image, expected: Image) -> float:
    """Peak signal-to-noise ratio of two pictures in decibel, :data:`EQUAL_DB` at most."""
    a, b = (np.asarray(picture, dtype=np.float64) for picture in (got, expected))
    error = float(((a - b) ** 2).mean())
    return min(EQUAL_DB, 10 * math.log10(255**2 / error)) if error else EQUAL_DB


def _distance(got: Any, expected: torch.Tensor) -> float:
    distance = float((got.float() - expected).norm() / expected.norm())
    return distance if math.isfinite(distance) else 1e30
