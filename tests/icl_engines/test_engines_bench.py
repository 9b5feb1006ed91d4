"""Engines timed in turns, each in a process of its own; what was measured decides afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icl_studio.api import Sampling, Size
from icl_studio.cli.console import AppContext
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.engines.store import StoredEngine
from icl_studio.engines.times import read_times
from icl_studio.errors import UserError
from icl_studio.generate.benching import Sheet, bench, default_engines
from icl_studio.generate.choosing import Job, choose_fastest
from icl_studio.paths import user_folders

pytestmark = pytest.mark.slow
SHEET = Sheet("a red fox in the snow", Size(96, 64), Sampling(steps=2))
SPREAD = {"median", "min", "max"}


@pytest.fixture(scope="module")
def app() -> AppContext:
    return AppContext(safe_mode=False)


@pytest.fixture
def stored(exported: StoredEngine, home: Path) -> StoredEngine:
    folder = shutil.copytree(exported.folder, home / "engines" / exported.name)
    return StoredEngine(folder, exported.manifest)


def test_engines_take_turns_and_auto_goes_by_what_was_measured(
    flux_model: LocatedModel, stored: StoredEngine, app: AppContext
) -> None:
    folders, registry = user_folders(), app.registry
    names = default_engines(flux_model.spec.id, registry, folders)
    assert names == ["torch", "onnx"]
    said: list[str] = []
    specs = [registry.engine(name) for name in (*names, "tensorrt")]
    found, refused = bench(specs, flux_model, EngineOptions(), SHEET, 2, folders, said.append)

    assert [one.engine for one in found] == ["torch", "onnx"]
    turns = [phase.split(":")[0] for phase in said if "sheet" in phase]
    assert turns == ["torch", "onnx", "onnx", "torch"]
    for one in found:
        row = one.row()
        assert set(row) == {
            *("engine", "seconds_per_sheet", "seconds_per_step"),
            *("swap_ms", "load_s", "peak_mb", "parity"),
        }
        assert set(row["seconds_per_sheet"]) == SPREAD == set(row["seconds_per_step"])
        assert 0 < row["seconds_per_step"]["median"] < row["seconds_per_sheet"]["max"]
        assert row["swap_ms"] > 0 and row["load_s"] > 0
    assert found[0].row()["parity"] is None
    assert 0 < found[1].row()["parity"]["relative_l2"] < 1e-4
    if "tensorrt" in refused:  # a machine with a card would have another reason, or none
        assert refused["tensorrt"].message

    (run,) = read_times(folders.engine_times).runs
    assert [one.engine for one in run.timings] == ["torch", "onnx"]
    assert run.timings[1].stored == stored.name
    fastest = min(run.timings, key=lambda timing: timing.seconds_per_sheet).engine
    job = Job(flux_model, SHEET.canvas, (), EngineOptions())
    choice = choose_fastest(job, registry.engine("torch"), registry, folders)
    assert (choice.spec.id, choice.why) == (fastest, "")


def test_when_none_can_run_the_reason_is_told_and_nothing_is_kept(
    flux_model: LocatedModel, home: Path, app: AppContext
) -> None:
    folders = user_folders()
    onnx = [app.registry.engine("onnx")]
    with pytest.raises(UserError, match="There is no onnx engine of random-flux"):
        bench(onnx, flux_model, EngineOptions(), SHEET, 1, folders, lambda _: None)
    assert read_times(folders.engine_times).runs == ()
