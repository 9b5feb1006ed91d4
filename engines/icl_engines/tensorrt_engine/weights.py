"""An export's float32 weights written anew in half precision, one tensor in memory at a time.

TensorRT would fold the casts behind them as well, but only after the parser has taken in all of
them in float32.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx
import torch
from onnx import TensorProto

from .halves import KINDS

PIECE = 2**24
"""Numbers that are converted at a time."""
ALIGNMENT = 64


def write_halves(graph: onnx.GraphProto, source: Path, target: Path, dtype: str) -> None:
    """Write the external weights of ``graph`` (in the folder ``source``) to the file ``target``.

    Those that are read through a cast to ``dtype`` and no other way are written in it, and the
    cast goes; the rest is copied. ``graph`` names the new file afterwards. Raises ``OSError``.
    """
    uses = Counter(name for node in graph.node for name in node.input)
    casts = {
        node.input[0]: node
        for node in graph.node
        if node.op_type == "Cast" and node.attribute[0].i == KINDS[dtype]
    }
    gone = set()
    with target.open("wb") as file:
        for tensor in graph.initializer:
            if tensor.data_location != TensorProto.EXTERNAL:
                continue
            place = {entry.key: entry.value for entry in tensor.external_data}
            held = np.memmap(
                source / place["location"],
                np.uint8,
                "r",
                int(place.get("offset", 0)),
                (int(place["length"]),),
            )
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            start = file.tell()
            cast = casts.get(tensor.name)
            if cast is not None and uses[tensor.name] == 1:
                _write(held.view(np.float32), file, getattr(torch, dtype))
                gone.add(cast.output[0])
                tensor.name, tensor.data_type = cast.output[0], KINDS[dtype]
            else:
                file.write(held.data)
            _place(tensor, target.name, start, file.tell() - start)
    kept = [node for node in graph.node if not (node.op_type == "Cast" and node.output[0] in gone)]
    del graph.node[:]
    graph.node.extend(kept)


def _write(numbers: np.ndarray, file: BinaryIO, dtype: torch.dtype) -> None:
    for first in range(0, numbers.size, PIECE):
        piece = torch.from_numpy(np.array(numbers[first : first + PIECE]))
        file.write(piece.to(dtype).view(torch.int16).numpy().tobytes())


def _place(tensor: onnx.TensorProto, file: str, offset: int, length: int) -> None:
    del tensor.external_data[:]
    for key, value in (("location", file), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
