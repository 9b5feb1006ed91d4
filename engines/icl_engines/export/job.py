"""One export: identity, reference, graphs, parity, and only then a place in the store."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from icl_studio.engines.hardware import peak_mb, this_machine
from icl_studio.engines.protocol import AdapterFile, LocatedModel
from icl_studio.engines.store import Built, EngineStore, ParityCase, StoredEngine
from icl_studio.engines.store.disk import remove_tree, storage
from icl_studio.errors import UserError

from ..torch_engine.device import DTYPES
from ..torch_engine.load import model_files
from . import identity, parity
from .graph import let_go, write_transformer
from .kit import write_kit
from .layout import write_layout
from .load import load_some
from .parts import PARTS, write_part
from .reference import Reference, reference
from .widen import widen

MAX_RANK = 128
Say = Callable[[str], None]


def export(
    model: LocatedModel,
    store: EngineStore,
    *,
    max_rank: int = MAX_RANK,
    dtype: str = "float32",
    fuse: Sequence[AdapterFile] = (),
    say: Say = lambda _: None,
) -> StoredEngine:
    """Export all five components of ``model`` to ``store`` as engine ``onnx`` and return it.

    ``fuse`` are LoRAs that are baked in; others stay inputs. ``say`` is told each phase as it
    begins. Raises :class:`UserError` for a rank below 2, an unknown ``dtype`` and for an export
    that differs from torch by more than :data:`.parity.LIMIT`, :class:`AdapterRejected`,
    :class:`ModelUnavailable` and :class:`StorageProblem`; then nothing is kept.
    """
    _check(max_rank, dtype)
    model_files(model.folder)
    began = time.monotonic()
    say("hashing the weights")
    weights = identity.weights(model, store.scan()[0], fuse)
    stamps = identity.stamps(model.folder)
    targets = tuple(identity.linears_of_model(model.folder))
    structure = identity.structure(model.folder, targets, max_rank, dtype)
    with (
        store.building(model.spec.id, structure, weights) as building,
        storage("exporting", building.folder),
    ):
        say("drawing with torch")
        expected = reference(model, max_rank, fuse)
        gc.collect()
        _write(model, building.folder, max_rank, DTYPES[dtype], fuse, say)
        say("comparing with torch")
        cases = _compare(model, building.folder, expected, dtype)
        write_kit(expected, building.folder)
        say("saving")
        built = Built(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=this_machine(),
            seconds=round(time.monotonic() - began, 1),
            peak_mb=peak_mb(),
        )
        return building.commit(built, cases, stamps)


def _check(max_rank: int, dtype: str) -> None:
    if max_rank < 2:
        raise UserError(
            f"An engine for LoRAs of rank up to {max_rank} is of no use.",
            fix="Choose a --max-rank of 2 or more.",
        )
    if dtype not in DTYPES:
        raise UserError(
            f"There is no precision called {dtype!r}.", fix=f"Use one of {', '.join(DTYPES)}."
        )


def _write(
    model: LocatedModel,
    folder: Path,
    max_rank: int,
    dtype: torch.dtype,
    fuse: Sequence[AdapterFile],
    say: Say,
) -> None:
    """Every component in turn, each loaded for itself."""
    for name, part in PARTS.items():
        say(f"exporting {name}")
        component = getattr(load_some(model, (part.source,), dtype), part.source)
        if name == "text_encoder_2":
            # SDPA's masks do not survive the exporter's decomposition of T5.
            component.set_attn_implementation("eager")
        write_part(name, component, folder / name)
        let_go(component)
    say("exporting transformer")
    transformer = load_some(model, ("transformer",), dtype, fuse).transformer
    write_transformer(transformer, folder / "transformer", max_rank)
    let_go(transformer)
    write_layout(model.folder, folder)


def _compare(
    model: LocatedModel, folder: Path, expected: Reference, dtype: str
) -> tuple[ParityCase, ...]:
    if dtype != "bfloat16":
        return parity.compare(model, folder, expected, dtype, widened=False)
    wide = folder / ".widened"
    try:
        widen(folder, wide)
        return parity.compare(model, wide, expected, dtype, widened=True)
    finally:
        remove_tree(wide)
