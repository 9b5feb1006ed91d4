"""The small random model that other tests stand on is a real FLUX folder."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import CLIPTokenizer, T5Tokenizer

from icl_engines.testing import write_random_flux
from icl_engines.testing.lora import bfl_linears, diffusers_linears
from icl_engines.torch_engine import TorchEngine


def test_the_same_seed_writes_the_same_weights(tmp_path: Path, random_flux: Path) -> None:
    again = write_random_flux(tmp_path / "again", seed=0)
    other = write_random_flux(tmp_path / "other", seed=1)

    weights = Path("transformer") / "diffusion_pytorch_model.safetensors"
    assert (again / weights).read_bytes() == (random_flux / weights).read_bytes()
    assert (other / weights).read_bytes() != (random_flux / weights).read_bytes()


def test_writing_leaves_the_global_random_state_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    write_random_flux(tmp_path / "flux")

    assert torch.equal(torch.rand(1), expected)


def test_tokenizers_reload_as_the_classes_of_flux(random_flux: Path) -> None:
    clip = CLIPTokenizer.from_pretrained(random_flux / "tokenizer")
    t5 = T5Tokenizer.from_pretrained(random_flux / "tokenizer_2")

    assert clip.model_max_length == 77
    assert clip("a Cat").input_ids[-1] == clip.eos_token_id
    assert t5.convert_ids_to_tokens(t5("a cat [SCENE-1]").input_ids)[:2] == ["▁a", "▁cat"]


def test_lora_writers_name_every_linear_of_the_model(engine: TorchEngine) -> None:
    model = engine.pipeline.transformer
    config = json.loads(model.to_json_string())
    linears = {
        name: (module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }

    assert diffusers_linears(config) == linears
    fused = sum(width_in * width_out for width_in, width_out in bfl_linears(config).values())
    assert fused == sum(width_in * width_out for width_in, width_out in linears.values())
