"""What an export refuses, and what stays when one is interrupted: never half an engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from icl_engines.export import identity
from icl_engines.export.job import export
from icl_engines.export.layout import write_layout
from icl_engines.export.load import load_some
from icl_engines.export.parity import EQUAL_DB, psnr
from icl_engines.onnx_engine import create
from icl_engines.plugin import icl_studio_engines
from icl_engines.testing import write_random_lora
from icl_studio.engines.exporting import ExportJob
from icl_studio.engines.protocol import AdapterFile, EngineOptions, LocatedModel
from icl_studio.engines.store import EngineStore, StoredEngine
from icl_studio.errors import AdapterRejected, ModelUnavailable, NotFound, StorageProblem, UserError

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> EngineStore:
    return EngineStore(tmp_path / "Größe 📦" / "engines")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"max_rank": 1}, "rank up to 1 is of no use"),
        ({"dtype": "int8"}, "precision called 'int8'"),
    ],
    ids=["rank", "dtype"],
)
def test_what_makes_no_engine_is_said_before_anything_is_read(
    flux_model: LocatedModel, store: EngineStore, how: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        export(flux_model, store, **how)  # type: ignore[arg-type]
    assert not store.root.exists()


def test_a_model_without_one_of_its_weights_is_refused_by_name(
    flux_model: LocatedModel, store: EngineStore, tmp_path: Path
) -> None:
    folder = tmp_path / "half"
    shutil.copytree(flux_model.folder, folder)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"vae/diffusion_pytorch_model.*is missing"):
        export(flux_model.model_copy(update={"folder": folder}), store)
    assert not store.root.exists()


def test_a_lora_that_does_not_fit_is_not_baked_in(
    flux_model: LocatedModel, random_flux: Path, store: EngineStore, tmp_path: Path
) -> None:
    # This one is for a model of two single blocks; the exported one has one.
    foreign = write_random_lora(tmp_path / "foreign.safetensors", random_flux)
    with pytest.raises(AdapterRejected, match="match no module"):
        export(flux_model, store, fuse=[AdapterFile(path=foreign)])
    assert store.scan() == ([], [])


def test_a_baked_in_lora_is_in_the_weights_and_in_the_identity(
    flux_model: LocatedModel, tmp_path: Path
) -> None:
    lora = AdapterFile(
        path=write_random_lora(tmp_path / "a.safetensors", flux_model.folder), weight=0.5
    )
    name = "transformer_blocks.0.attn.to_q"
    plain = load_some(flux_model, ("transformer",), torch.float32).transformer
    baked = load_some(flux_model, ("transformer",), torch.float32, [lora]).transformer
    tensors = load_file(lora.path)
    product = (
        tensors[f"transformer.{name}.lora_B.weight"] @ tensors[f"transformer.{name}.lora_A.weight"]
    )
    change = baked.get_submodule(name).weight - plain.get_submodule(name).weight
    assert torch.allclose(change, product * 0.5, atol=1e-6)
    (fused,) = identity.weights(flux_model, fused=[lora]).fused
    assert fused.weight == 0.5
    assert identity.weights(flux_model).fused == ()


def test_an_engine_with_a_lora_baked_in_is_never_taken_for_the_plain_one(
    flux_model: LocatedModel, exported: StoredEngine, home: Path, tmp_path: Path
) -> None:
    lora = write_random_lora(tmp_path / "a.safetensors", flux_model.folder)
    weights = identity.weights(flux_model, fused=[AdapterFile(path=lora)])
    store = EngineStore(home / "engines")
    manifest = exported.manifest
    with store.building(manifest.model, manifest.structure, weights) as building:
        (building.folder / "file").write_bytes(b"x")
        building.commit(manifest.built, manifest.parity)
    with pytest.raises(NotFound, match=r"weights\.fused: the engine has 1 LoRA"):
        create(flux_model, EngineOptions(device="cpu"))


def test_a_manifest_edited_by_hand_is_told_when_the_engine_is_wanted(
    flux_model: LocatedModel, exported: StoredEngine, home: Path
) -> None:
    folder = home / "engines" / exported.name
    shutil.copytree(exported.folder, folder)
    path = folder / "engine.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"max_rank": 24', '"max_rank": 99'), encoding="utf-8")
    with pytest.raises(NotFound) as refused:
        create(flux_model, EngineOptions(device="cpu"))
    assert "changed after the engine was built" in str(refused.value.problems[0])


@pytest.fixture
def exporting(flux_model: LocatedModel, store: EngineStore) -> Iterator[subprocess.Popen[str]]:
    """An export in its own process that has come as far as its first graph."""
    spec = next(spec for spec in icl_studio_engines() if spec.id == "onnx")
    job = ExportJob(engine=spec, model=flux_model, store=store.root, max_rank=8)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "icl_studio.engines.exporting"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(job.model_dump_json() + "\n")
    child.stdin.flush()
    for line in child.stdout:
        if "exporting" in json.loads(line).get("phase", ""):
            break
    yield child
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()


def test_a_second_export_of_the_same_waits_for_none_and_a_killed_one_leaves_nothing(
    exporting: subprocess.Popen[str], flux_model: LocatedModel, store: EngineStore
) -> None:
    assert exporting.poll() is None
    with pytest.raises(StorageProblem, match="Another process is building this engine already"):
        export(flux_model, store, max_rank=8)
    exporting.kill()
    exporting.wait()
    assert store.scan() == ([], [])
    structure = identity.structure(
        flux_model.folder, tuple(identity.linears_of_model(flux_model.folder)), 8
    )
    weights = identity.weights(flux_model)
    with store.building(flux_model.spec.id, structure, weights) as building:
        assert list(building.folder.iterdir()) == []  # what the dead one left is swept


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
def test_a_disk_that_fills_up_in_the_middle_leaves_the_store_as_it_was(
    flux_model: LocatedModel, store: EngineStore
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Files may grow to 20 kB: the first graph's weights do not fit.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StorageProblem, match="while exporting"):
            export(flux_model, store, max_rank=8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert store.scan() == ([], [])
    assert [path.suffix for path in store.root.iterdir()] == [".lock"]


def test_the_export_is_readable_for_transformers_4(
    flux_model: LocatedModel, tmp_path: Path
) -> None:
    write_layout(flux_model.folder, tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text("utf-8"))
    assert index["tokenizer"][1] == "CLIPTokenizerFast"
    assert index["tokenizer_2"][1] == "T5TokenizerFast"
    for name in ("tokenizer", "tokenizer_2"):
        config = json.loads((tmp_path / name / "tokenizer_config.json").read_text("utf-8"))
        assert config["tokenizer_class"].endswith("TokenizerFast")
        assert not isinstance(config.get("extra_special_tokens"), list)
    for name in ("vae_decoder", "vae_encoder"):
        assert (tmp_path / name / "config.json").read_bytes() == (
            flux_model.folder / "vae" / "config.json"
        ).read_bytes()


def test_psnr_is_in_decibel_of_eight_bits_and_finite_for_equal_pictures() -> None:
    black, grey = (Image.new("RGB", (8, 8), (level,) * 3) for level in (0, 1))
    assert psnr(black, black) == EQUAL_DB
    assert psnr(black, grey) == pytest.approx(48.13, abs=0.01)
