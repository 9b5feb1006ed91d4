"""One engine for all tests of the engine; every test gets it without adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL.Image import Image

from icl_engines.testing import random_flux_model
from icl_engines.torch_engine import TorchEngine, create
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import DenoiseItem, EngineOptions

CANVAS = Size(96, 64)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small lose more to thread hand-over than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def loaded_engine(random_flux: Path) -> Iterator[TorchEngine]:
    engine = create(random_flux_model(random_flux), EngineOptions(device="cpu"))
    yield engine
    engine.close()


@pytest.fixture
def engine(loaded_engine: TorchEngine) -> Iterator[TorchEngine]:
    yield loaded_engine
    loaded_engine.use_adapters([])


@pytest.fixture
def item(engine: TorchEngine) -> Callable[..., DenoiseItem]:
    """Make a denoise item from a seed and a caption."""

    def make(seed: int = 0, caption: str = "a red fox in the snow", steps: int = 2) -> DenoiseItem:
        (conditioning,) = engine.encode([caption])
        sampling = Sampling(steps=steps, guidance=3.5)
        return DenoiseItem(conditioning=conditioning, canvas=CANVAS, seed=seed, sampling=sampling)

    return make


@pytest.fixture
def sheet(engine: TorchEngine, item: Callable[..., DenoiseItem]) -> Callable[..., Image]:
    """Make one sheet through all three phases."""

    def make(seed: int = 0) -> Image:
        return engine.decode(engine.denoise([item(seed, steps=1)]))[0]

    return make
