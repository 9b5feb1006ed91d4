"""Running out of memory is the user's to mend, and says so in one sentence."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from icl_engines.torch_engine.memory import memory_errors
from icl_studio.errors import OutOfMemory

CPU = torch.device("cpu")


def test_a_real_allocation_failure_is_translated() -> None:
    with pytest.raises(OutOfMemory, match="ran out of memory while drawing") as caught:  # noqa: SIM117
        with memory_errors(CPU, "drawing 1 x 8192x8192"):
            torch.empty(1 << 60, dtype=torch.uint8)

    assert "smaller panels" in caught.value.fix


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 18.00 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
    ids=["cuda", "mps", "cublas", "python"],
)
def test_every_devices_words_are_known(error: Exception) -> None:
    with pytest.raises(OutOfMemory), memory_errors(CPU, "loading tiny"):
        raise error


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(RuntimeError, match="shape mismatch"), memory_errors(CPU, "drawing"):
        raise RuntimeError("shape mismatch")


def test_what_the_failed_phase_held_is_freed() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def phase() -> None:
        big = torch.zeros(1000)
        held.append(weakref.ref(big))
        torch.empty(1 << 60, dtype=torch.uint8)

    with pytest.raises(OutOfMemory), memory_errors(CPU, "drawing"):
        phase()

    gc.collect()
    assert held[0]() is None
