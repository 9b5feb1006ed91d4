"""A float32 graph computed in half precision where the time goes, as torch's autocast does.

Products (``MatMul``, ``Gemm``) and the softmax between two of them take and give half precision,
and what only moves their results about stays in it; norms, the timestep's and the rotary
embeddings and the residual stream stay in float32. A ``Cast`` stands behind each weight
(:mod:`.weights` takes it out again). A softmax in float32 between two half products would keep
TensorRT from fusing the attention, and the scores of every pair of tokens would lie in memory.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import TensorProto

KINDS = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}
PRODUCTS = frozenset({"MatMul", "Gemm", "Softmax"})
MOVES = frozenset({"Reshape", "Transpose", "Slice", "Squeeze", "Unsqueeze", "Identity"})


def in_halves(graph: onnx.GraphProto, dtype: str, narrow_inputs: tuple[str, ...] = ()) -> None:
    """Rewrite ``graph`` (float32, topologically sorted) to compute in ``dtype``, in place.

    ``dtype`` is ``float16`` or ``bfloat16``. The inputs ``narrow_inputs`` become of that type
    themselves; all others, and the outputs, stay float32.
    """
    rewriting = _Rewriting(graph, KINDS[dtype])
    for value in graph.input:
        if value.name in narrow_inputs:
            value.type.tensor_type.elem_type = KINDS[dtype]
            rewriting.native[value.name] = value.name
    nodes = [one for node in list(graph.node) for one in rewriting.rewritten(node)]
    nodes += [cast for value in graph.output for cast in rewriting.wide(value.name)]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]  # the types in it are no longer true; TensorRT infers its own


class _Rewriting:
    """What is known of each value on the way through the graph.

    ``native``: values that exist in half precision only, by the name under which they do;
    ``narrowed``: float32 values of which a half copy exists; ``widened``: the other way round.
    """

    def __init__(self, graph: onnx.GraphProto, kind: int) -> None:
        self._kind = kind
        self._floats = {
            value.name
            for value in (*graph.value_info, *graph.input, *graph.output)
            if value.type.tensor_type.elem_type == TensorProto.FLOAT
        } | {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
        self.native: dict[str, str] = {}
        self._narrowed: dict[str, str] = {}
        self._widened: set[str] = set()

    def rewritten(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        """``node`` with the casts that it needs before it."""
        if node.op_type in PRODUCTS and node.input[0] in self._floats | self.native.keys():
            for index, name in enumerate(node.input):
                if name:
                    yield from self._narrow(name)
                    node.input[index] = self._half(name)
            self._becomes_half(node)
        elif node.op_type in MOVES and node.input[0] in self.native:
            node.input[0] = self.native[node.input[0]]
            self._becomes_half(node)
        else:
            for name in node.input:
                yield from self.wide(name)
        yield node

    def wide(self, name: str) -> Iterator[onnx.NodeProto]:
        """The cast that makes the half value ``name`` float32 under its own name, once."""
        if name in self.native and name not in self._widened:
            half = self.native[name]
            self._widened.add(name)
            if half == name:  # an input of the graph: its own name is taken
                raise ValueError(f"the input {name} is read where float32 is needed")
            yield onnx.helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT)

    def _narrow(self, name: str) -> Iterator[onnx.NodeProto]:
        if name not in self.native and name not in self._narrowed:
            self._narrowed[name] = f"{name}:half"
            yield onnx.helper.make_node("Cast", [name], [self._narrowed[name]], to=self._kind)

    def _half(self, name: str) -> str:
        return self.native.get(name) or self._narrowed[name]

    def _becomes_half(self, node: onnx.NodeProto) -> None:
        for index, name in enumerate(node.output):
            self.native[name] = f"{name}:half"
            node.output[index] = self.native[name]
