"""Receipts record what can change a pixel; verify says what did."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from set_samples import picture_of, receipt_of, request_of, save_one

from icl_studio.domain.model import AdapterUse, ModelSpec
from icl_studio.engines.protocol import AdapterFile, EngineFacts, LocatedModel
from icl_studio.errors import StorageProblem
from icl_studio.sets.hashes import HashCache
from icl_studio.sets.receipt import build_receipt
from icl_studio.sets.record import Receipt, read_record
from icl_studio.sets.verify import Verdict, compare, differences, psnr


def verdict(tmp_path: Path, sheet: Image.Image, **changes: object) -> Verdict:
    folder = save_one(tmp_path)
    record = read_record(folder)
    return compare(record, folder, sheet, receipt_of(record.request, **changes))


def original() -> Image.Image:
    return picture_of(128, 192, seed=4711)


def nudged(by: int, share: float = 1.0) -> Image.Image:
    values = np.asarray(original()).astype(np.int16)
    chosen = np.random.default_rng(1).random(values.shape) < share
    values[chosen] += np.where(values[chosen] < 128, by, -by).astype(np.int16)
    return Image.fromarray(values.astype(np.uint8))


def test_the_same_pixels_are_identical(tmp_path: Path) -> None:
    assert verdict(tmp_path, original()) == Verdict(kind="identical")
    assert str(Verdict(kind="identical")) == "identical"


def test_the_same_pixels_are_identical_whatever_else_differs(tmp_path: Path) -> None:
    found = verdict(tmp_path, original(), device="cuda")
    assert found.kind == "identical"
    assert str(found) == "identical, although inputs differ: device was cpu, is now cuda"


def test_rounding_is_equivalent_and_measured(tmp_path: Path) -> None:
    found = verdict(tmp_path, nudged(1), batch=4)
    assert found.kind == "equivalent"
    assert found.db == pytest.approx(48.13, abs=0.01)
    assert found.max_difference == 1
    assert str(found).startswith("equivalent (48.1 dB, at most 1 of 255 apart)")


def test_another_picture_is_changed_and_says_by_what(tmp_path: Path) -> None:
    found = verdict(tmp_path, nudged(60), dtype="bfloat16", versions={"torch": "2.14.0"})
    assert found.kind == "changed"
    assert str(found) == (
        "changed (12.6 dB) because precision was float32, is now bfloat16; version of diffusers "
        "was 0.42.1, is now unknown; version of torch was 2.13.0, is now 2.14.0"
    )


def test_another_size_is_changed(tmp_path: Path) -> None:
    found = verdict(tmp_path, picture_of(64, 96))
    assert found.kind == "changed" and found.db is None
    assert found.inputs == ("the size was 128x192, is now 64x96",)


def test_a_sheet_that_was_painted_over_is_told_from_a_changed_engine(tmp_path: Path) -> None:
    folder = save_one(tmp_path)
    record = read_record(folder)
    nudged(60).save(folder / "sheet.png")
    found = compare(record, folder, original(), record.receipt)
    assert found.kind == "changed"
    assert found.inputs == ("sheet.png has been changed since it was saved",)


def test_without_a_recorded_difference_it_says_so(tmp_path: Path) -> None:
    assert "does not record" in str(verdict(tmp_path, nudged(60)))


def test_every_input_has_words_of_its_own() -> None:
    request = request_of()
    then = receipt_of(request)
    changes: dict[str, object] = {
        "engine": "onnx",
        "device": "cuda",
        "device_name": "RTX",
        "dtype": "float16",
        "versions": {**then.versions, "torch": "3"},
        "model": then.model.model_copy(update={"files": {"vae/model.safetensors": "c" * 64}}),
        "adapters": (then.adapters[0].model_copy(update={"weight": 0.5, "sha256": "d" * 64}),),
        "engine_files": {"store/x.onnx": "e" * 64},
        "seed": 1,
        "steps": 4,
        "guidance": 1.0,
        "max_sequence_length": 512,
        "batch": 4,
        "measures": ("tiles",),
        "platform": "Plan 9",
    }
    assert set(changes) == set(Receipt.model_fields) - {"seconds"}
    for field, value in changes.items():
        said = list(differences(then, then.model_copy(update={field: value})))
        assert len(said) == (2 if field == "adapters" else 1), (field, said)
    assert list(differences(then, then.model_copy(update={"seconds": {"denoise": 9.0}}))) == []
    fewer = list(differences(then, then.model_copy(update={"adapters": ()})))
    assert fewer == ["there were 1 LoRAs, now 0"]


def test_psnr_is_the_textbook_one() -> None:
    black, grey = Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), (16, 16, 16))
    assert psnr(black, black) == (math.inf, 0)
    assert psnr(black, grey) == (pytest.approx(20 * math.log10(255 / 16)), 16)


@pytest.fixture
def model(tmp_path: Path) -> LocatedModel:
    folder = tmp_path / "Modell ü"
    for name in (
        "model_index.json",
        "scheduler/scheduler_config.json",
        "tokenizer_2/tokenizer.json",
        "transformer/config.json",
        "transformer/a.safetensors",
        "vae/b.safetensors",
        "README.md",
        "unused/c.safetensors",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    spec = ModelSpec(id="m", title="M", source=str(folder), family="tiny")
    return LocatedModel(spec=spec, folder=folder)


def facts(*files: Path) -> EngineFacts:
    return EngineFacts(
        engine="torch",
        device="cpu",
        dtype="float32",
        versions={"torch": "2.13.0"},
        files=files,
        max_sequence_length=96,
    )


def built(model: LocatedModel, tmp_path: Path, *files: Path) -> Receipt:
    lora = tmp_path / "löra.safetensors"
    lora.write_bytes(b"lora")
    request = request_of(adapters=(AdapterUse(source="löra", weight=0.8),))
    adapters = [AdapterFile(path=lora, weight=0.8)]
    hashes = HashCache(tmp_path / "hashes.sqlite")
    return build_receipt(facts(*files), model, adapters, request, hashes, {"denoise": 1.23456}, 2)


CONFIGS = {
    "model_index.json",
    "scheduler/scheduler_config.json",
    "tokenizer_2/tokenizer.json",
    "transformer/config.json",
}


def test_a_receipt_hashes_what_the_engine_read(model: LocatedModel, tmp_path: Path) -> None:
    outside = tmp_path / "store" / "engine.onnx"
    outside.parent.mkdir()
    outside.write_bytes(b"onnx")
    receipt = built(model, tmp_path, model.folder / "transformer" / "a.safetensors", outside)
    assert set(receipt.model.files) == CONFIGS | {"transformer/a.safetensors"}
    for name, digest in receipt.model.files.items():
        assert digest == hashlib.sha256(name.encode()).hexdigest()
    assert receipt.engine_files == {"store/engine.onnx": hashlib.sha256(b"onnx").hexdigest()}
    [adapter] = receipt.adapters
    assert (adapter.source, adapter.file, adapter.weight, adapter.size) == (
        "löra",
        "löra.safetensors",
        0.8,
        4,
    )
    assert adapter.sha256 == hashlib.sha256(b"lora").hexdigest()
    assert {"icl-studio", "python", "torch"} <= set(receipt.versions)
    assert receipt.seconds == {"denoise": 1.235} and receipt.batch == 2


def test_without_a_list_every_weight_file_is_hashed(model: LocatedModel, tmp_path: Path) -> None:
    weights = {"transformer/a.safetensors", "vae/b.safetensors", "unused/c.safetensors"}
    assert set(built(model, tmp_path).model.files) == CONFIGS | weights


def test_a_hub_snapshot_of_links_is_recorded_by_its_own_names(
    model: LocatedModel, tmp_path: Path
) -> None:
    file = model.folder / "vae" / "b.safetensors"
    blob = file.rename(tmp_path / "blob")
    try:
        file.symlink_to(blob)
    except OSError:
        pytest.skip("this system does not let us make links")
    receipt = built(model, tmp_path, file)
    assert "vae/b.safetensors" in receipt.model.files and receipt.engine_files == {}


def test_a_weight_file_that_has_gone_is_said(model: LocatedModel, tmp_path: Path) -> None:
    with pytest.raises(StorageProblem, match=r"gone\.safetensors"):
        built(model, tmp_path, model.folder / "gone.safetensors")
