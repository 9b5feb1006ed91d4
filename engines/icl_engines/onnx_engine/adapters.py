"""The two adapter inputs as onnxruntime takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnxruntime

from icl_studio.engines.protocol import AdapterFile

from ..adapters.convert import Linear
from ..adapters.inputs import AdapterInputs
from ..export.signature import ADAPTER

Bound = Mapping[str, onnxruntime.OrtValue]


class AdapterBinder:
    """Turns adapter files into values that a session takes."""

    def __init__(self, linears: Mapping[str, Linear], max_rank: int) -> None:
        self._inputs = AdapterInputs(linears, max_rank)

    def bind(self, adapters: Sequence[AdapterFile]) -> Bound:
        """The inputs with which exactly ``adapters`` act; empty without any.

        Raises :class:`AdapterRejected` as :meth:`AdapterInputs.packed` does.
        """
        packed = self._inputs.packed(adapters)
        if packed is None:
            return {}
        return {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(part.numpy())
            for name, part in zip(ADAPTER, packed, strict=True)
        }
