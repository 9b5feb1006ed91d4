"""Flow matching: noise levels, noised latents, the loss. As diffusers trains a FLUX LoRA.

Source of the rules: diffusers, examples/dreambooth/train_dreambooth_lora_flux.py (velocity
target, guidance input), and FluxPipeline's ``calculate_shift`` for the shift by tokens.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from icl_studio.training.recipe import Recipe


def draw_times(
    count: int, tokens: int, recipe: Recipe, scheduler: Any, generator: torch.Generator
) -> Tensor:
    """``count`` noise levels in (0, 1), float32 on the CPU; 1 is pure noise.

    Logit-normal (or uniform), then shifted towards noise as the model's own scheduler does for a
    canvas of ``tokens`` image tokens.
    """
    if recipe.times == "logit-normal":
        times = torch.sigmoid(torch.randn(count, generator=generator))
    else:
        times = torch.rand(count, generator=generator).clamp(1e-4, 1 - 1e-4)
    if not recipe.shift:
        return times
    factor = shift_factor(tokens, scheduler)
    return factor * times / (1 + (factor - 1) * times)


def shift_factor(tokens: int, scheduler: Any) -> float:
    """By how much the scheduler's configuration shifts times for ``tokens`` image tokens."""
    config = scheduler.config
    if not config.use_dynamic_shifting:
        return float(config.shift)
    slope = (config.max_shift - config.base_shift) / (
        config.max_image_seq_len - config.base_image_seq_len
    )
    mu = config.base_shift + slope * (tokens - config.base_image_seq_len)
    # The factor by which FlowMatchEulerDiscreteScheduler.time_shift moves sigmas.
    return math.exp(mu) if config.time_shift_type == "exponential" else float(mu)


def noised(latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """Latents (n, tokens, channels) on the straight way to ``noise``, at one time a sheet."""
    share = times.to(latents)[:, None, None]
    return (1 - share) * latents + share * noise


def flow_loss(velocity: Tensor, latents: Tensor, noise: Tensor) -> Tensor:
    """Mean squared error of the velocity, in float32; the target is noise minus latents."""
    return torch.nn.functional.mse_loss(velocity.float(), noise.float() - latents.float())
