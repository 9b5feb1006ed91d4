"""How like a picture is to each of some candidates, where these differ from each other.

What all candidates share says nothing about which is right, so only the region in which they
differ is compared. Within it the picture may stand some pixels off: a model that paints the right
hat two pixels too low has painted the right hat.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from icl_tiny.oracle.pictures import Array

SHIFTS: tuple[int, ...] = (-2, 0, 2)
"""Offsets tried in both directions, in small pixels: a twenty-fourth of the short side."""
_SHIFT_COST = 0.02
"""Share by which a shifted match counts as worse, so that of two equal ones the straight wins."""
_LARGEST = 0.35
"""Distances of a pixel beyond this count as this: something foreign is only foreign once."""
_DIFFERS = 0.04
_WHOLE = 0.4
"""A region with this share of the picture is scenery: compared as it stands, every second pixel."""
_CHECKS = np.indices((512, 512)).sum(axis=0) % 2 == 0


def region(candidates: Sequence[Array]) -> NDArray[np.bool_]:
    """(h, w): where `candidates`, all (3, h, w), differ from the first enough to be seen."""
    most = np.zeros(candidates[0].shape, dtype=np.float32)
    for candidate in candidates[1:]:
        np.maximum(most, np.abs(candidate - candidates[0]), out=most)
    differs: NDArray[np.bool_] = most.max(axis=0) > _DIFFERS
    return differs


def distances(picture: Array, candidates: Sequence[Array]) -> Array:
    """(k,): the mean squared distance of `picture` to each of `candidates` in their region.

    Pictures are (3, h, w) of one size. Zeros where the candidates do not differ at all.
    """
    where = region(candidates)
    if not where.any():
        return np.zeros(len(candidates), dtype=np.float32)
    if where.mean() > _WHOLE:
        where &= _CHECKS[: where.shape[0], : where.shape[1]]
        return _apart(np.stack([c[:, where] for c in candidates], axis=1), picture[:, where])
    rows, cols = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, cols[0], cols[-1] + 1
    mask = where[top:bottom, left:right]
    targets = np.stack([c[:, top:bottom, left:right][:, mask] for c in candidates], axis=1)
    edge = max(SHIFTS)
    padded = np.pad(picture, ((0, 0), (edge, edge), (edge, edge)), mode="edge")
    best = np.full(len(candidates), np.inf, dtype=np.float32)
    for dy in SHIFTS:
        for dx in SHIFTS:
            rows_, cols_ = (
                slice(top + edge + dy, bottom + edge + dy),
                slice(left + edge + dx, right + edge + dx),
            )
            cost = 1 + _SHIFT_COST * (abs(dx) + abs(dy))
            np.minimum(best, _apart(targets, padded[:, rows_, cols_][:, mask]) * cost, out=best)
    return best


def _apart(targets: Array, seen: Array) -> Array:
    """(k,): mean squared distances of `seen` (3, pixels) to `targets` (3, k, pixels), bounded."""
    squared = np.square(targets - seen[:, None]).sum(axis=0)
    mean: Array = np.minimum(squared, _LARGEST**2, out=squared).mean(axis=1)
    return mean
