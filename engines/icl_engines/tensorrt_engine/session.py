"""A built engine on its card: tensors in, one tensor out. The only module that runs TensorRT.

The working memory is ours and as large as the shapes at hand need: TensorRT's own would be that
of the largest canvas, all the time.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from icl_studio.errors import InternalError, StorageProblem

from ..export.signature import OUTPUT
from .compile import words
from .library import Library

log = logging.getLogger(__name__)
RESERVE = 2**30
"""Bytes of the card that stay free beside weights and working memory: the VAE's decoding."""


class Session:
    """``blob`` (verified) on ``device``; ``types`` are the inputs' by name."""

    def __init__(self, library: Library, blob: Path, device: torch.device) -> None:
        """Raises :class:`StorageProblem` when TensorRT does not take it all the same."""
        trt = library.trt
        self._device = device
        self._words = words(trt)
        with torch.cuda.device(device):
            self._runtime = trt.Runtime(self._words)
            with blob.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
                engine = self._runtime.deserialize_cuda_engine(m)
            if engine is None:
                said = (
                    self._words.errors[-1].strip() if self._words.errors else "it did not say why"
                )
                raise StorageProblem(
                    f"{library.name} {library.version} does not load {blob}: {said}",
                    fix="Build the engine again for this card, or use --engine torch.",
                )
            self.streamed = _stream_weights(engine)
            self._engine = engine
            strategy = trt.ExecutionContextAllocationStrategy.USER_MANAGED
            self._context = engine.create_execution_context(strategy)
        if self._context is None:
            raise MemoryError(f"out of memory: no execution context for {blob.name}")
        kinds = {
            trt.DataType.FLOAT: torch.float32,
            trt.DataType.HALF: torch.float16,
            trt.DataType.BF16: torch.bfloat16,
        }
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        types = {name: kinds[engine.get_tensor_dtype(name)] for name in names}
        self._output_type = types.pop(OUTPUT)
        self.types: Mapping[str, torch.dtype] = types
        self._memory = torch.empty(0, dtype=torch.uint8, device=device)

    def run(self, given: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The output for ``given`` (every input, on the device, in its type, contiguous)."""
        context = self._context
        for name, tensor in given.items():
            if not context.set_input_shape(name, tuple(tensor.shape)):
                raise self._failed(f"does not take {name} of {tuple(tensor.shape)}")
            context.set_tensor_address(name, tensor.data_ptr())
        self._make_room(context.update_device_memory_size_for_shapes())
        shape = tuple(context.get_tensor_shape(OUTPUT))
        output = torch.empty(shape, dtype=self._output_type, device=self._device)
        context.set_tensor_address(OUTPUT, output.data_ptr())
        if not context.execute_async_v3(torch.cuda.current_stream(self._device).cuda_stream):
            raise self._failed("stopped")
        return output

    def close(self) -> None:
        """Give the card's memory back."""
        del self._context, self._engine, self._runtime, self._memory

    def _make_room(self, bytes: int) -> None:
        if bytes > self._memory.numel():
            torch.cuda.synchronize(self._device)  # the old room may still be in use
            del self._memory
            self._memory = torch.empty(bytes, dtype=torch.uint8, device=self._device)
        self._context.set_device_memory(self._memory.data_ptr(), self._memory.numel())

    def _failed(self, what: str) -> Exception:
        said = self._words.errors[-1].strip() if self._words.errors else ""
        if "memory" in said.lower():
            return MemoryError(f"out of memory: {said}")
        return InternalError(f"TensorRT {what}. {said}")


def _stream_weights(engine: Any) -> bool:
    """Keep as many weights on the card as fit beside the working memory; tells if not all do."""
    weights = engine.streamable_weights_size
    if not weights:
        return False
    free, _ = torch.cuda.mem_get_info()
    room = free - engine.device_memory_size_v2 - RESERVE
    if room >= weights:
        return False  # the budget is everything unless it is set
    engine.weight_streaming_budget_v2 = max(0, room)
    log.warning(
        "The card has room for %d of %d MB of weights; the rest is streamed at every step.",
        max(0, room) // 2**20,
        weights // 2**20,
    )
    return True
