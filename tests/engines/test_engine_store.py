"""The engine store: what is kept is whole, sealed and keyed by everything that matters."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.engines.hardware import this_machine
from icl_studio.engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    Manifest,
    ParityCase,
    Profile,
    StoredEngine,
    Structure,
    Wanted,
    Weights,
    differences,
    engine_key,
)
from icl_studio.engines.store.key import is_sealed, sealed
from icl_studio.errors import NotFound, StorageProblem

STRUCTURE = Structure(
    engine="onnx",
    components=("transformer",),
    graph="a" * 64,
    versions={"torch": "2.13.0", "onnxruntime": "1.32.0"},
    dtype="float32",
    profile=Profile(batch=(1, 4), image_tokens=(16, 9072), text_tokens=(16, 512)),
    adapters=AdapterInterface(targets=("proj_out",), max_rank=128),
)
WEIGHTS = Weights(files={"transformer/model.safetensors": "b" * 64})
Save = Callable[..., StoredEngine]


@pytest.fixture
def store(tmp_path: Path) -> EngineStore:
    return EngineStore(tmp_path / "Größe" / "engines")


@pytest.fixture
def save(store: EngineStore) -> Save:
    """Build an engine of two small files and commit it."""

    def make(
        structure: Structure = STRUCTURE,
        weights: Weights = WEIGHTS,
        model: str = "tiny",
        content: bytes = b"graph",
    ) -> StoredEngine:
        with store.building(model, structure, weights) as building:
            (building.folder / "transformer").mkdir()
            (building.folder / "transformer" / "model.onnx").write_bytes(content)
            (building.folder / "transformer" / "model.onnx.data").write_bytes(b"numbers" * 1000)
            parity = (ParityCase(image_tokens=24, text_tokens=16, relative_l2=1e-6),)
            return building.commit(_built(), parity)

    return make


def _built() -> Built:
    return Built(created="2026-11-23T00:00:00+00:00", machine=this_machine(), seconds=1.5)


def test_a_committed_engine_is_listed_found_and_verified(store: EngineStore, save: Save) -> None:
    made = save()
    engines, problems = store.scan()
    assert engines == [made] and not problems
    assert made.name == f"onnx-tiny-float32-{engine_key(STRUCTURE, WEIGHTS)[:12]}"
    assert store.get("onnx-tiny") == made
    assert made.bytes == 7005
    store.verify(made)


def test_an_empty_store_needs_no_folder(store: EngineStore) -> None:
    assert store.scan() == ([], [])
    with pytest.raises(NotFound, match="no engine 'onnx'"):
        store.get("onnx")


def test_a_name_that_fits_two_engines_is_not_guessed(store: EngineStore, save: Save) -> None:
    save()
    save(weights=Weights(files={"transformer/model.safetensors": "c" * 64}))
    with pytest.raises(NotFound, match="may be any of"):
        store.get("tiny")


def test_a_name_leads_nowhere_outside_the_store(store: EngineStore, save: Save) -> None:
    outside = save()
    inner = EngineStore(outside.folder)
    with pytest.raises(NotFound):
        inner.get(f"../{outside.name}")


@pytest.mark.parametrize(
    "change",
    [
        {"graph": "d" * 64},
        {"versions": {"torch": "2.13.0", "onnxruntime": "1.33.0"}},
        {"dtype": "bfloat16"},
        {"quantisation": "int8"},
        {"profile": Profile(batch=(1, 1), image_tokens=(16, 9072), text_tokens=(16, 512))},
        {"adapters": AdapterInterface(targets=("proj_out",), max_rank=64)},
        {"flags": ("weight-streaming",)},
        {"targets": ("sm_89",)},
        {"system": "windows-amd64"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_of_the_structure_makes_another_key(change: dict[str, object]) -> None:
    other = STRUCTURE.model_copy(update=change)
    assert engine_key(other, WEIGHTS) != engine_key(STRUCTURE, WEIGHTS)


def test_one_changed_byte_of_the_base_makes_another_key() -> None:
    other = Weights(files={"transformer/model.safetensors": f"{'b' * 63}0"})
    assert engine_key(STRUCTURE, other) != engine_key(STRUCTURE, WEIGHTS)


def test_the_key_does_not_depend_on_the_order_in_which_things_were_named() -> None:
    turned = dict(reversed(STRUCTURE.versions.items()))
    other = STRUCTURE.model_copy(update={"versions": turned})
    assert engine_key(other, WEIGHTS) == engine_key(STRUCTURE, WEIGHTS)


def test_a_stale_engine_is_refused_by_the_field_that_differs(
    store: EngineStore, save: Save
) -> None:
    made = save()
    fresh = Wanted(engine="onnx", versions={"onnxruntime": "1.33.0"}, weights=WEIGHTS)
    (difference,) = differences(made.manifest, fresh)
    assert (difference.field, difference.has, difference.wants) == (
        "versions.onnxruntime",
        "1.32.0",
        "1.33.0",
    )
    with pytest.raises(NotFound, match=r"versions\.onnxruntime.*1\.32\.0.*1\.33\.0") as refused:
        store.find("tiny", fresh)
    assert "engines export --model tiny" in refused.value.fix


def test_a_package_built_for_another_device_is_the_same_release(save: Save) -> None:
    made = save()
    cuda = Wanted(engine="onnx", versions={"torch": "2.13.0+cu130"})
    assert differences(made.manifest, cuda) == ()
    older = Wanted(engine="onnx", versions={"torch": "2.12.0+cu130"})
    assert [one.field for one in differences(made.manifest, older)] == ["versions.torch"]


def test_changed_weights_are_named_by_their_file(save: Save) -> None:
    other = Weights(files={"transformer/model.safetensors": "c" * 64})
    (difference,) = differences(save().manifest, Wanted(engine="onnx", weights=other))
    assert difference.field == "weights.transformer/model.safetensors"


def test_an_engine_for_another_card_is_refused_by_its_target(save: Save) -> None:
    made = save(STRUCTURE.model_copy(update={"targets": ("sm_86", "sm_89")}))
    here = Wanted(engine="onnx", target="sm_120")
    (difference,) = differences(made.manifest, here)
    assert (difference.field, difference.has, difference.wants) == (
        "targets",
        "sm_86, sm_89",
        "sm_120",
    )
    assert not differences(made.manifest, Wanted(engine="onnx", target="sm_89"))
    (difference,) = differences(made.manifest, Wanted(engine="onnx"))
    assert difference.wants == "no GPU"


def test_an_engine_of_another_model_is_not_found(store: EngineStore, save: Save) -> None:
    save()
    with pytest.raises(NotFound, match=r"no onnx engine of flux\.1-dev"):
        store.find("flux.1-dev", Wanted(engine="onnx"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "6999 bytes, 7000 were recorded"),
        (lambda path: path.write_bytes(b"NUMBERS" * 1000), "is not what was built"),
        (lambda path: path.unlink(), "is missing"),
    ],
    ids=["truncated", "changed", "gone"],
)
def test_a_damaged_blob_is_refused_before_anything_loads_it(
    store: EngineStore, save: Save, damage: Callable[[Path], object], said: str
) -> None:
    made = save()
    damage(made.folder / "transformer" / "model.onnx.data")
    with pytest.raises(StorageProblem, match=said) as refused:
        store.verify(made)
    assert f"engines remove {made.name}" in refused.value.fix


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"2.13.0"', '"2.14.0"', "changed after the engine was built"),
        ('"relative_l2"', '"better"', "is damaged"),
        ('"model.onnx"', '"../../model.onnx"', "is damaged|changed after"),
        ('{\n  "schema', '{{\n  "schema', "is damaged"),
    ],
    ids=["a version", "a field", "a path", "no JSON"],
)
def test_a_manifest_edited_by_hand_is_refused_and_the_others_stay(
    store: EngineStore, save: Save, old: str, new: str, said: str
) -> None:
    whole = save(model="other")
    path = save().folder / "engine.json"
    text = path.read_text(encoding="utf-8").replace("transformer/model.onnx", "model.onnx", 1)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    engines, problems = store.scan()
    assert engines == [whole]
    assert len(problems) == 1
    with pytest.raises(StorageProblem, match=said):
        store.get(path.parent.name)


def test_a_newer_manifest_says_that_the_program_is_too_old(store: EngineStore, save: Save) -> None:
    made = save()
    newer = sealed(made.manifest.model_copy(update={"schema_version": 99}))
    assert is_sealed(newer)
    (made.folder / "engine.json").write_text(newer.model_dump_json(), encoding="utf-8")
    with pytest.raises(StorageProblem, match="newer ICL Studio"):
        store.get(made.name)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "C:/x", "a\\b", "."])
def test_no_path_of_a_manifest_can_lead_out_of_its_folder(save: Save, path: str) -> None:
    content = save().manifest.model_dump()
    content["files"][0]["path"] = path
    with pytest.raises(ValueError, match="path"):
        Manifest.model_validate(content)


def test_a_failed_build_leaves_nothing(store: EngineStore) -> None:
    with (
        pytest.raises(RuntimeError, match="parity"),
        store.building("tiny", STRUCTURE, WEIGHTS) as building,
    ):
        (building.folder / "half.onnx").write_bytes(b"half")
        raise RuntimeError("parity is above the limit")
    assert store.scan() == ([], [])
    assert [path.suffix for path in store.root.iterdir()] == [".lock"]


def test_a_full_disk_in_the_middle_keeps_the_engine_that_stood(
    store: EngineStore, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = save()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageProblem, match="disk is full"):
        save(content=b"another graph")
    monkeypatch.undo()
    assert store.scan() == ([before], [])
    store.verify(before)


def test_the_same_engine_built_again_replaces_the_old_one(store: EngineStore, save: Save) -> None:
    save()
    made = save(content=b"another graph")
    assert store.scan() == ([made], [])
    store.verify(made)


def _hold(root: str, ready: object, go: object) -> None:
    with EngineStore(Path(root)).building("tiny", STRUCTURE, WEIGHTS) as building:
        (building.folder / "half.onnx").write_bytes(b"half")
        ready.set()  # type: ignore[attr-defined]
        go.wait(60)  # type: ignore[attr-defined]


def test_two_builds_of_one_engine_and_a_killed_one(store: EngineStore, save: Save) -> None:
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(store.root), ready, go))
    other.start()
    try:
        assert ready.wait(60)
        with pytest.raises(StorageProblem, match="Another process is building"):
            save()
        save(weights=Weights(files={}))  # another engine is no matter of that lock
    finally:
        other.kill()
        other.join()
    made = save()
    assert not (made.folder / "half.onnx").exists()
    assert len(store.scan()[0]) == 2


def test_a_removed_engine_is_gone(store: EngineStore, save: Save) -> None:
    made = save()
    assert store.remove("onnx-tiny") == made.name
    assert store.scan() == ([], [])
    assert not made.folder.exists()


def test_a_damaged_engine_can_be_removed_by_its_name(store: EngineStore, save: Save) -> None:
    made = save()
    (made.folder / "engine.json").write_text("no JSON", encoding="utf-8")
    assert store.remove(made.name) == made.name
    assert not made.folder.exists()


@pytest.mark.parametrize("name", ["", "..", ".", "../other", ".building-x", "none"])
def test_nothing_but_an_engine_is_ever_removed(store: EngineStore, save: Save, name: str) -> None:
    made = save()
    other = store.root.parent / "other"
    other.mkdir()
    with pytest.raises(NotFound):
        store.remove(name)
    assert made.folder.is_dir() and other.is_dir()
