"""What searching panels of one kind takes, found out by drawing a plain one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from icl_tiny.oracle.hidden import first_variant, variants
from icl_tiny.oracle.likeness import region
from icl_tiny.oracle.pictures import SHORT_SIDE, Array, drawn
from icl_tiny.world.facts import ALL_VALUES, changed, facts

_WITHIN = 0.9
"""Hidden variety goes with a fact under whose values it changes other parts of the picture: of each
two such parts, less than this share of the smaller lies within the larger, as a mean. (Two values
alone do not tell: behind an avatar every heart lies where a stripe may be.)"""
_MUCH = 0.6
"""Scenery is what hidden variety goes with and what changes at least this share of the picture, of
what the most changing fact does."""


@dataclass(frozen=True)
class Kind:
    """How panels of one kind are searched.

    `order` has the facts, those that change most of the picture first: the rest is judged before
    them. Scenery comes before all: what lies over a scene is not to be read before a wrong one.
    `together` names for a fact those that come and go with it (a hat's colour with the hat),
    `with_variety` those under whose values hidden variety is another (a place's backdrops).
    """

    order: tuple[str, ...]
    together: Mapping[str, tuple[str, ...]]
    with_variety: frozenset[str]


def values(panel: Any, name: str) -> list[Any]:
    """`panel` with every value of fact `name` that its kind has; itself first."""
    found = [panel]
    for value in ALL_VALUES[name]:
        if value == facts(panel)[name]:
            continue
        try:
            found.append(changed(panel, name, value))
        except ValueError:  # a value of other kinds of panels
            continue
    return found


def number_of_values(panel: Any, name: str) -> int:
    """How many values fact `name` can have in a panel of this kind; guessing hits one of them."""
    return len(values(panel, name))


def kind_of(panel: Any, size: tuple[int, int]) -> Kind:
    """How panels like `panel` are searched in pictures of `size`; the same for all of its kind."""
    plain = first_variant(panel)
    for name in facts(plain):
        if name in facts(plain):
            plain = min(values(plain, name), key=lambda one: _place(one, name))
    return _kind(plain, size)


def _place(panel: Any, name: str) -> int:
    return ALL_VALUES[name].index(facts(panel)[name])


@lru_cache(maxsize=64)
def _kind(plain: Any, size: tuple[int, int]) -> Kind:
    together = {name: _coming_and_going(plain, name) for name in facts(plain)}
    shown = dict.fromkeys(facts(plain), plain)
    for name, others in together.items():
        for other in others:
            shown[other] = next(one for one in values(plain, name) if other in facts(one))
    effect = {
        name: int(region(drawings(values(panel, name), size)).sum())
        for name, panel in shown.items()
    }
    varied = frozenset(name for name in facts(plain) if _has_own(plain, name, size))
    scenery = {name for name in varied if effect[name] > _MUCH * max(effect.values())}
    return Kind(
        order=tuple(sorted(shown, key=lambda name: (name not in scenery, -effect[name]))),
        together=together,
        with_variety=varied,
    )


def _coming_and_going(panel: Any, name: str) -> tuple[str, ...]:
    """Facts that some values of `name` bring or take away."""
    sets: list[set[str]] = [set(facts(one)) for one in values(panel, name)]
    return tuple(sorted(sets[0].union(*sets) - sets[0].intersection(*sets)))


def _has_own(panel: Any, name: str, size: tuple[int, int]) -> bool:
    """Whether hidden variety changes other parts of the picture under other values of `name`."""
    regions = [region(drawings(variants(value), size)) for value in values(panel, name)]
    within = [
        (one & other).sum() / max(1, min(one.sum(), other.sum()))
        for one, other in combinations([r for r in regions if r.any()], 2)
    ]
    return bool(within) and float(np.mean(within)) < _WITHIN


def drawings(
    panels: Iterable[Any], size: tuple[int, int], short_side: int = SHORT_SIDE
) -> list[Array]:
    """The world's pictures of `panels` as the oracle sees them."""
    return [drawn(panel, size, short_side) for panel in panels]
