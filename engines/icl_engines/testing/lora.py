"""LoRA files as the trainers in the wild write them, for a model of any width."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
from safetensors.torch import save_file

LoraStyle = Literal["peft", "peft-base-model", "kohya", "bfl", "comfy", "comfy-up-down"]
LORA_STYLES: tuple[LoraStyle, ...] = get_args(LoraStyle)
"""PEFT names are diffusers' modules; the other styles name the modules of BFL's own code."""

Shapes = dict[str, tuple[int, int]]
"""Module name to (input width, output width)."""


def write_random_lora(
    path: Path,
    model: Path,
    *,
    style: LoraStyle = "peft",
    rank: int = 4,
    alpha: float | None = None,
    seed: int = 0,
    modules: Sequence[str] | None = None,
    ranks: Mapping[str, int] | None = None,
    size: float = 0.5,
) -> Path:
    """Write a random LoRA for every linear (or those in ``modules``) of the folder ``model``.

    ``modules`` and ``ranks`` (per module, over ``rank``) use the module names of the style
    (:func:`diffusers_linears` for the PEFT styles, :func:`bfl_linears` for the others).
    ``alpha`` None writes no alpha keys. ``size`` is the deltas' typical magnitude compared
    with a fresh linear's weights.
    """
    config = json.loads((model / "transformer" / "config.json").read_text(encoding="utf-8"))
    shapes = diffusers_linears(config) if style.startswith("peft") else bfl_linears(config)
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, (width_in, width_out) in shapes.items():
        if modules is not None and name not in modules:
            continue
        own_rank = (ranks or {}).get(name, rank)
        a, b = _key(style, name, "A"), _key(style, name, "B")
        tensors[a] = torch.randn(own_rank, width_in, generator=generator) / width_in**0.5
        tensors[b] = torch.randn(width_out, own_rank, generator=generator) * size / own_rank**0.5
        if alpha is not None:
            tensors[_key(style, name, "alpha")] = torch.tensor(float(alpha))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return path


def diffusers_linears(config: Mapping[str, int]) -> Shapes:
    """Every linear of a ``FluxTransformer2DModel`` with this config, by diffusers' names."""
    width = config["num_attention_heads"] * config["attention_head_dim"]
    found: Shapes = {
        "x_embedder": (config["in_channels"], width),
        "context_embedder": (config["joint_attention_dim"], width),
        "norm_out.linear": (width, 2 * width),
        "proj_out": (width, config["in_channels"]),
    }
    embedders = {"timestep": 256, "text": config["pooled_projection_dim"]}
    if config["guidance_embeds"]:
        embedders["guidance"] = 256
    for kind, width_in in embedders.items():
        found[f"time_text_embed.{kind}_embedder.linear_1"] = (width_in, width)
        found[f"time_text_embed.{kind}_embedder.linear_2"] = (width, width)
    for index in range(config["num_layers"]):
        block = f"transformer_blocks.{index}"
        for norm in ("norm1", "norm1_context"):
            found[f"{block}.{norm}.linear"] = (width, 6 * width)
        for name in ("to_q", "to_k", "to_v", "to_out.0", "to_add_out"):
            found[f"{block}.attn.{name}"] = (width, width)
        for name in ("add_q_proj", "add_k_proj", "add_v_proj"):
            found[f"{block}.attn.{name}"] = (width, width)
        for name in ("ff", "ff_context"):
            found[f"{block}.{name}.net.0.proj"] = (width, 4 * width)
            found[f"{block}.{name}.net.2"] = (4 * width, width)
    for index in range(config["num_single_layers"]):
        block = f"single_transformer_blocks.{index}"
        found[f"{block}.norm.linear"] = (width, 3 * width)
        found[f"{block}.proj_mlp"] = (width, 4 * width)
        found[f"{block}.proj_out"] = (5 * width, width)
        for name in ("to_q", "to_k", "to_v"):
            found[f"{block}.attn.{name}"] = (width, width)
    return found


def bfl_linears(config: Mapping[str, int]) -> Shapes:
    """The same linears by the names of BFL's code, where q, k and v are one linear."""
    width = config["num_attention_heads"] * config["attention_head_dim"]
    found: Shapes = {
        "img_in": (config["in_channels"], width),
        "txt_in": (config["joint_attention_dim"], width),
        "final_layer.adaLN_modulation.1": (width, 2 * width),
        "final_layer.linear": (width, config["in_channels"]),
    }
    embedders = {"time_in": 256, "vector_in": config["pooled_projection_dim"]}
    if config["guidance_embeds"]:
        embedders["guidance_in"] = 256
    for kind, width_in in embedders.items():
        found[f"{kind}.in_layer"] = (width_in, width)
        found[f"{kind}.out_layer"] = (width, width)
    for index in range(config["num_layers"]):
        for stream in ("img", "txt"):
            block = f"double_blocks.{index}.{stream}"
            found[f"{block}_mod.lin"] = (width, 6 * width)
            found[f"{block}_attn.qkv"] = (width, 3 * width)
            found[f"{block}_attn.proj"] = (width, width)
            found[f"{block}_mlp.0"] = (width, 4 * width)
            found[f"{block}_mlp.2"] = (4 * width, width)
    for index in range(config["num_single_layers"]):
        block = f"single_blocks.{index}"
        found[f"{block}.modulation.lin"] = (width, 3 * width)
        found[f"{block}.linear1"] = (width, 7 * width)
        found[f"{block}.linear2"] = (5 * width, width)
    return found


def _key(style: LoraStyle, module: str, part: Literal["A", "B", "alpha"]) -> str:
    """The tensor name that ``style`` gives to one part of one module's LoRA."""
    if style == "kohya":
        stem = "lora_unet_" + module.replace(".", "_")
    else:
        prefix = {"peft": "transformer.", "peft-base-model": "base_model.model.", "bfl": ""}
        stem = prefix.get(style, "diffusion_model.") + module
    if part == "alpha":
        return f"{stem}.alpha"
    if style in ("kohya", "comfy-up-down"):
        return f"{stem}.lora_{'down' if part == 'A' else 'up'}.weight"
    return f"{stem}.lora_{part}.weight"
