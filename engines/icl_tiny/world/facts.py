"""What a panel says, fact by fact, and the same panel with one fact changed.

Every kind of panel registers here what can be named of it. Captions are written from these facts,
training asks for them, and the oracle reads them back out of a generated picture: it draws the
panel again with each other value and keeps the likest.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from types import MappingProxyType
from typing import Any, TypeVar

from icl_tiny.world.attributes import (
    ACTIONS,
    BODIES,
    COLOURS,
    EFFECTS,
    HATS,
    NO_HAT,
    PLACES,
    POSITIONS,
    RENDERINGS,
    VIEWS,
    Creature,
    Shot,
)
from icl_tiny.world.kinds import (
    FURNITURE,
    GROUNDS,
    MANNERS,
    MARKS,
    OBJECTS,
    SLIDES,
    STYLES,
    THEMES,
    TYPEFACES,
    WALLS,
    WORDS,
    Corner,
    Mark,
    Profile,
    Slide,
    Word,
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
    "view": VIEWS,
    "effect": EFFECTS,
    "rendering": RENDERINGS,
    "manner": MANNERS,
    "ground": tuple(GROUNDS),
    "mark": MARKS,
    "mark colour": tuple(COLOURS),
    "object": OBJECTS,
    "word": WORDS,
    "typeface": TYPEFACES,
    "ink": tuple(COLOURS),
    "furniture": FURNITURE,
    "style": STYLES,
    "wall": WALLS,
    "accent": tuple(COLOURS),
    "slide": SLIDES,
    "theme": THEMES,
    "theme colour": tuple(COLOURS),
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


# The field of the panel's dataclass that holds each fact; a creature's facts are apart.
_FIELDS: dict[type, dict[str, str]] = {
    Shot: {
        "scene": "place",
        "action": "action",
        "position": "position",
        "view": "view",
        "effect": "effect",
        "rendering": "rendering",
    },
    Profile: {"manner": "manner", "ground": "ground"},
    Mark: {"mark": "shape", "mark colour": "colour", "ground": "ground", "object": "object"},
    Word: {"word": "text", "typeface": "typeface", "ink": "ink", "ground": "ground"},
    Corner: {"furniture": "furniture", "style": "style", "wall": "wall", "accent": "accent"},
    Slide: {"slide": "kind", "theme": "theme", "theme colour": "colour", "accent": "accent"},
}
_Kind = TypeVar("_Kind", bound=Shot | Profile | Mark | Word | Corner | Slide)
_CREATURE_FIELDS = {"colour": "colour", "body": "body", "hat colour": "hat_colour"}


def _creature_facts(who: Creature) -> dict[str, str]:
    found = {"colour": who.colour, "body": who.body, "hat": who.hat}
    return found if who.hat_colour is None else found | {"hat colour": who.hat_colour}


def _own_facts(panel: Any) -> dict[str, str]:
    return {name: getattr(panel, field) for name, field in _FIELDS[type(panel)].items()}


@facts.register(Shot)
@facts.register(Profile)
def _(panel: Shot | Profile) -> Facts:
    return MappingProxyType(_creature_facts(panel.creature) | _own_facts(panel))


@facts.register(Mark)
@facts.register(Word)
@facts.register(Corner)
@facts.register(Slide)
def _(panel: Mark | Word | Corner | Slide) -> Facts:
    return MappingProxyType(_own_facts(panel))


@changed.register(Shot)
@changed.register(Profile)
def _(panel: Shot | Profile, name: str, value: str) -> Shot | Profile:
    if name in _FIELDS[type(panel)]:
        return _with(panel, name, value)
    who = panel.creature
    if name == "hat":
        # A hat that was not there takes red: it needs some colour, and the caption named none.
        colour = None if value == NO_HAT else who.hat_colour or "red"
        return replace(panel, creature=Creature(who.colour, who.body, value, colour))
    if name not in _CREATURE_FIELDS or (name == "hat colour" and who.hat == NO_HAT):
        raise _unknown(panel, name)
    return replace(panel, creature=replace(who, **{_CREATURE_FIELDS[name]: value}))


@changed.register(Mark)
@changed.register(Word)
@changed.register(Corner)
@changed.register(Slide)
def _(panel: Mark | Word | Corner | Slide, name: str, value: str) -> Mark | Word | Corner | Slide:
    if name not in _FIELDS[type(panel)]:
        raise _unknown(panel, name)
    return _with(panel, name, value)


def _with(panel: _Kind, name: str, value: str) -> _Kind:
    field: dict[str, Any] = {_FIELDS[type(panel)][name]: value}
    return replace(panel, **field)


def _unknown(panel: Any, name: str) -> ValueError:
    return ValueError(f"this panel says nothing of {name!r}; it has {', '.join(facts(panel))}")
