"""Local model folders: what is a FLUX.1 model, and what is said of everything else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from icl_studio.errors import ModelUnavailable
from icl_studio.models.folder import check_folder, spec_of_folder


def refusal(folder: Path) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as caught:
        check_folder(folder)
    assert caught.value.fix
    return caught.value


def rewrite(path: Path, **changes: object) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | changes), encoding="utf-8")


def test_a_whole_folder_passes(flux: Path) -> None:
    check_folder(flux)


def test_spec_is_read_from_the_transformer(own_flux: Path) -> None:
    spec = spec_of_folder(own_flux)
    assert (spec.family, spec.max_sequence_length) == ("custom", 512)
    assert spec.id == spec.source == str(own_flux)
    config = own_flux / "transformer" / "config.json"
    rewrite(config, num_attention_heads=24, attention_head_dim=128)
    assert spec_of_folder(own_flux).family == "flux.1"
    rewrite(config, guidance_embeds=False)
    schnell = spec_of_folder(own_flux)
    assert schnell.max_sequence_length == 256
    assert (schnell.sampling.steps, schnell.sampling.guidance) == (4, 0.0)


def test_own_spec_file_goes_before_what_was_measured(own_flux: Path) -> None:
    own = own_flux / "icl_studio.json"
    own.write_text('{"title": "Mine", "family": "mine", "max_sequence_length": 96}', "utf-8")
    spec = spec_of_folder(own_flux)
    assert (spec.title, spec.family, spec.max_sequence_length) == ("Mine", "mine", 96)


def test_own_spec_file_with_a_wrong_key_names_it(own_flux: Path) -> None:
    (own_flux / "icl_studio.json").write_text('{"titel": "Mine"}', encoding="utf-8")
    with pytest.raises(ModelUnavailable) as caught:
        spec_of_folder(own_flux)
    assert [problem.where for problem in caught.value.problems] == ["titel"]


def test_nothing_there(tmp_path: Path) -> None:
    assert "no model folder" in refusal(tmp_path / "nö").message


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        ("StableDiffusionXLPipeline", "is SDXL"),
        ("Flux2Pipeline", "is FLUX.2"),
        ("SomethingElse", "is a SomethingElse"),
    ],
)
def test_another_kind_of_model(own_flux: Path, pipeline: str, told: str) -> None:
    rewrite(own_flux / "model_index.json", _class_name=pipeline)
    assert told in refusal(own_flux).message


def test_broken_index_names_the_line(own_flux: Path) -> None:
    (own_flux / "model_index.json").write_text('{\n  "a": 1,\n}', encoding="utf-8")
    assert "line 3" in refusal(own_flux).message


@pytest.mark.parametrize("part", ["vae", "text_encoder_2", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(own_flux: Path, part: str) -> None:
    shutil.rmtree(own_flux / part)
    assert part in refusal(own_flux).message


def test_pickled_weights(own_flux: Path) -> None:
    weights = own_flux / "vae" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    error = refusal(own_flux)
    assert "pickles" in error.message and "safe_serialization" in error.fix


def test_a_truncated_file_is_named_with_its_sizes(own_flux: Path) -> None:
    weights = own_flux / "transformer" / "diffusion_pytorch_model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-5])
    error = refusal(own_flux)
    assert str(weights) in error.message and f"{len(data):,}" in error.message


def test_a_missing_shard_is_named(own_flux: Path) -> None:
    index = own_flux / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    shards = {"a": "diffusion_pytorch_model-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    assert "00002-of-00002.safetensors is missing" in refusal(own_flux).message


def test_single_files(flux: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "flux1-dev.safetensors"
    shutil.copy(flux / "vae" / "diffusion_pytorch_model.safetensors", checkpoint)
    assert "single-file checkpoint" in refusal(checkpoint).message
    pickled = tmp_path / "flux.ckpt"
    pickled.write_bytes(b"\x80\x04")
    assert "pickle" in refusal(pickled).message


def test_a_lora_is_not_a_base_model(flux: Path, tmp_path: Path) -> None:
    from icl_engines.testing import write_random_lora

    lora = write_random_lora(tmp_path / "look.safetensors", flux)
    error = refusal(lora)
    assert "is a LoRA" in error.message and "--lora" in error.fix


def test_one_part_alone_and_a_folder_too_high(flux: Path) -> None:
    assert "only one part" in refusal(flux / "transformer").message
    assert str(flux) in refusal(flux.parent).fix
