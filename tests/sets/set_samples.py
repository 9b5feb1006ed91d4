"""Sets to try things on: small sheets of noise, so that no two regions look alike."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.layout import Layout
from icl_studio.domain.model import AdapterUse, Sampling
from icl_studio.domain.request import SetRequest
from icl_studio.sets.record import AdapterReceipt, ModelReceipt, Receipt, new_set_id
from icl_studio.sets.save import save_set

STORYBOARD = Layout.grid(3, 1, (128, 64), names=("SCENE-1", "SCENE-2", "SCENE-3"))


def picture_of(width: int, height: int, seed: int = 0) -> Image.Image:
    """An RGB picture of noise, which PNG cannot shrink."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def request_of(**changes: object) -> SetRequest:
    fields: dict[str, object] = {
        "task": "film-storyboard",
        "parts": CaptionParts(
            summary="A red fox in a hat, müde und froh",
            panels=("in a forest", "by the sea", "on a hill"),
        ),
        "caption": "[MOVIE-SHOTS] A red fox in a hat, müde und froh, [SCENE-1] in a forest, "
        "[SCENE-2] by the sea, [SCENE-3] on a hill",
        "layout": STORYBOARD,
        "model": "tiny",
        "adapters": (AdapterUse(source="film-storyboard.safetensors", weight=0.8),),
        "seed": 4711,
        "sampling": Sampling(steps=12, guidance=3.5),
    }
    return SetRequest.model_validate(fields | changes)


def receipt_of(request: SetRequest, **changes: object) -> Receipt:
    fields: dict[str, object] = {
        "engine": "torch",
        "device": "cpu",
        "dtype": "float32",
        "versions": {"torch": "2.13.0", "diffusers": "0.42.1"},
        "model": ModelReceipt(
            id="tiny",
            family="tiny",
            source="resource:models/tiny",
            files={"vae/model.safetensors": "a" * 64},
        ),
        "adapters": tuple(
            AdapterReceipt(
                source=use.source, file=use.source, weight=use.weight, sha256="b" * 64, size=10
            )
            for use in request.adapters
        ),
        "seed": request.seed,
        "steps": request.sampling.steps,
        "guidance": request.sampling.guidance,
        "max_sequence_length": 96,
    }
    return Receipt.model_validate(fields | changes)


def save_one(
    root: Path,
    *,
    set_id: str | None = None,
    folder_name: str | None = None,
    **changes: object,
) -> Path:
    """Save a set of noise under ``root``; further keywords change its request."""
    request = request_of(**changes)
    sheet = picture_of(*request.layout.canvas, seed=request.seed)
    receipt = receipt_of(request)
    return save_set(root, set_id or new_set_id(), request, sheet, receipt, folder_name=folder_name)


def private_trash(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's trash moved under ``place`` (freedesktop's form, Send2Trash's own code).

    Send2Trash reads the environment when it is imported, and asks GIO where there is one.
    """
    from send2trash import plat_other

    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    monkeypatch.setattr(plat_other, "XDG_DATA_HOME", os.fsencode(place))
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(place / "Trash"))
    monkeypatch.setattr(plat_other, "get_dev", lambda _: 1)
    monkeypatch.setattr("send2trash.send2trash", plat_other.send2trash)
    return place / "Trash"
