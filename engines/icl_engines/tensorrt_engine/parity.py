"""How far an engine is from torch, measured at its first run on a card of its target.

An engine is built where it cannot run, so nothing is known of its numbers until then. What it is
held against came with it from the export (:mod:`..export.kit`): torch's own steps and sheets in
float32, at two sizes, without and with an adapter.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import torch
from diffusers import FluxPipeline

from icl_studio.engines.store import EngineStore, ParityCase, StoredEngine
from icl_studio.errors import UserError

from ..adapters.convert import Linear
from ..export.kit import read_kit
from ..export.parity import LIMIT, SHEET_DB, psnr
from ..export.reference import sheet_of, step_inputs
from ..export.signature import Packing
from ..torch_engine.encode import Conditioning
from .transformer import TensorrtTransformer

log = logging.getLogger(__name__)
LIMITS = {**LIMIT, "float32": 5e-3}
"""Relative L2 of one step, at most. Cards multiply float32 with TF32's ten bits of mantissa."""
SHEETS = {**SHEET_DB, "float32": 40.0}
"""PSNR of a whole sheet in decibel, at least."""


def ensure_parity(
    store: EngineStore,
    stored: StoredEngine,
    pipeline: FluxPipeline,
    linears: Mapping[str, Linear],
) -> StoredEngine:
    """``stored`` with its parity in the manifest; measured now unless it was before.

    ``pipeline`` has the engine as its transformer. Raises :class:`UserError` for an engine
    beyond its limits, now and whenever it is asked for again, and :class:`StorageProblem`.
    """
    if not stored.manifest.parity:
        log.warning("First run of %s on this card: comparing it with torch.", stored.name)
        cases = tuple(measure(stored, pipeline, linears))
        stored = store.record_parity(stored, cases)
    _judge(stored)
    return stored


def measure(
    stored: StoredEngine, pipeline: FluxPipeline, linears: Mapping[str, Linear]
) -> Iterator[ParityCase]:
    """One step and one sheet of every case of the reference; afterwards no adapter acts."""
    transformer: TensorrtTransformer = pipeline.transformer
    expected = read_kit(stored.folder, linears)
    assert expected.conditioning is not None
    prompt, pooled = expected.conditioning.prompt, expected.conditioning.pooled
    where = {"device": transformer.device, "dtype": transformer.dtype}
    conditioning = Conditioning(prompt.to(**where), pooled.to(**where))
    packing = Packing(linears)
    for case, step in expected.steps.items():
        packed = packing.pack(expected.adapter, case.rank) if case.rank else None
        transformer.bind(packed)
        with torch.inference_mode():
            got = transformer(**step_inputs(transformer.config, case))[0].float().cpu()
        distance = float((got - step).norm() / step.norm())
        sheet = sheet_of(pipeline, conditioning, case)
        yield ParityCase(
            image_tokens=case.image_tokens,
            text_tokens=case.text_tokens,
            adapter_rank=case.rank,
            relative_l2=distance if distance == distance else 1e30,
            psnr_db=psnr(sheet, expected.sheets[case]),
        )
    transformer.bind(None)


def _judge(stored: StoredEngine) -> None:
    dtype = stored.manifest.structure.dtype
    for case in stored.manifest.parity:
        sheet = case.psnr_db if case.psnr_db is not None else SHEETS[dtype]
        # Written so that NaN is refused too.
        if case.relative_l2 <= LIMITS[dtype] and sheet >= SHEETS[dtype]:
            continue
        raise UserError(
            f"The engine {stored.name} differs from torch: {case.relative_l2:.1e} a step and "
            f"{sheet:.1f} dB a sheet at {case.image_tokens} image tokens and LoRA rank "
            f"{case.adapter_rank}; {LIMITS[dtype]:.0e} and {SHEETS[dtype]:g} dB are asked for. "
            "It is not used.",
            fix="Use --engine torch, and report the card, its driver and the versions.",
        )
