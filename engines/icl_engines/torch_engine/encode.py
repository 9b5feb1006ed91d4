"""Phase 1: captions to conditionings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from diffusers import FluxPipeline

from .quiet import without_clip_truncation_warnings


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What the transformer reads of one caption, on the engine's device.

    ``prompt`` is T5's hidden states (1, max_sequence_length, joint width), ``pooled`` CLIP's
    pooled vector (1, pooled width).
    """

    prompt: torch.Tensor
    pooled: torch.Tensor


def encode(
    pipeline: FluxPipeline, captions: Sequence[str], max_sequence_length: int
) -> list[Conditioning]:
    """One conditioning per caption, in order; equal captions are encoded once.

    Captions go through the encoders one at a time, so that a conditioning has the same bits
    whatever else is encoded with it. T5 is not masked: ``max_sequence_length`` pads the
    caption and changes pixels, so it belongs to the model.
    """
    done: dict[str, Conditioning] = {}
    with torch.inference_mode(), without_clip_truncation_warnings():
        for caption in captions:
            if caption not in done:
                prompt, pooled, _ = pipeline.encode_prompt(
                    prompt=caption, prompt_2=caption, max_sequence_length=max_sequence_length
                )
                done[caption] = Conditioning(prompt, pooled)
    return [done[caption] for caption in captions]
