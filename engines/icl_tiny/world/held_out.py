"""The rule that keeps one combination in ten out of all training, the same on every machine."""

import hashlib
from functools import singledispatch
from typing import Any

from icl_tiny.world.attributes import Creature, Shot
from icl_tiny.world.kinds import Corner, Mark, Profile, Slide, Word

_PERCENT = 10


@singledispatch
def identity(thing: Any) -> str:
    """The canonical text of what training may or may not see. Raises TypeError for no panel."""
    raise TypeError(f"{type(thing).__name__} is no panel of this world")


@identity.register
def _(thing: Creature) -> str:
    return thing.key


@identity.register
def _(thing: Shot) -> str:
    return thing.creature.key


@identity.register
def _(thing: Profile) -> str:
    return thing.creature.key


@identity.register
def _(thing: Mark) -> str:
    return f"mark/{thing.shape}/{thing.colour}/{thing.ground}"


@identity.register
def _(thing: Word) -> str:
    return f"word/{thing.text}/{thing.typeface}/{thing.ink}/{thing.ground}"


@identity.register
def _(thing: Corner) -> str:
    return f"corner/{thing.style}/{thing.wall}/{thing.accent}"


@identity.register
def _(thing: Slide) -> str:
    return f"slide/{thing.theme}/{thing.colour}/{thing.accent}"


def is_held_out(thing: Any) -> bool:
    """Whether a creature or panel is kept out of all training, by hash: about one in ten, always.

    A set is held out when all its panels are: both creatures of a couple, all words of a typeface.
    """
    digest = hashlib.sha256(identity(thing).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < _PERCENT
