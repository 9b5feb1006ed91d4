"""Previews: an eighth of the canvas, by one fixed linear map, of the expected clean latents."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline

from icl_engines.testing import random_flux_model
from icl_engines.torch_engine.preview import (
    FLUX_1,
    LatentRgb,
    clean_estimate,
    latent_rgb,
    neutral,
)
from icl_studio.api import ModelSpec, Size
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ModelUnavailable


def test_packed_latents_are_unpacked_as_flux_packs_them() -> None:
    """Each cell's own colour comes out at its own place."""
    latents = torch.rand(1, 3, 4, 6) * 2 - 1
    packed = FluxPipeline._pack_latents(latents, 1, 3, 4, 6)
    identity = LatentRgb(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32))

    picture = np.asarray(identity.picture(packed[0], Size(48, 32)))

    expected = (latents[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert picture.shape == (4, 6, 3)
    assert np.abs(picture - expected).max() <= 1


def test_the_clean_estimate_undoes_the_noise_of_a_straight_path() -> None:
    clean, noise = torch.randn(2, 10, 64)
    before, after = (s * noise + (1 - s) * clean for s in (0.9, 0.7))

    assert torch.allclose(clean_estimate(before, after, 0.9, 0.7), clean, atol=1e-5)
    assert torch.equal(clean_estimate(before, clean, 0.2, 0.0), clean)


def test_noise_never_breaks_a_preview() -> None:
    wild = torch.full((6, 64), float("nan"))

    assert neutral(16).picture(wild, Size(48, 32)).size == (6, 4)


def test_a_models_own_map_wins(tmp_path: Path) -> None:
    content = {"matrix": [[1, 0, 0]] * 16, "bias": [0, 0, 1]}
    (tmp_path / "latent_rgb.json").write_text(json.dumps(content), encoding="utf-8")

    rgb = latent_rgb(random_flux_model(tmp_path), 16)

    assert rgb.bias.tolist() == [0, 0, 1]


def test_flux_1_uses_its_published_factors(tmp_path: Path) -> None:
    spec = ModelSpec(id="flux", title="FLUX.1", source=str(tmp_path), family="flux.1")

    rgb = latent_rgb(LocatedModel(spec=spec, folder=tmp_path), 16)

    assert np.allclose(rgb.matrix, FLUX_1)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"matrix": [[1, 2, 3]], "bias": [0, 0, 0]}', '{"matrix": 1, "bias": 2}']
)
def test_a_map_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "latent_rgb.json").write_text(content, encoding="utf-8")

    with pytest.raises(ModelUnavailable, match=r"latent_rgb\.json"):
        latent_rgb(random_flux_model(tmp_path), 16)
