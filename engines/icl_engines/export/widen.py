"""An export in bfloat16 as the same graph in float32, for a machine that cannot compute it.

onnxruntime has no bfloat16 arithmetic on CPUs. The numbers stay those of the export, rounded
as they are; only what is computed with them is wider. So the comparison with torch covers the
graph and the rounded weights, and not the rounding of what lies between.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import onnx_ir as ir

from .graph import FILE
from .layout import CONFIGS

NARROW, WIDE = ir.DataType.BFLOAT16, ir.DataType.FLOAT


def widen(export: Path, target: Path, names: Iterable[str] = tuple(CONFIGS)) -> None:
    """Write the components ``names`` of ``export`` into ``target`` with float32 for bfloat16."""
    for name in names:
        (target / name).mkdir(parents=True)
        shutil.copyfile(export / name / "config.json", target / name / "config.json")
        model = ir.load(export / name / FILE)
        _widen_graph(model.graph)
        ir.save(model, target / name / FILE, external_data=f"{FILE}.data")


def _widen_graph(graph: ir.Graph) -> None:
    for value in (*graph.inputs, *graph.initializers.values()):
        _widen_value(value)
    for node in graph.all_nodes():
        for output in node.outputs:
            _widen_value(output)
        for attribute in list(node.attributes.values()):
            if attribute.type == ir.AttributeType.INT and attribute.name in ("to", "dtype"):
                if attribute.as_int() == NARROW:
                    node.attributes[attribute.name] = ir.AttrInt64(attribute.name, int(WIDE))
            elif attribute.type == ir.AttributeType.TENSOR:
                tensor = attribute.as_tensor()
                if tensor.dtype == NARROW:
                    node.attributes[attribute.name] = ir.AttrTensor(attribute.name, _wide(tensor))


def _widen_value(value: ir.Value) -> None:
    if value.dtype == NARROW:
        value.dtype = WIDE
    if value.const_value is not None and value.const_value.dtype == NARROW:
        value.const_value = _wide(value.const_value)


def _wide(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
    """``tensor`` in float32, converted when it is written: all at once would be twice the model."""
    return ir.LazyTensor(
        lambda: ir.tensor(tensor.numpy().astype("float32"), name=tensor.name),
        dtype=WIDE,
        shape=ir.Shape(tensor.shape),
        name=tensor.name,
    )
