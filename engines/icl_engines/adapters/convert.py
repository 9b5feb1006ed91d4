"""Modules of Black Forest Labs' own FLUX code to the linears of diffusers' model.

BFL computes q, k and v in one linear, and in the single blocks the MLP's input too; diffusers
keeps them apart. A LoRA on a fused linear is the same LoRA on each part: they share A, and B
is split by rows. Correspondence read from diffusers' own checkpoint conversion
(loaders/single_file_utils.py, convert_flux_transformer_checkpoint_to_diffusers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch

DOUBLE = {
    "img_mod.lin": ("norm1.linear",),
    "txt_mod.lin": ("norm1_context.linear",),
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "img_attn.proj": ("attn.to_out.0",),
    "txt_attn.proj": ("attn.to_add_out",),
    "img_mlp.0": ("ff.net.0.proj",),
    "img_mlp.2": ("ff.net.2",),
    "txt_mlp.0": ("ff_context.net.0.proj",),
    "txt_mlp.2": ("ff_context.net.2",),
}
SINGLE = {
    "modulation.lin": ("norm.linear",),
    "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"),
    "linear2": ("proj_out",),
}
WHOLE = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
SWAPPED = "final_layer.adaLN_modulation.1"
"""BFL's last modulation puts out (shift, scale), diffusers' norm_out (scale, shift)."""

BLOCK = re.compile(r"(?P<single>single_)?transformer_blocks\.(?P<index>\d+)\.")


class Linear(NamedTuple):
    """The widths of one linear of the model."""

    width_in: int
    width_out: int


class Targets(NamedTuple):
    """The diffusers linears that one module of a file means, in the order of B's rows."""

    modules: tuple[str, ...]
    swapped: bool = False


def module_names(linears: Mapping[str, Linear]) -> dict[str, Targets]:
    """Every name under which a file may mean a linear of this model.

    diffusers' names, BFL's names, and both with underscores for dots, as kohya writes them.
    """
    names = {name: Targets((name,)) for name in linears}
    for block in sorted({match[0] for name in linears if (match := BLOCK.match(name))}):
        match = BLOCK.match(block)
        assert match is not None
        table = SINGLE if match["single"] else DOUBLE
        stem = f"{'single' if match['single'] else 'double'}_blocks.{match['index']}."
        for ours, parts in table.items():
            names[stem + ours] = Targets(tuple(block + part for part in parts))
    for ours, part in WHOLE.items():
        names[ours] = Targets((part,), swapped=ours == SWAPPED)
    names = {name: to for name, to in names.items() if all(one in linears for one in to.modules)}
    return names | {name.replace(".", "_"): to for name, to in names.items()}


def split_rows(
    b: torch.Tensor, targets: Targets, linears: Mapping[str, Linear]
) -> Iterable[tuple[str, torch.Tensor]]:
    """``b`` (all outputs, rank) cut into each target's own B; widths must have been checked."""
    if targets.swapped:
        b = torch.cat(b.chunk(2)[::-1])
    heights = [linears[name].width_out for name in targets.modules]
    return zip(targets.modules, b.split(heights), strict=True)
