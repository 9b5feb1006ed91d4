"""The keys of a LoRA file: which module, and which part of its adapter.

Four ways of writing one thing are found in the wild::

    transformer.transformer_blocks.0.attn.to_q.lora_A.weight      PEFT, diffusers
    lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight       kohya (and .alpha)
    double_blocks.0.img_attn.qkv.lora_A.weight                    Black Forest Labs
    diffusion_model.double_blocks.0.img_attn.qkv.lora_up.weight   ComfyUI
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Part = Literal["A", "B", "alpha"]

_DOWN = r"(?:lora_A|lora_down|lora\.down)"
_UP = r"(?:lora_B|lora_up|lora\.up)"
# PEFT puts the adapter's name before "weight" when a model is saved with it: lora_A.default.
PATTERNS: tuple[tuple[re.Pattern[str], Part], ...] = (
    (re.compile(rf"(?P<module>.+)\.{_DOWN}(?:\.\w+)?\.weight"), "A"),
    (re.compile(rf"(?P<module>.+)\.{_UP}(?:\.\w+)?\.weight"), "B"),
    (re.compile(r"(?P<module>.+)\.alpha"), "alpha"),
)
PREFIXES = (
    "base_model.model.",
    "model.diffusion_model.",
    "diffusion_model.",
    "transformer.",
    "lora_unet_",
    "lora_transformer_",
)
TEXT_ENCODERS = (
    "lora_te_",
    "lora_te1_",
    "lora_te2_",
    "lora_te3_",
    "text_encoder.",
    "text_encoder_2.",
    "text_encoders.",
    "text_model.",
    "clip_l.",
    "t5xxl.",
)
FOREIGN = (
    (re.compile(r"dora_scale|lora_magnitude_vector"), "DoRA"),
    (re.compile(r"\.hada_"), "LoHa"),
    (re.compile(r"\.lokr_"), "LoKr"),
    (re.compile(r"\.(oft_blocks|oft_diag|oft_R)"), "OFT"),
    (re.compile(r"\.lora_mid\b"), "LoCon with a Tucker core"),
    (re.compile(r"\.diff(_b)?$"), "full weight differences"),
    (re.compile(r"\.lora_[AB](\.\w+)?\.bias$"), "LoRA with bias terms"),
)
OTHER_BASES = (
    (re.compile(r"down_blocks|up_blocks|input_blocks|output_blocks|mid_block"), "Stable Diffusion"),
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
    (re.compile(r"^(blocks[._]\d|.*\bcross_attn\b)"), "Wan"),
    (re.compile(r"^(model\.)?layers[._]\d"), "a language model"),
)


class Key(NamedTuple):
    """One key, taken apart: the module without prefix, and the part of its adapter."""

    module: str
    part: Part


def parse_key(key: str) -> Key | None:
    """``key`` taken apart, or None when it is no LoRA key at all."""
    for pattern, part in PATTERNS:
        match = pattern.fullmatch(key)
        if match:
            return Key(bare(match["module"]), part)
    return None


def bare(module: str) -> str:
    """``module`` without the prefixes that name the component or the trainer."""
    found = True
    while found:
        found = False
        for prefix in PREFIXES:
            if module.startswith(prefix):
                module = module.removeprefix(prefix)
                found = True
    return module


def is_text_encoder(key: str) -> bool:
    """Whether ``key`` adapts a text encoder instead of the transformer."""
    return key.removeprefix("base_model.model.").startswith(TEXT_ENCODERS)


def foreign_kind(keys: Iterable[str]) -> tuple[str, str] | None:
    """The kind of adapter that is not a plain LoRA, with the first key that shows it."""
    for key in keys:
        for pattern, kind in FOREIGN:
            if pattern.search(key):
                return kind, key
    return None


def other_base(modules: Iterable[str]) -> str | None:
    """The base model that these unknown modules come from, where they tell."""
    for module in modules:
        for pattern, base in OTHER_BASES:
            if pattern.search(module):
                return base
    return None
