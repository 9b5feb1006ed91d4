"""Which sheets a step sees: whole batches of one bucket, every sheet once before any twice."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any


class Order:
    """An endless, seeded order of batches; its state is plain data, so that it can be kept.

    Buckets are drawn in proportion to what is left of them in this round. A bucket that cannot
    fill a batch begins its next round early, as a small bucket has to.
    """

    def __init__(self, buckets: Mapping[str, Sequence[int]], batch: int, seed: int) -> None:
        self._buckets = {name: tuple(members) for name, members in sorted(buckets.items())}
        self._batch = batch
        self._random = random.Random(seed)
        self._left: dict[str, list[int]] = {name: [] for name in self._buckets}

    def next(self) -> tuple[str, list[int]]:
        """The next batch: its bucket and the indices of its sheets."""
        if not any(self._left.values()):
            for name in self._buckets:
                self._refill(name)
        names = list(self._buckets)
        (name,) = self._random.choices(names, [len(self._left[name]) for name in names])
        chosen: list[int] = []
        while len(chosen) < self._batch:
            if not self._left[name]:
                self._refill(name)
            chosen.append(self._left[name].pop())
        return name, chosen

    def state(self) -> dict[str, Any]:
        """All that decides what comes next, as JSON."""
        version, numbers, gauss = self._random.getstate()
        return {"left": self._left, "random": [version, list(numbers), gauss]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` gave; raises ``ValueError`` for other buckets."""
        if sorted(state["left"]) != sorted(self._buckets):
            raise ValueError("the buckets are others than in the checkpoint")
        version, numbers, gauss = state["random"]
        self._random.setstate((version, tuple(numbers), gauss))
        self._left = {name: list(state["left"][name]) for name in self._buckets}

    def _refill(self, name: str) -> None:
        round_ = list(self._buckets[name])
        self._random.shuffle(round_)
        self._left[name] = round_
