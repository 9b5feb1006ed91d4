"""One build: an export of the model, a graph for the parser, and then a place in the store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime

from icl_studio.engines.building import BuildWishes
from icl_studio.engines.hardware import peak_mb, system_name, this_machine
from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import Built, EngineStore, StoredEngine, Structure
from icl_studio.engines.store.disk import remove_tree, storage
from icl_studio.errors import UserError

from ..export.kit import FOLDER
from .compile import FLAGS, Plan, compile_engine
from .find import ENGINE, find_export, versions
from .graph import parser_input
from .library import library
from .shapes import profile_of, usual_tokens

TRANSFORMER = "transformer"
BLOB = "transformer.engine"
NO_BFLOAT16 = ("sm_75",)
"""Turing: its cores do not compute in bfloat16."""


def build(
    model: LocatedModel,
    store: EngineStore,
    *,
    wishes: BuildWishes,
    say: Callable[[str], None] = lambda _: None,
) -> StoredEngine:
    """Build the transformer of ``model`` into ``store`` as engine ``tensorrt`` and return it.

    It is made from the model's export, which must be there. Nothing was computed with it yet,
    so that its parity is not measured: that happens at its first run on the card. Raises
    :class:`UserError`, :class:`NotFound`, :class:`StorageProblem` and :class:`OutOfMemory`;
    then nothing is kept.
    """
    began = time.monotonic()
    say("looking for the export")
    here = library()
    targets = here.check_targets(wishes.targets)
    dtype = _checked(wishes.dtype, targets)
    export = find_export(model, store, dtype)
    made = export.manifest
    profile = profile_of(wishes.canvases, model.spec.max_sequence_length, wishes.batch)
    usual = usual_tokens(wishes.canvases)
    structure = Structure(
        engine=ENGINE,
        components=("transformer",),
        graph=made.structure.graph,
        versions=versions(here),
        dtype=dtype,
        profile=profile,
        adapters=made.structure.adapters,
        flags=(*FLAGS, f"tuned-for-{usual}-tokens", f"from-{made.structure.dtype}"),
        targets=targets,
        system=system_name(),
    )
    with (
        store.building(model.spec.id, structure, made.weights) as building,
        storage("building", building.folder),
    ):
        part = building.folder / TRANSFORMER
        part.mkdir()
        shutil.copyfile(export.folder / TRANSFORMER / "config.json", part / "config.json")
        scratch = building.folder / ".weights"
        scratch.mkdir()
        say("writing the weights in the engine's precision")
        graph = parser_input(export.folder / TRANSFORMER, dtype, scratch)
        shutil.copytree(export.folder / FOLDER, building.folder / FOLDER)
        often = (usual, model.spec.max_sequence_length)
        plan = Plan(profile, often, made.structure.adapters.max_rank, targets)
        compile_engine(here, graph, plan, part / BLOB, say)
        remove_tree(scratch)
        say("saving")
        built = Built(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=this_machine(),
            seconds=round(time.monotonic() - began, 1),
            peak_mb=peak_mb(),
        )
        return building.commit(built, (), made.stamps)


def _checked(dtype: str | None, targets: tuple[str, ...]) -> str:
    """The precision: as asked, else bfloat16 where every target computes in it."""
    lacking = [target for target in targets if target in NO_BFLOAT16]
    if dtype is None:
        return "float16" if lacking else "bfloat16"
    if dtype == "bfloat16" and lacking:
        raise UserError(
            f"{', '.join(lacking)} does not compute in bfloat16.", fix="Use --dtype float16."
        )
    return dtype
