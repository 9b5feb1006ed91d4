"""The export's transformer as TensorRT's parser takes it.

An initializer that is also an input is a constant to the parser, so the adapters' zero defaults
are taken out: both become plain inputs. Only the places of the weights are handed on: a graph of a
large model is small.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from icl_studio.errors import StorageProblem

from ..export.graph import FILE
from ..export.signature import ADAPTER
from .halves import KINDS, in_halves
from .weights import write_halves

WEIGHTS = "weights"


class ParserInput(NamedTuple):
    """``proto``: the graph; ``path``: the file beside which its weights lie."""

    proto: bytes
    path: Path


def parser_input(folder: Path, dtype: str, scratch: Path) -> ParserInput:
    """The graph of ``folder/model.onnx`` to be computed in ``dtype``.

    A float32 graph is rewritten to half precision where the time goes (:mod:`.halves`), its
    weights in the folder ``scratch``; one that was exported in ``dtype`` is taken as it is, and
    its weights stay where they are. Raises ``OSError`` for a full disk, and
    :class:`StorageProblem` for a file that is no such graph, and for one of another precision.
    """
    path = folder / FILE
    try:
        model = onnx.load(path, load_external_data=False)
    except (OSError, DecodeError) as error:
        raise StorageProblem(f"{path} cannot be read: {error}", fix="Export it again.") from error
    graph = model.graph
    missing = set(ADAPTER) - {value.name for value in graph.input}
    if missing:
        raise StorageProblem(
            f"{path} takes no adapters: it has no input {', '.join(sorted(missing))}.",
            fix="Export it again with this version.",
        )
    kept = [tensor for tensor in graph.initializer if tensor.name not in ADAPTER]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    exported = precision(graph)
    if exported == "float32" and dtype != "float32":
        in_halves(graph, dtype, narrow_inputs=ADAPTER)
        write_halves(graph, folder, scratch / WEIGHTS, dtype)
        path = scratch / FILE
    elif exported != dtype:
        raise StorageProblem(
            f"{path} was exported in {exported}; {dtype} cannot be built from it.",
            fix=f"Build it with --dtype {exported}, or export it again.",
        )
    return ParserInput(model.SerializeToString(), path)


def precision(graph: onnx.GraphProto) -> str:
    """``float32``, ``float16`` or ``bfloat16``: that of the adapters, which is the weights' own."""
    names = {TensorProto.FLOAT: "float32"} | {kind: name for name, kind in KINDS.items()}
    (adapter,) = (value for value in graph.input if value.name == ADAPTER[0])
    return names.get(adapter.type.tensor_type.elem_type, "another precision")
