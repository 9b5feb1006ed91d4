"""The window's estimate of memory and the engine's own choice follow one law."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from icl_engines.torch_engine import fit as engine
from icl_engines.torch_engine.placement import PARTS
from icl_studio.engines.protocol import EngineOptions
from icl_studio.engines.room import SPARE, fit
from icl_studio.models import room


def test_the_parts_are_the_same() -> None:
    assert tuple(PARTS.values()) == room.PHASES


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_counted_are_those_that_the_engine_counts(
    random_flux: Path, dtype: torch.dtype
) -> None:
    for names in room.PHASES:
        for name in names:
            mine = room.weights_in(random_flux / name) * dtype.itemsize
            theirs = engine.part_bytes(random_flux, name, dtype)
            assert mine == pytest.approx(theirs, rel=0.15), "files have a header of some kB more"


def test_both_choose_alike_wherever_the_room_ends(
    random_flux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = room.need_of(random_flux, 4)
    assert need is not None and SPARE < need.phases < need.whole
    cpu = torch.device("cpu")
    for free in (need.whole * 2, (need.whole + need.phases) // 2, SPARE // 2):
        monkeypatch.setattr(engine, "free_bytes", lambda _, free=free: free)
        chosen = engine.choose_preset(EngineOptions(), cpu, torch.float32, random_flux)
        wanted = {"resident": "whole", "phases": "phases"}[chosen]
        mine = fit(need, free, own_memory=False)
        # On a CPU the engine takes phases as its last resort; we say that even they are too much.
        assert mine == wanted or (mine, chosen) == ("never", "phases")
