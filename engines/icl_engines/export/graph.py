"""torch's exporter, and the adapters as optional inputs with a zero default."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from diffusers import FluxTransformer2DModel

from ..adapters.convert import Linear
from .signature import (
    ADAPTER,
    OUTPUT,
    TRACED,
    Packing,
    example,
    free_axes,
    input_names,
    random_adapter,
)
from .slots import Traced, adaptable, linears_of

OPSET = 20
FILE = "model.onnx"
"""optimum's name; the weights lie beside it in ``model.onnx.data``, named relatively."""


def write_transformer(model: FluxTransformer2DModel, folder: Path, max_rank: int) -> None:
    """Write ``model`` (float32, on the CPU) as ``folder/model.onnx`` and its external data.

    Batch, image tokens, text tokens and the adapters' rank are free (:mod:`.signature`). A
    client that knows nothing of adapters leaves them out and runs the base model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    linears = linears_of(model)
    with adaptable(model) as traced, torch.no_grad(), _quiet():
        program = _exported(traced, model, linears, max_rank)
    _default_to_nothing(program.model, linears)
    program.save(folder / FILE, external_data=True)


def _exported(
    traced: Traced, model: FluxTransformer2DModel, linears: Mapping[str, Linear], max_rank: int
) -> Any:
    batch, image, text, rank = TRACED
    config = model.config
    given = example(config, batch, image, text)
    packed = Packing(linears).pack(random_adapter(linears, rank), rank)
    guidance = given.pop("guidance", None)
    return torch.onnx.export(
        traced,
        (*given.values(), guidance, *packed),
        dynamo=True,
        dynamic_shapes=free_axes(config.guidance_embeds, max_rank),
        opset_version=OPSET,
        input_names=[*input_names(config.guidance_embeds), *ADAPTER],
        output_names=[OUTPUT],
        verbose=False,
    )


def _default_to_nothing(model: ir.Model, linears: Mapping[str, Linear]) -> None:
    """Give both adapter inputs a default of zeros at rank 1: ONNX's way to make them optional.

    This is done after the exporter has optimised the graph, which takes what it knows for a
    constant.
    """
    inputs = {value.name: value for value in model.graph.inputs}
    for name, height in zip(ADAPTER, Packing(linears).heights, strict=True):
        value = inputs[name]
        value.const_value = ir.tensor(np.zeros((height, 1), np.float32), name=name)
        model.graph.initializers[name] = value


class _quiet:
    """The exporter's hints for developers (torchvision, axis names) are no matter of a user."""

    def __enter__(self) -> None:
        self._log = logging.getLogger("torch.onnx")
        self._level = self._log.level
        self._log.setLevel(logging.ERROR)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: Any) -> None:
        self._warnings.__exit__(*error)
        self._log.setLevel(self._level)
