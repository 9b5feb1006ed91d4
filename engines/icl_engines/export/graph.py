"""torch's exporter: a traced module as ``model.onnx``, the weights beside it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
LOGS = ("torch.onnx", "torch.__trace")
FILE = "model.onnx"
"""optimum's name; the weights lie beside it in ``model.onnx.data``, named relatively."""


def write_transformer(model: FluxTransformer2DModel, folder: Path, max_rank: int) -> None:
    """Write ``model`` (on the CPU, any precision) as ``folder/model.onnx`` and its data.

    Batch, image tokens, text tokens and the adapters' rank are free (:mod:`.signature`). A
    client that knows nothing of adapters leaves them out and runs the base model. Inputs and
    output are float32 whatever the precision; the two of the adapter have the model's own.
    """
    linears = linears_of(model)
    with adaptable(model) as traced:
        program = _traced_transformer(traced, model, linears, max_rank)
    _default_to_nothing(program.model, linears, model.dtype)
    save(program, folder)


def trace(
    module: torch.nn.Module,
    given: Sequence[torch.Tensor | None],
    free: Sequence[dict[int, Any] | None],
    names: tuple[Sequence[str], Sequence[str]],
) -> Any:
    """``module`` as an ONNX program; ``names`` are its inputs' and its outputs'."""
    with torch.no_grad(), _quiet():
        return torch.onnx.export(
            module.eval(),
            tuple(given),
            dynamo=True,
            dynamic_shapes=tuple(free),
            opset_version=OPSET,
            input_names=list(names[0]),
            output_names=list(names[1]),
            verbose=False,
        )


def save(program: Any, folder: Path) -> None:
    """Write ``program`` into ``folder``, without the exporter's remarks.

    They are a third of the file and tell the paths of the machine that wrote it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
    program.save(folder / FILE, external_data=True)
    # Something of the exporter outlives it and holds the graph: its numbers must not stay.
    for value in program.model.graph.initializers.values():
        value.const_value = None


def let_go(module: torch.nn.Module) -> None:
    """Give the memory of the weights back, whoever still holds the parameters; as in :func:`save`.

    The module is of no use afterwards.
    """
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = torch.empty(0, dtype=tensor.dtype)


def _traced_transformer(
    traced: Traced, model: FluxTransformer2DModel, linears: Mapping[str, Linear], max_rank: int
) -> Any:
    batch, image, text, rank = TRACED
    config = model.config
    given = example(config, batch, image, text)
    guidance = given.pop("guidance", None)
    packed = Packing(linears).pack(random_adapter(linears, rank), rank)
    return trace(
        traced,
        [*given.values(), guidance, *(part.to(model.dtype) for part in packed)],
        free_axes(config.guidance_embeds, max_rank),
        ([*input_names(config.guidance_embeds), *ADAPTER], [OUTPUT]),
    )


def _default_to_nothing(model: ir.Model, linears: Mapping[str, Linear], dtype: torch.dtype) -> None:
    """Give both adapter inputs a default of zeros at rank 1: ONNX's way to make them optional.

    This is done after the exporter has optimised the graph, which takes what it knows for a
    constant.
    """
    inputs = {value.name: value for value in model.graph.inputs}
    for name, height in zip(ADAPTER, Packing(linears).heights, strict=True):
        value = inputs[name]
        zeros = torch.zeros(height, 1, dtype=dtype)
        value.const_value = ir.tensor(zeros, name=name)
        model.graph.initializers[name] = value


class _quiet:
    """The exporter's hints for developers (torchvision, axis names) are no matter of a user.

    Nor is its trace: every step of it would become a record wherever somebody listens to all logs.
    """

    def __enter__(self) -> None:
        self._levels = {name: logging.getLogger(name).level for name in LOGS}
        for name in LOGS:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: Any) -> None:
        self._warnings.__exit__(*error)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
