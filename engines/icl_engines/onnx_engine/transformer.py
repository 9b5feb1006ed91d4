"""A FLUX transformer that onnxruntime computes, as ``FluxPipeline`` calls its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from diffusers import FluxTransformer2DModel
from diffusers.configuration_utils import FrozenDict

from icl_studio.errors import StorageProblem

from ..export.graph import FILE
from ..export.signature import input_names


class OnnxTransformer:
    """The component in the place of ``FluxTransformer2DModel``; on the CPU, float32.

    ``adapter`` are the bound adapter inputs (:mod:`.adapters`), empty for the base model.
    """

    dtype = torch.float32
    device = torch.device("cpu")

    def __init__(self, folder: Path, threads: int) -> None:
        """Load ``folder/model.onnx``, which must have been verified.

        Raises :class:`StorageProblem` when onnxruntime cannot read it all the same.
        """
        self.config: Any = FrozenDict(FluxTransformer2DModel.load_config(folder))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors; the rest is for developers
        try:
            self._session = onnxruntime.InferenceSession(
                folder / FILE, options, providers=["CPUExecutionProvider"]
            )
        # onnxruntime's exceptions share no base but Exception.
        except Exception as error:
            raise StorageProblem(
                f"onnxruntime {onnxruntime.__version__} cannot load {folder / FILE}: {error}",
                fix="Export the engine again, or use --engine torch.",
            ) from error
        self._names = input_names(bool(self.config["guidance_embeds"]))
        self.adapter: Mapping[str, onnxruntime.OrtValue] = {}

    def __call__(self, **given: Any) -> tuple[torch.Tensor]:
        """One step: the same inputs by name and shape as ``FluxTransformer2DModel.forward``."""
        feed = {name: _value(given[name]) for name in self._names}
        (output,) = self._session.run_with_ort_values(None, {**feed, **self.adapter})
        return (torch.from_numpy(output.numpy()),)

    @contextmanager
    def cache_context(self, _name: str) -> Iterator[None]:
        """diffusers marks conditional and unconditional passes for its step caches; none here."""
        yield


def _value(tensor: torch.Tensor) -> onnxruntime.OrtValue:
    return onnxruntime.OrtValue.ortvalue_from_numpy(tensor.contiguous().float().numpy())
