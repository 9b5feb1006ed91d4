"""Sweeps: every set of a list once for each combination of the values of some axes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from ..domain.request import MAX_SEED
from ..errors import UserError

AXES: Final = ("seed", "guidance", "steps", "lora-weight", "model", "engine")
MOST: Final = 10_000
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


@dataclass(frozen=True)
class Axis:
    """One axis: its name in :data:`AXES` and its values in order."""

    name: str
    values: tuple[Any, ...]


def parse_axis(text: str) -> Axis:
    """``NAME=VALUE,VALUE,…``; whole numbers also as ``1..4``. Raises :class:`UserError`."""
    name, _, values = text.partition("=")
    name = name.strip().casefold()
    if name not in AXES or not values.strip():
        raise UserError(
            f"{text!r} is no axis of a sweep.",
            fix=f"Write NAME=VALUE,VALUE with one of {', '.join(AXES)}, such as seed=1..4.",
        )
    found = tuple(v for part in values.split(",") for v in _values(name, part.strip(), text))
    if len(set(found)) != len(found):
        raise UserError(f"The axis {text!r} has a value twice.", fix="Give each value once.")
    return Axis(name, found)


def combinations(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """Every combination, the last axis fastest; one empty one without axes.

    Raises :class:`UserError` for an axis that is named twice.
    """
    names = [axis.name for axis in axes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"The axis {twice[0]!r} is given twice.", fix="Put its values together.")
    for values in product(*(axis.values for axis in axes)):
        yield dict(zip(names, values, strict=True))


def _values(name: str, text: str, whole: str) -> Iterator[Any]:
    if name in ("model", "engine"):
        if not text:
            raise UserError(f"The axis {whole!r} has an empty value.", fix="Remove a comma.")
        yield text
        return
    span = _RANGE.fullmatch(text)
    if span and name in ("seed", "steps"):
        first, last = int(span[1]), int(span[2])
        if last < first or last - first >= MOST:
            raise UserError(f"The range {text!r} has no values, or too many.", fix="Write 1..4.")
        yield from range(first, last + 1)
        return
    try:
        value: float = int(text) if name in ("seed", "steps") else float(text)
    except ValueError:
        raise UserError(f"{text!r} in {whole!r} is no number.", fix="Write numbers.") from None
    least, most = {
        "seed": (0, MAX_SEED),
        "steps": (1, 500),
        "guidance": (0, 50),
        "lora-weight": (-10, 10),
    }[name]
    if not least <= value <= most:
        raise UserError(f"{text} in {whole!r} is not from {least} to {most}.", fix="Change it.")
    yield value
