"""Adapters as inputs: any number, stacked along the rank, weights folded into B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from icl_studio.engines.protocol import AdapterFile
from icl_studio.errors import AdapterRejected

from ..export.signature import Packing, Pair
from .check import Delta, load_adapter
from .convert import Linear

KEPT = 8
"""Files that stay in memory, checked and converted, so that going back to one costs no disk."""

FileKey = tuple[Path, int, int]


class AdapterInputs:
    """Turns adapter files into the two adapter inputs of a compiled transformer."""

    def __init__(self, linears: Mapping[str, Linear], max_rank: int) -> None:
        self._linears = dict(linears)
        self._packing = Packing(linears)
        self._max_rank = max_rank
        self._files: dict[FileKey, dict[str, Delta]] = {}

    def packed(self, adapters: Sequence[AdapterFile]) -> Pair | None:
        """The inputs (float32, on the CPU) with which exactly ``adapters`` act; None without any.

        Raises :class:`AdapterRejected` for a file that does not fit, and when the ranks
        together are more than the engine takes.
        """
        weighted: dict[FileKey, float] = {}
        for adapter in adapters:
            key = self._read(adapter.path)
            weighted[key] = weighted.get(key, 0.0) + adapter.weight
        self._forget(max(KEPT, len(weighted)))
        weighted = {key: weight for key, weight in weighted.items() if weight}
        if not weighted:
            return None
        stacked = self._stack(weighted)
        rank = max(delta.a.shape[0] for delta in stacked.values())
        if rank > self._max_rank:
            names = ", ".join(key[0].name for key in weighted)
            raise AdapterRejected(
                f"{names} have rank {rank} together; this engine takes {self._max_rank}.",
                fix=f"Export it again with --max-rank {rank}, or use --engine torch.",
            )
        pairs = {name: (delta.a, delta.b) for name, delta in stacked.items()}
        return self._packing.pack(pairs, rank)

    def _stack(self, weighted: Mapping[FileKey, float]) -> dict[str, Delta]:
        """One delta a linear: ``sum of w B A`` is one product of concatenated B and A."""
        parts: dict[str, list[Delta]] = {}
        for key, weight in weighted.items():
            for name, delta in self._files[key].items():
                parts.setdefault(name, []).append(Delta(delta.a, delta.b * weight))
        return {
            name: Delta(torch.cat([one.a for one in some]), torch.cat([one.b for one in some], 1))
            for name, some in parts.items()
        }

    def _read(self, path: Path) -> FileKey:
        """Load ``path`` unless this version of it is in memory already."""
        try:
            stat = path.resolve().stat()
        except OSError as error:
            raise AdapterRejected(
                f"{path} cannot be read: {error.strerror or error}.", fix="Check the path."
            ) from error
        key = (path.resolve(), stat.st_mtime_ns, stat.st_size)
        # By the path that was given: a link's target (a hub blob) has no name. The order of the
        # dict is that of the last use.
        self._files[key] = self._files.pop(key, None) or load_adapter(path, self._linears)
        return key

    def _forget(self, keep: int) -> None:
        for key in list(self._files)[:-keep]:
            del self._files[key]
