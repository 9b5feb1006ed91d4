"""Device and precision: a sensible choice, or a wish that is checked."""

from __future__ import annotations

import pytest
import torch

from icl_engines.torch_engine.device import choose_device, choose_dtype
from icl_studio.engines.protocol import EngineOptions
from icl_studio.errors import UserError

CPU = torch.device("cpu")


def test_a_cpu_computes_in_float32() -> None:
    assert choose_dtype(EngineOptions(), CPU) is torch.float32
    assert choose_dtype(EngineOptions(dtype="bfloat16"), CPU) is torch.bfloat16


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "", "meta"])
def test_an_unknown_device_is_named(name: str) -> None:
    with pytest.raises(UserError) as caught:
        choose_device(EngineOptions(device=name))

    assert repr(name) in caught.value.message
    assert "cuda" in caught.value.fix


@pytest.mark.parametrize("name", ["float8", "fp16", ""])
def test_an_unknown_precision_is_named(name: str) -> None:
    with pytest.raises(UserError, match=r"no precision called") as caught:
        choose_dtype(EngineOptions(dtype=name), CPU)

    assert "bfloat16" in caught.value.fix


def test_float16_on_a_cpu_is_refused() -> None:
    with pytest.raises(UserError, match="float16"):
        choose_dtype(EngineOptions(dtype="float16"), CPU)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_where_there_is_none_says_why() -> None:
    with pytest.raises(UserError, match="no CUDA device") as caught:
        choose_device(EngineOptions(device="cuda"))

    if torch.version.cuda is None:
        assert "CPU build" in caught.value.message


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_cuda_index_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="cuda:99"):
        choose_device(EngineOptions(device="cuda:99"))


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without MPS")
def test_mps_where_there_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="Apple"):
        choose_device(EngineOptions(device="mps"))
