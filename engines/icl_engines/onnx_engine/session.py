"""One graph in onnxruntime: tensors in, tensors out, and what stays bound between runs.

Everything goes through I/O binding. onnxruntime copies a bound input to the session's device
when it is bound, not at every run: so an adapter, and whatever a loop hands over again
unchanged, reaches a GPU once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from icl_studio.errors import StorageProblem, UserError

from ..export.graph import FILE
from .providers import CPU, Provider

NUMPY = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}
TYPES = {**NUMPY, "tensor(bfloat16)": torch.bfloat16, "tensor(int64)": torch.int64}
BFLOAT16 = 16
"""ONNX's number for a type that numpy has not."""
MEMORY = ("allocate memory", "bad allocation", "out of memory", "bad_alloc")


class Session:
    """``folder/model.onnx`` on ``provider``; the file must have been verified."""

    def __init__(self, folder: Path, provider: Provider = CPU, threads: int | None = None) -> None:
        """Raises :class:`StorageProblem` when onnxruntime cannot read it, ``MemoryError``."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        options.log_severity_level = 3  # errors; it warns of inputs with defaults, which are meant
        path = folder / FILE
        try:
            self._session = provider.open(path, options)
        except UserError:
            raise
        # onnxruntime's exceptions share no base but Exception.
        except Exception as error:
            _raise_memory(error)
            raise StorageProblem(
                f"onnxruntime {onnxruntime.__version__} cannot load {path}: {error}",
                fix="Export the engine again, or use --engine torch.",
            ) from error
        needed, optional = self._session.get_inputs(), self._session.get_overridable_initializers()
        self._needed = {value.name: value.shape for value in needed}
        self.types = {value.name: TYPES[value.type] for value in (*needed, *optional)}
        self._outputs = [value.name for value in self._session.get_outputs()]
        self._binding = self._session.io_binding()
        self._kept: dict[str, torch.Tensor] = {}

    def zeros_of(self, names: Collection[str]) -> dict[str, torch.Tensor]:
        """Zeros for those of ``names`` that have no default, every free axis 1."""
        return {
            name: torch.zeros(
                [size if isinstance(size, int) else 1 for size in self._needed[name]],
                dtype=self.types[name],
            )
            for name in names
            if name in self._needed
        }

    def bind(self, values: Mapping[str, torch.Tensor]) -> None:
        """Make exactly ``values`` stay bound; optional inputs left out have their defaults."""
        self._binding.clear_binding_inputs()
        self._kept = {}
        for name, tensor in values.items():
            self._binding.bind_ortvalue_input(name, _value(tensor))

    def run(
        self, given: Mapping[str, torch.Tensor], constant: Collection[str] = ()
    ) -> list[torch.Tensor]:
        """Run once. An input named in ``constant`` is not bound again while it is the same tensor
        (which must not be written to meanwhile).

        Raises ``MemoryError`` when the device has too little.
        """
        for name, tensor in given.items():
            if name in constant and self._kept.get(name) is tensor:
                continue
            self._kept[name] = tensor
            self._binding.bind_ortvalue_input(name, _value(tensor.to(self.types[name])))
        for name in self._outputs:
            self._binding.bind_output(name)
        try:
            self._session.run_with_iobinding(self._binding)
            return [torch.from_numpy(one) for one in self._binding.copy_outputs_to_cpu()]
        # As above; anything else than memory is passed on as it is.
        except Exception as error:
            _raise_memory(error)
            raise


def _value(tensor: torch.Tensor) -> onnxruntime.OrtValue:
    """``tensor`` as onnxruntime's, on the CPU."""
    tensor = tensor.detach().contiguous()
    if tensor.dtype is torch.bfloat16:
        bits = tensor.view(torch.int16).numpy().view(np.uint16)
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, BFLOAT16)
    return onnxruntime.OrtValue.ortvalue_from_numpy(tensor.numpy())


def _raise_memory(error: Exception) -> None:
    if any(phrase in str(error) for phrase in MEMORY):
        raise MemoryError(str(error)) from error
