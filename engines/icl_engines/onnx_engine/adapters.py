"""The two adapter inputs as a session takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from icl_studio.engines.protocol import AdapterFile

from ..adapters.convert import Linear
from ..adapters.inputs import AdapterInputs
from ..export.signature import ADAPTER, Pair

Bound = dict[str, torch.Tensor]


def named(packed: Pair | None, dtype: torch.dtype) -> Bound:
    """Both inputs by name in the graph's own precision; None: no inputs, so no adapter acts."""
    if packed is None:
        return {}
    return {name: part.to(dtype) for name, part in zip(ADAPTER, packed, strict=True)}


class AdapterBinder:
    """Turns adapter files into the transformer's two adapter inputs."""

    def __init__(
        self, linears: Mapping[str, Linear], max_rank: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self._inputs = AdapterInputs(linears, max_rank)
        self._dtype = dtype

    def bind(self, adapters: Sequence[AdapterFile]) -> Bound:
        """The inputs with which exactly ``adapters`` act; empty without any.

        Raises :class:`AdapterRejected` as :meth:`AdapterInputs.packed` does.
        """
        return named(self._inputs.packed(adapters), self._dtype)
