"""Random panels of every kind, trained or held out, always from a caller's own generator."""

import math
import random
from collections.abc import Callable
from typing import TypeVar

from icl_tiny.world.attributes import (
    ACTIONS,
    BACKDROPS,
    BODIES,
    COLOURS,
    EFFECTS,
    HATS,
    NO_EFFECT,
    NO_HAT,
    PLACES,
    POSITIONS,
    RENDERINGS,
    VIEWS,
    Colour,
    Creature,
    Shot,
)
from icl_tiny.world.held_out import is_held_out
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
    VARIANTS,
    WALLS,
    WORDS,
    Corner,
    Mark,
    Profile,
    Slide,
    Word,
)

_PALETTE = tuple(COLOURS)
_CONTRAST = 96.0
"""How far a mark's or word's colour is from its ground at least, as `_distance` counts."""
_PLAIN_SHARE = 0.62
"""Share of shots seen plainly: from the front, no effect, drawn as a cartoon."""

Drawn = TypeVar("Drawn")


def _until(draw: Callable[[], Drawn], held_out: bool) -> Drawn:
    while True:
        thing = draw()
        if is_held_out(thing) == held_out:
            return thing


def random_creature(rng: random.Random, held_out: bool = False) -> Creature:
    """A creature that training may see, or with `held_out` one that it never sees."""

    def draw() -> Creature:
        hat = rng.choice(HATS)
        hat_colour = None if hat == NO_HAT else rng.choice(_PALETTE)
        return Creature(rng.choice(_PALETTE), rng.choice(BODIES), hat, hat_colour)

    return _until(draw, held_out)


def random_shot(rng: random.Random, creature: Creature, view: str = VIEWS[0]) -> Shot:
    """`creature` somewhere, doing something, with no effect, as a cartoon."""
    return Shot(
        creature,
        rng.choice(PLACES),
        rng.choice(ACTIONS),
        rng.choice(POSITIONS),
        rng.randrange(BACKDROPS),
        view,
    )


def random_single_shot(rng: random.Random, creature: Creature) -> Shot:
    """`creature` as a picture by itself may show it: any view, effect or rendering."""
    shot = random_shot(rng, creature)
    if rng.random() < _PLAIN_SHARE:
        return shot
    # One thing out of the ordinary at a time, and now and then any mixture.
    unusual = rng.choice(("view", "effect", "effect", "rendering", "rendering", "mixture"))
    mixed = unusual == "mixture"
    return Shot(
        creature,
        shot.place,
        shot.action,
        shot.position,
        shot.backdrop,
        rng.choice(VIEWS if mixed else VIEWS[1:]) if unusual in ("view", "mixture") else VIEWS[0],
        rng.choice(EFFECTS if mixed else EFFECTS[1:])
        if unusual in ("effect", "mixture")
        else NO_EFFECT,
        rng.choice(RENDERINGS if mixed else RENDERINGS[1:])
        if unusual in ("rendering", "mixture")
        else RENDERINGS[0],
    )


def _distance(one: Colour, other: Colour) -> float:
    """How different two colours look, roughly: green counts most, blue least."""
    weights = (0.9, 1.25, 0.75)
    return math.sqrt(sum(w * (a - b) ** 2 for w, a, b in zip(weights, one, other, strict=True)))


def legible(ink: str, ground: str) -> bool:
    """Whether a mark or word of colour `ink` stands out from the ground named `ground`."""
    return _distance(COLOURS[ink], GROUNDS[ground]) >= _CONTRAST


def random_scheme(rng: random.Random) -> tuple[str, str]:
    """A colour and a ground that it stands out from."""
    while True:
        ink, ground = rng.choice(_PALETTE), rng.choice(tuple(GROUNDS))
        if legible(ink, ground):
            return ink, ground


def random_profile(rng: random.Random, held_out: bool = False) -> Profile:
    """An avatar of some creature."""
    creature = random_creature(rng, held_out)
    ground = rng.choice(tuple(GROUNDS))
    return Profile(creature, rng.choice(MANNERS), ground, rng.randrange(VARIANTS))


def random_mark(rng: random.Random, held_out: bool = False) -> Mark:
    """A logo, alone or on an object."""

    def draw() -> Mark:
        shape, (ink, ground) = rng.choice(MARKS), random_scheme(rng)
        return Mark(shape, ink, ground, rng.choice(OBJECTS), rng.randrange(VARIANTS))

    return _until(draw, held_out)


def random_word(rng: random.Random, held_out: bool = False) -> Word:
    """A word in some typeface."""

    def draw() -> Word:
        text, (ink, ground) = rng.choice(WORDS), random_scheme(rng)
        return Word(text, rng.choice(TYPEFACES), ink, ground, rng.randrange(VARIANTS))

    return _until(draw, held_out)


def random_corner(rng: random.Random, held_out: bool = False) -> Corner:
    """A corner of some room."""

    def draw() -> Corner:
        room = (rng.choice(STYLES), rng.choice(WALLS), rng.choice(_PALETTE))
        return Corner(rng.choice(FURNITURE), *room, rng.randrange(VARIANTS))

    return _until(draw, held_out)


def random_slide(rng: random.Random, held_out: bool = False) -> Slide:
    """A slide of some presentation, its two colours different."""

    def draw() -> Slide:
        colour, accent = rng.sample(_PALETTE, 2)
        kind, theme = rng.choice(SLIDES), rng.choice(THEMES)
        return Slide(kind, theme, colour, accent, rng.randrange(VARIANTS))

    return _until(draw, held_out)
