"""Three phases make the very picture that one bare FluxPipeline call makes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline
from PIL.Image import Image

from icl_engines.testing import random_flux_model, write_random_flux
from icl_engines.torch_engine import TorchEngine, create
from icl_engines.torch_engine.noise import packed_noise
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import DenoiseItem, EngineOptions, StepReport
from icl_studio.errors import JobCancelled, LayoutInvalid

CANVAS = Size(96, 64)
CAPTION = "Three pictures of the same red fox. [SCENE-1] the fox sits in the snow."
MakeItem = Callable[..., DenoiseItem]


def bare(
    pipeline: FluxPipeline, caption: str, noise: torch.Tensor, steps: int, guidance: float = 3.5
) -> Image:
    """One call of FluxPipeline as anybody would write it, with the noise given."""
    picture: Image = pipeline(
        prompt=caption,
        width=CANVAS.width,
        height=CANVAS.height,
        num_inference_steps=steps,
        guidance_scale=guidance,
        max_sequence_length=128,
        latents=noise,
    ).images[0]
    return picture


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_sheet_is_the_bare_pipelines_bit_for_bit(random_flux: Path, dtype: str) -> None:
    engine = create(random_flux_model(random_flux), EngineOptions(device="cpu", dtype=dtype))
    (conditioning,) = engine.encode([CAPTION])
    item = DenoiseItem(
        conditioning=conditioning, canvas=CANVAS, seed=7, sampling=Sampling(steps=3, guidance=2.0)
    )
    (ours,) = engine.decode(engine.denoise([item]))

    pipeline = FluxPipeline.from_pretrained(
        random_flux, dtype=getattr(torch, dtype), local_files_only=True
    )
    noise = torch.randn(1, 16, 8, 12, generator=torch.Generator().manual_seed(7))
    packed = FluxPipeline._pack_latents(noise, 1, 16, 8, 12)
    theirs = bare(pipeline, CAPTION, packed, steps=3, guidance=2.0)

    assert ours.size == CANVAS
    assert ours.tobytes() == theirs.tobytes()


def test_a_seed_gives_the_same_bytes_and_another_seed_others(
    sheet: Callable[[int], Image],
) -> None:
    assert sheet(3).tobytes() == sheet(3).tobytes()
    assert sheet(3).tobytes() != sheet(4).tobytes()


def test_noise_is_unit_float32_and_the_sets_own(engine: TorchEngine) -> None:
    noise = packed_noise(engine.pipeline, Size(512, 512), seed=1)

    assert noise.dtype is torch.float32
    assert noise.shape == (1, 32 * 32, 64)
    assert float(noise.mean()) == pytest.approx(0, abs=0.02)
    assert float(noise.std()) == pytest.approx(1, abs=0.02)


def test_a_batch_agrees_with_single_sets(engine: TorchEngine, item: MakeItem) -> None:
    items = [item(seed, f"a {colour} hat") for seed, colour in enumerate(["red", "blue", "green"])]
    together = engine.decode(engine.denoise(items))
    alone = [engine.decode(engine.denoise([one]))[0] for one in items]

    for a, b in zip(together, alone, strict=True):
        assert np.abs(np.asarray(a, int) - np.asarray(b, int)).max() <= 1


def test_equal_captions_are_encoded_once(engine: TorchEngine) -> None:
    first, other, again = engine.encode(["a red hat", "a blue hat", "a red hat"])

    assert first is again
    assert not torch.equal(first.prompt, other.prompt)


def test_a_conditioning_does_not_depend_on_its_company(engine: TorchEngine) -> None:
    (alone,) = engine.encode([CAPTION])
    _, together = engine.encode(["a blue hat", CAPTION])

    assert torch.equal(alone.prompt, together.prompt)
    assert torch.equal(alone.pooled, together.pooled)


def test_guidance_changes_the_picture(engine: TorchEngine, item: MakeItem) -> None:
    weak = item()
    strong = weak.model_copy(update={"sampling": Sampling(steps=2, guidance=9.0)})

    a, b = (engine.decode(engine.denoise([one]))[0] for one in (weak, strong))
    assert a.tobytes() != b.tobytes()


def test_a_model_without_guidance_ignores_it(tmp_path: Path) -> None:
    folder = write_random_flux(tmp_path / "schnell", guidance_embeds=False)
    engine = create(random_flux_model(folder), EngineOptions(device="cpu"))
    (conditioning,) = engine.encode(["a cat"])
    items = [
        DenoiseItem(
            conditioning=conditioning,
            canvas=CANVAS,
            seed=0,
            sampling=Sampling(steps=1, guidance=guidance),
        )
        for guidance in (1.0, 9.0)
    ]
    a, b = (engine.decode(engine.denoise([one]))[0] for one in items)

    assert a.tobytes() == b.tobytes()


def test_every_step_is_reported_and_changes_nothing(engine: TorchEngine, item: MakeItem) -> None:
    seen: list[tuple[int, int, tuple[int, int]]] = []

    def note(report: StepReport) -> None:
        seen.append((report.step, report.total, report.preview(0).size))

    watched = engine.decode(engine.denoise([item(steps=3)], note))[0]
    plain = engine.decode(engine.denoise([item(steps=3)]))[0]

    assert seen == [(1, 3, (12, 8)), (2, 3, (12, 8)), (3, 3, (12, 8))]
    assert watched.tobytes() == plain.tobytes()


def test_cancelling_stops_between_steps_and_leaves_the_engine_usable(
    engine: TorchEngine, item: MakeItem, sheet: Callable[[int], Image]
) -> None:
    before = sheet(0)
    steps: list[int] = []

    def stop(report: StepReport) -> None:
        steps.append(report.step)
        if report.step == 2:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        engine.denoise([item(steps=5)], stop)

    assert steps == [1, 2]
    assert sheet(0).tobytes() == before.tobytes()


@pytest.mark.parametrize("canvas", [Size(100, 64), Size(64, 8), Size(0, 0)])
def test_a_canvas_off_the_token_grid_is_refused(
    engine: TorchEngine, item: MakeItem, canvas: Size
) -> None:
    with pytest.raises(LayoutInvalid, match=str(canvas)):
        engine.denoise([item().model_copy(update={"canvas": canvas})])


def test_nothing_in_nothing_out(engine: TorchEngine) -> None:
    assert engine.encode([]) == []
    assert engine.denoise([]) == []
    assert engine.decode([]) == []


def test_clips_short_memory_is_no_warning_but_a_cut_caption_is(
    engine: TorchEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("diffusers", "transformers"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    engine.encode(["a cat in the snow " * 15])  # 75 words: CLIP's bytes overflow, T5's words not
    assert messages(caplog.records) == ""

    engine.encode(["a cat in the snow " * 40])
    assert "max_sequence_length" in messages(caplog.records)


def messages(records: Sequence[logging.LogRecord]) -> str:
    return " ".join(record.getMessage() for record in records)


def test_the_libraries_print_nothing_while_loading(
    random_flux: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = create(random_flux_model(random_flux), EngineOptions(device="cpu"))
    (conditioning,) = engine.encode(["a cat"])
    item = DenoiseItem(conditioning=conditioning, canvas=CANVAS, seed=0, sampling=Sampling(steps=1))
    engine.decode(engine.denoise([item]))

    assert capfd.readouterr() == ("", "")
