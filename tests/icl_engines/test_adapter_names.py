"""Keys are taken apart without guessing."""

from __future__ import annotations

import pytest

from icl_engines.adapters.convert import Linear, module_names
from icl_engines.adapters.names import is_text_encoder, parse_key

LINEARS = {
    "x_embedder": Linear(64, 32),
    "transformer_blocks.0.attn.to_q": Linear(32, 32),
    "transformer_blocks.0.attn.to_k": Linear(32, 32),
    "transformer_blocks.0.attn.to_v": Linear(32, 32),
    "norm_out.linear": Linear(32, 64),
}


@pytest.mark.parametrize(
    ("key", "module", "part"),
    [
        ("transformer.proj_out.lora_A.weight", "proj_out", "A"),
        ("base_model.model.transformer.proj_out.lora_B.weight", "proj_out", "B"),
        ("base_model.model.proj_out.lora_B.default.weight", "proj_out", "B"),
        ("transformer.proj_out.lora.down.weight", "proj_out", "A"),
        ("transformer_blocks.0.ff.net.2.lora_A.weight", "transformer_blocks.0.ff.net.2", "A"),
        ("lora_unet_single_blocks_0_linear1.alpha", "single_blocks_0_linear1", "alpha"),
        ("lora_unet_img_in.lora_up.weight", "img_in", "B"),
        ("model.diffusion_model.img_in.lora_down.weight", "img_in", "A"),
        ("lora_transformer_proj_out.lora_down.weight", "proj_out", "A"),
    ],
)
def test_a_key_is_a_module_and_a_part(key: str, module: str, part: str) -> None:
    assert parse_key(key) == (module, part)


@pytest.mark.parametrize("key", ["proj_out.weight", "alpha", "x.lora_A", "__metadata__", ""])
def test_what_is_no_lora_key_is_none(key: str) -> None:
    assert parse_key(key) is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", True),
        ("text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", True),
        ("base_model.model.text_model.encoder.lora_A.weight", True),
        ("transformer.context_embedder.lora_A.weight", False),
        ("double_blocks.0.txt_attn.qkv.lora_A.weight", False),
    ],
)
def test_text_encoder_keys_are_told_from_the_transformers(key: str, text: bool) -> None:
    assert is_text_encoder(key) is text


def test_only_modules_whose_every_part_the_model_has_are_named() -> None:
    names = module_names(LINEARS)

    assert names["double_blocks.0.img_attn.qkv"].modules == tuple(list(LINEARS)[1:4])
    assert names["double_blocks_0_img_attn_qkv"] == names["double_blocks.0.img_attn.qkv"]
    assert names["final_layer.adaLN_modulation.1"] == (("norm_out.linear",), True)
    assert "double_blocks.0.txt_attn.qkv" not in names
    assert "guidance_in.in_layer" not in names
