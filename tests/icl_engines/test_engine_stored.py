"""What a torch engine writes for a file comes back bit for bit, or is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from icl_engines.torch_engine import TorchEngine
from icl_studio.engines.protocol import DenoiseItem, Portable


def test_a_sheet_from_stored_values_is_the_same_sheet(
    engine: TorchEngine, item: Callable[..., DenoiseItem]
) -> None:
    assert isinstance(engine, Portable)
    fresh = item(3)
    kept = engine.from_bytes(engine.to_bytes(fresh.conditioning))
    assert torch.equal(kept.prompt, fresh.conditioning.prompt)
    assert torch.equal(kept.pooled, fresh.conditioning.pooled)
    (latents,) = engine.denoise([fresh])
    (again,) = engine.denoise([fresh.model_copy(update={"conditioning": kept})])
    stored = engine.from_bytes(engine.to_bytes(again))
    assert stored.canvas == latents.canvas and torch.equal(stored.packed, latents.packed)
    a, b = engine.decode([latents, stored])
    assert a.tobytes() == b.tobytes()


def test_precision_is_kept(engine: TorchEngine, item: Callable[..., DenoiseItem]) -> None:
    conditioning = item().conditioning
    half = type(conditioning)(conditioning.prompt.bfloat16(), conditioning.pooled.bfloat16())
    back = engine.from_bytes(engine.to_bytes(half))
    assert back.prompt.dtype is torch.bfloat16 and torch.equal(back.prompt, half.prompt)


@pytest.mark.parametrize("data", [b"", b"nothing of ours", b"\0" * 100])
def test_anything_else_is_refused(engine: TorchEngine, data: bytes) -> None:
    with pytest.raises(ValueError):
        engine.from_bytes(data)
