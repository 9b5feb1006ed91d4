"""The FLUX.1 models that can be named without their hub address."""

from __future__ import annotations

from icl_studio.api import ModelSpec, Sampling

FLUX_MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="flux.1-dev",
        title="FLUX.1 [dev]",
        source="black-forest-labs/FLUX.1-dev",
        family="flux.1",
        max_sequence_length=512,
        licence="FLUX.1 [dev] Non-Commercial License: the model may not be used commercially "
        "without a licence from Black Forest Labs.",
        gated=True,
        download_gb=33.7,
    ),
    ModelSpec(
        id="flux.1-schnell",
        title="FLUX.1 [schnell], 4 steps",
        source="black-forest-labs/FLUX.1-schnell",
        family="flux.1",
        max_sequence_length=256,
        sampling=Sampling(steps=4, guidance=0.0),
        licence="Apache-2.0.",
        gated=True,
        download_gb=33.7,
    ),
)
"""Sizes are of the files that diffusers reads: 23.8 GB transformer, 9.5 GB T5, the rest small."""
