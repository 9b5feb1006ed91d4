"""Adapters come and go: the base comes back bit for bit, and nothing piles up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL.Image import Image

from icl_engines.testing import write_random_lora
from icl_engines.torch_engine import TorchEngine
from icl_studio.engines.protocol import AdapterFile

Sheet = Callable[[], Image]


@pytest.fixture
def files(random_flux: Path, tmp_path: Path) -> dict[str, Path]:
    """Two LoRAs in a folder whose name has a space, an umlaut and an emoji."""
    folder = tmp_path / "LoRAs für 🦊"
    return {
        name: write_random_lora(folder / f"{name}.safetensors", random_flux, style=style, seed=seed)
        for seed, (name, style) in enumerate({"a": "kohya", "b": "peft"}.items())
    }


def use(engine: TorchEngine, *paths: Path, weight: float = 1.0) -> None:
    engine.use_adapters([AdapterFile(path=path, weight=weight) for path in paths])


def parts(engine: TorchEngine) -> list[tuple[str, int]]:
    """Every module of the transformer and every parameter's size."""
    model = engine.pipeline.transformer
    names = [(name, 0) for name, _ in model.named_modules()]
    return names + [(name, value.numel()) for name, value in model.named_parameters()]


def test_without_adapters_the_base_is_the_very_same(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    before, built = sheet().tobytes(), parts(engine)
    use(engine, files["a"], files["b"])
    assert sheet().tobytes() != before

    use(engine)
    assert sheet().tobytes() == before
    assert parts(engine) == built
    assert not hasattr(engine.pipeline.transformer, "peft_config")


def test_swapping_back_and_forth_repeats_itself_and_grows_nothing(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    seen: dict[str, set[bytes]] = {"a": set(), "b": set()}
    sizes: dict[str, set[int]] = {"a": set(), "b": set()}
    for name in "ababa":
        use(engine, files[name])
        seen[name].add(sheet().tobytes())
        sizes[name].add(sum(size for _, size in parts(engine)))

    assert [len(one) for one in (*seen.values(), *sizes.values())] == [1, 1, 1, 1]
    assert seen["a"] != seen["b"]


def test_an_adapter_that_stays_is_not_read_again(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    use(engine, files["a"], files["b"])
    layer = engine.pipeline.transformer.x_embedder
    kept = {name: linear.weight for name, linear in layer.lora_A.items()}
    use(engine, files["a"], weight=0.5)

    assert list(layer.lora_A) == list(kept)[:1]
    assert all(linear.weight is kept[name] for name, linear in layer.lora_A.items())


def test_a_weight_can_change_alone(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    sheets = {}
    for weight in (1.0, 0.5, 1.0, -1.0):
        use(engine, files["a"], weight=weight)
        sheets.setdefault(weight, set()).add(sheet().tobytes())

    assert all(len(one) == 1 for one in sheets.values())
    assert len(set.union(*sheets.values())) == 3


def test_a_weight_of_zero_is_the_base(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    before = sheet().tobytes()
    use(engine, files["a"], weight=0)

    assert sheet().tobytes() == before


def test_a_file_that_changes_on_disk_is_read_again(
    engine: TorchEngine, sheet: Sheet, files: dict[str, Path]
) -> None:
    use(engine, files["a"])
    before = sheet().tobytes()
    files["a"].write_bytes(files["b"].read_bytes())
    os.utime(files["a"], ns=(1, 1))
    use(engine, files["a"])

    assert sheet().tobytes() != before


def test_adapters_take_the_precision_of_the_model(
    engine: TorchEngine, files: dict[str, Path]
) -> None:
    use(engine, files["a"])

    assert {value.dtype for value in engine.pipeline.transformer.parameters()} == {torch.float32}
    assert not any(v.is_meta for v in engine.pipeline.transformer.parameters())
