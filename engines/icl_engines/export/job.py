"""One export: identity, graph, parity, and only then a place in the store."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import torch
from diffusers import FluxTransformer2DModel
from safetensors import SafetensorError

from icl_studio.engines.hardware import this_machine
from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import Built, EngineStore, StoredEngine
from icl_studio.errors import ModelUnavailable, UserError

from . import identity, parity
from .graph import write_transformer
from .slots import linears_of

MAX_RANK = 128


def export(
    model: LocatedModel,
    store: EngineStore,
    *,
    max_rank: int = MAX_RANK,
    say: Callable[[str], None] = lambda _: None,
) -> StoredEngine:
    """Export the transformer of ``model`` to ``store`` as engine ``onnx`` and return it.

    ``say`` is told each phase as it begins. Raises :class:`UserError` for a rank below 1 and
    for an export that differs from torch by more than :data:`.parity.LIMIT`,
    :class:`ModelUnavailable` and :class:`StorageProblem`; then nothing is kept.
    """
    if max_rank < 2:
        raise UserError(
            f"An engine for LoRAs of rank up to {max_rank} is of no use.",
            fix="Choose a --max-rank of 2 or more.",
        )
    began = time.monotonic()
    say("hashing the weights")
    weights = identity.weights(model, store.scan()[0])
    stamps = identity.stamps(model.folder)
    say("loading the transformer")
    transformer = _load(model)
    targets = tuple(linears_of(transformer))
    structure = identity.structure(model.folder, targets, max_rank)
    with store.building(model.spec.id, structure, weights) as building:
        part = building.folder / identity.PART
        say("exporting")
        write_transformer(transformer, part, max_rank)
        shutil.copyfile(model.folder / identity.PART / "config.json", part / "config.json")
        say("comparing with torch")
        cases = parity.measure(transformer, part, max_rank)
        say("saving")
        built = Built(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=this_machine(),
            seconds=round(time.monotonic() - began, 1),
            peak_mb=_peak_mb(),
        )
        return building.commit(built, cases, stamps)


def _load(model: LocatedModel) -> FluxTransformer2DModel:
    try:
        loaded = FluxTransformer2DModel.from_pretrained(
            model.folder,
            subfolder=identity.PART,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The transformer in {model.folder} cannot be loaded: {error}",
            fix="Download or copy the folder again.",
        ) from error
    transformer: FluxTransformer2DModel = loaded.eval()
    return transformer


def _peak_mb() -> int | None:
    """This process's peak resident memory; None on Windows, which does not tell it this way."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
