"""A model folder that cannot be loaded says which component is wrong; pickles stay closed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from icl_engines.testing import random_flux_model
from icl_engines.torch_engine import TorchEngine, create
from icl_engines.torch_engine.load import model_files
from icl_studio.engines.protocol import EngineOptions
from icl_studio.errors import ModelUnavailable


@pytest.fixture
def folder(random_flux: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(random_flux, tmp_path / "mödel ü 🦊"))


def load(folder: Path) -> TorchEngine:
    return create(random_flux_model(folder), EngineOptions(device="cpu"))


def test_a_folder_with_umlauts_and_emoji_loads(folder: Path) -> None:
    load(folder).close()


def test_facts_name_every_file_that_was_read(engine: TorchEngine, random_flux: Path) -> None:
    assert set(engine.facts.files) == {path for path in random_flux.rglob("*") if path.is_file()}
    assert engine.facts.device == "cpu"
    assert engine.facts.dtype == "float32"
    packages = {"torch", "diffusers", "transformers", "peft", "safetensors", "tokenizers", "pillow"}
    assert engine.facts.versions.keys() == packages


def test_a_file_that_is_not_read_is_not_in_the_facts(folder: Path) -> None:
    variant = folder / "transformer" / "diffusion_pytorch_model.fp16.safetensors"
    variant.write_bytes(b"")

    assert variant not in model_files(folder)


def test_shards_are_counted_one_by_one(folder: Path) -> None:
    part = folder / "transformer"
    whole = part / "diffusion_pytorch_model.safetensors"
    whole.rename(part / "one.safetensors")
    index = part / f"{whole.name}.index.json"
    index.write_text(json.dumps({"weight_map": {"x": "one.safetensors"}}), encoding="utf-8")
    assert {index, part / "one.safetensors"} <= set(model_files(folder))

    (part / "one.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"transformer/one\.safetensors is missing"):
        load(folder)


@pytest.mark.parametrize("component", ["transformer", "vae", "text_encoder_2", "tokenizer"])
def test_a_missing_component_is_named(folder: Path, component: str) -> None:
    shutil.rmtree(folder / component)

    with pytest.raises(ModelUnavailable, match=component):
        load(folder)


def test_pickled_weights_are_refused_by_name(folder: Path) -> None:
    weights = folder / "text_encoder" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))

    with pytest.raises(ModelUnavailable, match=r"pytorch_model\.bin is a pickle"):
        load(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])

    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load(folder)


def test_another_kind_of_pipeline_is_named(folder: Path) -> None:
    index = {"_class_name": "StableDiffusionXLPipeline"}
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")

    with pytest.raises(ModelUnavailable, match="StableDiffusionXLPipeline"):
        load(folder)


@pytest.mark.parametrize("content", [None, "not json", "[]"])
def test_a_folder_without_a_model_index_is_refused(folder: Path, content: str | None) -> None:
    index = folder / "model_index.json"
    index.unlink()
    if content is not None:
        index.write_text(content, encoding="utf-8")

    with pytest.raises(ModelUnavailable):
        load(folder)
