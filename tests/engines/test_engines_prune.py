"""What of the store may go: nothing that is still of use, and nothing without being asked."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from icl_studio.cli.main import main
from icl_studio.engines.hardware import this_machine
from icl_studio.engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    Profile,
    Stamp,
    StoredEngine,
    Structure,
    Weights,
    sha256_of,
)
from icl_studio.engines.store.prune import remains, remove, stale_fields, superfluous

STRUCTURE = Structure(
    engine="tensorrt",
    components=("transformer",),
    graph="a" * 64,
    versions={"pydantic": version("pydantic"), "build": "1", "export": "3"},
    dtype="bfloat16",
    profile=Profile(batch=(1, 1), image_tokens=(96, 9072), text_tokens=(64, 512)),
    adapters=AdapterInterface(targets=("proj_out",), max_rank=128),
    targets=("sm_89",),
)
Save = Callable[..., StoredEngine]


@pytest.fixture
def store(home: Path) -> EngineStore:
    return EngineStore(home / "engines")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "modèle"
    (folder / "transformer").mkdir(parents=True)
    (folder / "transformer" / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def save(store: EngineStore, model: Path) -> Save:
    def make(created: str = "2026-11-01", size: int = 1000, **changes: object) -> StoredEngine:
        name = "transformer/model.safetensors"
        path = model / name
        stat = path.stat()
        stamps = {name: Stamp(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)}
        weights = Weights(files={name: sha256_of(path)})
        structure = STRUCTURE.model_copy(update=changes)
        with store.building("a-model", structure, weights) as building:
            (building.folder / "x.engine").write_bytes(b"x" * size)
            built = Built(created=created, machine=this_machine(), seconds=1)
            return building.commit(built, (), stamps)

    return make


def found(store: EngineStore, model: Path | None, most: int | None = None) -> dict[str, str]:
    return {one.name: one.why for one in superfluous(store, lambda _: model, most)}


def test_an_engine_that_is_of_use_stays(store: EngineStore, save: Save, model: Path) -> None:
    made = save()
    assert stale_fields(made, model, {}) == ()
    assert found(store, model) == {}
    assert found(store, None) == {}


def test_a_truncated_engine_may_go(store: EngineStore, save: Save, model: Path) -> None:
    engine = save()
    (engine.folder / "x.engine").write_bytes(b"x")
    why = "damaged: x.engine has 1 bytes, 1000 were recorded."
    assert found(store, model) == {engine.name: why}


def test_an_engine_of_another_release_is_stale(store: EngineStore, save: Save, model: Path) -> None:
    old = save(versions={"pydantic": "1.0", "no-such-package": "3"})
    assert found(store, model) == {
        old.name: f"stale: versions.pydantic: the engine has 1.0, "
        f"this asks for {version('pydantic')}"
    }


def test_an_engine_of_an_older_format_of_ours_is_stale(
    store: EngineStore, save: Save, model: Path
) -> None:
    made = save()
    now = {"export": "3", "build": "1"}
    assert superfluous(store, lambda _: model, formats={"tensorrt": now, "onnx": {}}) == []
    newer = {"tensorrt": now | {"export": "4"}}
    (stale,) = superfluous(store, lambda _: model, formats=newer)
    assert stale.name == made.name
    assert stale.why == "stale: versions.export: the engine has 3, this asks for 4"


def test_what_marks_a_packages_build_is_no_other_release(
    store: EngineStore, save: Save, model: Path
) -> None:
    save(versions={"pydantic": f"{version('pydantic')}+cu130"})
    assert found(store, model) == {}


def test_changed_weights_make_it_stale_and_touched_ones_do_not(
    store: EngineStore, save: Save, model: Path
) -> None:
    made = save()
    path = model / "transformer" / "model.safetensors"
    path.write_bytes(b"weights")  # the same, later
    assert found(store, model) == {}
    path.write_bytes(b"WEIGHTS")
    assert "weights.transformer/model.safetensors" in found(store, model)[made.name]
    path.unlink()
    assert "wants" not in found(store, model)[made.name]
    assert "none" in found(store, model)[made.name]


@pytest.mark.parametrize(
    "newer",
    [
        {"targets": ("sm_89", "sm_120")},
        {"profile": Profile(batch=(1, 2), image_tokens=(96, 16384), text_tokens=(64, 512))},
        {"adapters": AdapterInterface(targets=("proj_out",), max_rank=256)},
    ],
    ids=["cards", "sizes", "rank"],
)
def test_an_engine_is_replaced_by_a_newer_one_that_takes_all_it_does(
    store: EngineStore, save: Save, model: Path, newer: dict[str, object]
) -> None:
    old, new = save(), save("2026-11-02", **newer)
    assert found(store, model) == {old.name: f"replaced by {new.name}"}


@pytest.mark.parametrize(
    "other",
    [
        {"targets": ("sm_120",)},
        {"dtype": "float16"},
        {"profile": Profile(batch=(1, 1), image_tokens=(96, 4096), text_tokens=(64, 512))},
        {"engine": "onnx", "targets": ()},
    ],
    ids=["another card", "another precision", "fewer sizes", "another kind"],
)
def test_two_engines_of_different_use_both_stay(
    store: EngineStore, save: Save, model: Path, other: dict[str, object]
) -> None:
    save()
    save("2026-11-02", **other)
    assert found(store, model) == {}


def test_over_a_size_the_oldest_go(store: EngineStore, save: Save, model: Path) -> None:
    old = save("2026-11-01", dtype="float16")
    save("2026-11-03")
    save("2026-11-02", targets=("sm_120",))
    assert list(found(store, model, 2000)) == [old.name]
    assert found(store, model, 3000) == {}


def _hold(root: str, ready: object, go: object) -> None:
    weights = Weights(files={})
    with EngineStore(Path(root)).building("x", STRUCTURE, weights) as building:
        (building.folder / "half").write_bytes(b"half")
        ready.set()  # type: ignore[attr-defined]
        go.wait(120)  # type: ignore[attr-defined]


def test_what_a_killed_build_left_goes_and_a_build_that_runs_is_left_alone(
    store: EngineStore,
) -> None:
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    builder = context.Process(target=_hold, args=(str(store.root), ready, go))
    builder.start()
    try:
        assert ready.wait(120)
        assert remains(store) == []
    finally:
        builder.kill()
        builder.join()
    (left,) = remains(store)
    assert (left / "half").is_file()
    remove(store, superfluous(store, lambda _: None))
    assert not left.exists() and remains(store) == []


def test_the_command_removes_nothing_until_it_is_told_to(
    store: EngineStore, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    old = save(versions={"pydantic": "1.0"})
    kept = save()
    damaged = save(dtype="float16")
    (damaged.folder / "engine.json").write_text("no JSON", encoding="utf-8")
    assert main(["engines", "prune"]) == 0
    said = capsys.readouterr().out
    assert old.name in said and damaged.name in said and kept.name not in said
    assert "Nothing was removed" in said
    assert old.folder.is_dir() and damaged.folder.is_dir()
    assert main(["engines", "prune", "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["removed"] is True
    assert {row["name"] for row in told["found"]} == {old.name, damaged.name}
    assert store.scan() == ([kept], [])
    assert main(["engines", "prune"]) == 0
    assert "Nothing to prune" in capsys.readouterr().out
