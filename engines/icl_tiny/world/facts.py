"""What a panel says, fact by fact, and the same panel with one fact changed.

Every kind of panel registers here what can be named of it. Captions are written from these facts,
training asks for them, and the oracle reads them back out of a generated picture: it draws the
panel again with each other value and keeps the likest.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from types import MappingProxyType
from typing import Any

from icl_tiny.world.attributes import (
    ACTIONS,
    BODIES,
    COLOURS,
    HATS,
    NO_HAT,
    PLACES,
    POSITIONS,
    Creature,
    Shot,
)

Facts = Mapping[str, str]
"""A panel's facts by name, such as {"colour": "red", "hat": "cap", "scene": "beach"}."""

ALL_VALUES: dict[str, tuple[str, ...]] = {
    "colour": tuple(COLOURS),
    "body": BODIES,
    "hat": HATS,
    "hat colour": tuple(COLOURS),
    "scene": PLACES,
    "action": ACTIONS,
    "position": POSITIONS,
}
"""Every fact that any panel can have, with all its values: each fact's chance level is here."""


@singledispatch
def facts(panel: Any) -> Facts:
    """What can be named of `panel`. Raises TypeError for something that is no panel."""
    raise TypeError(f"{type(panel).__name__} is no panel of this world")


@singledispatch
def changed(panel: Any, name: str, value: str) -> Any:
    """`panel` with fact `name` set to `value`, all else the same.

    Raises ValueError for a fact that this panel does not have or a value that does not exist.
    """
    raise TypeError(f"{type(panel).__name__} is no panel: {name} cannot become {value}")


@facts.register
def _(panel: Shot) -> Facts:
    who = panel.creature
    found = {"colour": who.colour, "body": who.body, "hat": who.hat}
    if who.hat_colour is not None:
        found["hat colour"] = who.hat_colour
    found |= {"scene": panel.place, "action": panel.action, "position": panel.position}
    return MappingProxyType(found)


_SHOT_FIELDS = {"scene": "place", "action": "action", "position": "position"}
_CREATURE_FIELDS = {"colour": "colour", "body": "body", "hat colour": "hat_colour"}


@changed.register
def _(panel: Shot, name: str, value: str) -> Shot:
    if name in _SHOT_FIELDS:
        return replace(panel, **{_SHOT_FIELDS[name]: value})
    who = panel.creature
    if name == "hat":
        # A hat that was not there takes red: it needs some colour, and the caption named none.
        colour = None if value == NO_HAT else who.hat_colour or "red"
        return replace(panel, creature=Creature(who.colour, who.body, value, colour))
    if name not in _CREATURE_FIELDS or (name == "hat colour" and who.hat == NO_HAT):
        raise ValueError(f"this panel says nothing of {name!r}; it has {', '.join(facts(panel))}")
    return replace(panel, creature=replace(who, **{_CREATURE_FIELDS[name]: value}))
