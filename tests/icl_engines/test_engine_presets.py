"""What lies on the device when; and that no preset changes a bit of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL.Image import Image

from icl_engines.testing import random_flux_model, write_random_lora
from icl_engines.torch_engine import TorchEngine, create, fit
from icl_engines.torch_engine.placement import ALL
from icl_engines.torch_engine.resting import META, is_away
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import AdapterFile, DenoiseItem, EngineOptions, MemoryPreset
from icl_studio.engines.room import SPARE
from icl_studio.errors import AdapterRejected, OutOfMemory, UserError

CPU = torch.device("cpu")


def load(folder: Path, memory: MemoryPreset | None = None) -> TorchEngine:
    return create(random_flux_model(folder), EngineOptions(device="cpu", memory=memory))


def draw(engine: TorchEngine, caption: str = "a red fox") -> Image:
    (conditioning,) = engine.encode([caption])
    item = DenoiseItem(
        conditioning=conditioning, canvas=Size(96, 64), seed=1, sampling=Sampling(steps=2)
    )
    return engine.decode(engine.denoise([item]))[0]


def here(engine: TorchEngine) -> list[str]:
    return [name for name in ALL if not is_away(getattr(engine.pipeline, name))]


@pytest.fixture
def memory_apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a GPU: what rests lies in main memory, here with the same name as the device."""
    for module in ("engine", "fit", "measures", "placement"):
        monkeypatch.setattr(f"icl_engines.torch_engine.{module}.own_memory", lambda _: True)
    yield


@pytest.fixture(scope="module")
def plain(random_flux: Path) -> bytes:
    return draw(load(random_flux, "resident")).tobytes()


def test_in_phases_only_what_is_at_work_is_in_memory(random_flux: Path, plain: bytes) -> None:
    engine = load(random_flux, "phases")
    assert here(engine) == []
    (conditioning,) = engine.encode(["a red fox"])
    assert here(engine) == ["text_encoder", "text_encoder_2"]
    item = DenoiseItem(
        conditioning=conditioning, canvas=Size(96, 64), seed=1, sampling=Sampling(steps=2)
    )
    latents = engine.denoise([item])
    assert here(engine) == ["transformer"]
    (sheet,) = engine.decode(latents)
    assert here(engine) == ["vae"]
    assert sheet.tobytes() == plain == draw(engine).tobytes()


@pytest.mark.usefixtures("memory_apart")
@pytest.mark.parametrize("memory", ["resident", "phases", "layers"])
def test_no_preset_of_a_gpu_changes_a_bit(
    random_flux: Path, plain: bytes, memory: MemoryPreset
) -> None:
    engine = load(random_flux, memory)
    assert draw(engine).tobytes() == plain
    assert draw(engine).tobytes() == plain


@pytest.mark.usefixtures("memory_apart")
def test_measures_one_after_the_other_change_no_bit_either(random_flux: Path, plain: bytes) -> None:
    engine = load(random_flux)
    taken: list[str] = []
    for measure in engine.measures:
        if not measure.changes_pixels:
            taken.append(measure.id)
            engine.use_measures(taken)
            assert draw(engine).tobytes() == plain
    assert taken == ["phases", "layers"]


def test_a_resident_model_goes_over_to_phases(random_flux: Path, plain: bytes) -> None:
    engine = load(random_flux, "resident")
    assert here(engine) == list(ALL)
    engine.use_measures(["phases"])
    assert draw(engine).tobytes() == plain
    assert here(engine) == ["vae"]


def test_adapters_act_alike_in_every_preset(random_flux: Path, tmp_path: Path) -> None:
    lora = AdapterFile(path=write_random_lora(tmp_path / "stil.safetensors", random_flux))
    resident, phased = load(random_flux, "resident"), load(random_flux, "phases")
    for engine in (resident, phased):
        engine.use_adapters([lora])
    first = draw(resident).tobytes()
    assert draw(phased).tobytes() == first == draw(phased).tobytes()
    phased.use_adapters([])  # while the transformer is away
    resident.use_adapters([])
    assert draw(phased).tobytes() == draw(resident).tobytes() != first


def test_a_refused_adapter_is_refused_at_once_though_the_transformer_is_away(
    random_flux: Path, tmp_path: Path, plain: bytes
) -> None:
    engine = load(random_flux, "phases")
    broken = tmp_path / "kaputt.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(AdapterRejected):
        engine.use_adapters([AdapterFile(path=broken)])
    assert draw(engine).tobytes() == plain


def test_tiles_are_used_only_while_asked_for(random_flux: Path, plain: bytes) -> None:
    engine = load(random_flux, "resident")
    engine.use_measures(["tiles"])
    tiled = np.asarray(draw(engine), int)
    assert tiled.shape == (64, 96, 3) and tiled.tobytes() != plain
    engine.use_measures([])
    assert draw(engine).tobytes() == plain


@pytest.mark.parametrize(
    ("free", "apart", "expected"),
    [
        (2**40, True, "resident"),
        (2**40, False, "resident"),
        (0, False, "phases"),
        (0, True, "layers"),
    ],
)
def test_without_a_wish_it_is_what_fits(
    random_flux: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    apart: bool,
    expected: MemoryPreset,
) -> None:
    monkeypatch.setattr(fit, "free_bytes", lambda _: free)
    monkeypatch.setattr(fit, "own_memory", lambda _: apart)
    assert fit.choose_preset(EngineOptions(), CPU, torch.float32, random_flux) == expected


def test_between_all_and_a_block_lies_a_phase(
    random_flux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [fit.part_bytes(random_flux, name, torch.float32) for name in ALL]
    monkeypatch.setattr(fit, "free_bytes", lambda _: SPARE + int(sum(parts) * 0.95))
    monkeypatch.setattr(fit, "own_memory", lambda _: True)
    assert fit.choose_preset(EngineOptions(), CPU, torch.float32, random_flux) == "phases"
    assert fit.part_bytes(random_flux, "vae", torch.bfloat16) * 2 == parts[-1]


def test_layers_want_a_memory_apart(random_flux: Path) -> None:
    with pytest.raises(UserError, match="no memory apart") as caught:
        load(random_flux, "layers")
    assert "--memory phases" in caught.value.fix


@pytest.mark.usefixtures("memory_apart")
def test_a_gpu_that_cannot_hold_the_model_goes_on_with_less(
    random_flux: Path, plain: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from icl_engines.torch_engine.resting import InMemory

    def full(self: InMemory, name: str, module: torch.nn.Module) -> None:
        if name == "vae" and any(weight.device != META for weight in module.parameters()):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    with monkeypatch.context() as full_device:
        full_device.setattr(InMemory, "back", full)
        engine = load(random_flux)
        with pytest.raises(OutOfMemory, match="while loading"):
            load(random_flux, "resident")
    assert draw(engine).tobytes() == plain


def test_an_engine_that_keeps_all_in_memory_says_so() -> None:
    for preset in (None, "resident"):
        fit.refuse_preset(EngineOptions(memory=preset), "onnx")
    for preset in ("phases", "layers"):
        with pytest.raises(UserError, match="'onnx' keeps the whole model in memory"):
            fit.refuse_preset(EngineOptions(memory=preset), "onnx")
