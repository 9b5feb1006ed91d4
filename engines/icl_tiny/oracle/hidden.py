"""Hidden variety: what a panel's picture depends on though no caption tells it.

Panels are frozen dataclasses whose integer fields (such as which drawing of a place stands behind)
are no facts. The oracle must try them all, or it would take another drawing of the right place for
a wrong place.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any

MOST = 8
"""So many values of a hidden field are tried at most."""


def variants(panel: Any) -> Iterator[Any]:
    """`panel` itself, then the same panel with each other value of each hidden field."""
    yield panel
    for field in fields(panel):
        value = getattr(panel, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            for other in islice(variants(value), 1, None):
                yield replace(panel, **{field.name: other})
        elif isinstance(value, int) and not isinstance(value, bool):
            yield from _counted(panel, field.name, value)


def _counted(panel: Any, name: str, value: int) -> Iterator[Any]:
    for other in range(MOST):
        if other == value:
            continue
        try:
            yield replace(panel, **{name: other})
        except ValueError:  # the panel itself says which values exist
            return


def first_variant(panel: Any) -> Any:
    """`panel` with every hidden field at 0, as far as it can be."""
    for field in fields(panel):
        value = getattr(panel, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            panel = replace(panel, **{field.name: first_variant(value)})
        elif isinstance(value, int) and not isinstance(value, bool):
            try:
                panel = replace(panel, **{field.name: 0})
            except ValueError:  # counted from 1, say
                continue
    return panel
