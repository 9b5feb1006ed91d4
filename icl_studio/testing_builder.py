"""A fake exporter and builder behind the real interfaces, for tests of what runs them.

Both take ``seconds["load"]`` of the model's :class:`~icl_studio.testing.FakeBehaviour`, and its
trouble there: a refusal (``user-error``) or the end of the process (``exit``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from .engines.building import BuildWishes
from .engines.hardware import this_machine
from .engines.protocol import AdapterFile, LocatedModel
from .engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    Profile,
    StoredEngine,
    Structure,
    Weights,
)
from .errors import UserError
from .testing import BEHAVIOUR_FILE, FakeBehaviour

SLICES = 20
Say = Callable[[str], None]


def fake_export(
    model: LocatedModel,
    store: EngineStore,
    *,
    max_rank: int,
    dtype: str,
    fuse: Sequence[AdapterFile],
    say: Say,
) -> StoredEngine:
    """An engine of one small file in ``store``; ``dtype`` and ``fuse`` do not matter to it."""
    say(f"exporting in {dtype} with {len(fuse)} LoRA baked in")
    return _make(model, store, (), max_rank, say)


def fake_build(
    model: LocatedModel, store: EngineStore, *, wishes: BuildWishes, say: Say
) -> StoredEngine:
    """The same, for the cards that were asked for."""
    return _make(model, store, wishes.targets, 128, say)


def _make(
    model: LocatedModel, store: EngineStore, targets: tuple[str, ...], max_rank: int, say: Say
) -> StoredEngine:
    text = (model.folder / BEHAVIOUR_FILE).read_text(encoding="utf-8")
    behaviour = FakeBehaviour.model_validate_json(text)
    structure = Structure(
        engine="fake",
        components=("transformer",),
        graph="0" * 64,
        versions={"fake": "1"},
        dtype="float32",
        profile=Profile(batch=(1, 1), image_tokens=(4, 16384), text_tokens=(4, 512)),
        adapters=AdapterInterface(targets=("proj_out",), max_rank=max_rank),
        targets=targets,
    )
    with store.building(model.spec.id, structure, Weights(files={})) as building:
        (building.folder / "fake.engine").write_bytes(b"fake")
        for number in range(SLICES):
            say(f"slice {number}")
            time.sleep(behaviour.seconds.get("load", 0.0) / SLICES)
        if behaviour.trouble == "user-error":
            raise UserError("The fake refuses.", fix="Ask something else.")
        if behaviour.trouble == "exit":
            os._exit(3)
        built = Built(created="2026-11-29", machine=this_machine(), seconds=1)
        return building.commit(built, ())
