"""Random creatures, shots and collages, always from a caller's own generator."""

import random
from dataclasses import dataclass, replace

from icl_tiny.world.attributes import (
    ACTIONS,
    BACKDROPS,
    BODIES,
    COLOURS,
    HATS,
    NO_HAT,
    PLACES,
    POSITIONS,
    Creature,
    Shot,
    is_held_out,
)
from icl_tiny.world.layouts import LAYOUTS, Layout

SAME_CREATURE_SHARE = 0.75
"""Share of collages in which one creature appears in every panel."""
SAME_PLACE_SHARE = 0.2
"""Share of collages set in one place throughout, before one backdrop."""


@dataclass(frozen=True)
class Collage:
    """What a picture holds: a layout's name and one shot a panel, row by row."""

    layout: str
    shots: tuple[Shot, ...]

    @property
    def same_creature(self) -> bool:
        """Whether one creature appears in every panel."""
        return len({shot.creature for shot in self.shots}) == 1


def random_creature(rng: random.Random, held_out: bool = False) -> Creature:
    """A creature that training may see, or with `held_out` one that it never sees."""
    while True:
        hat = rng.choice(HATS)
        hat_colour = None if hat == NO_HAT else rng.choice(tuple(COLOURS))
        creature = Creature(rng.choice(tuple(COLOURS)), rng.choice(BODIES), hat, hat_colour)
        if is_held_out(creature) == held_out:
            return creature


def random_shot(rng: random.Random, creature: Creature) -> Shot:
    """`creature` somewhere, doing something."""
    return Shot(
        creature,
        rng.choice(PLACES),
        rng.choice(ACTIONS),
        rng.choice(POSITIONS),
        rng.randrange(BACKDROPS),
    )


def random_collage(rng: random.Random, layout: Layout, held_out: bool = False) -> Collage:
    """A collage on `layout`; most hold one creature throughout, the others one a panel."""
    creature = random_creature(rng, held_out)
    same = rng.random() < SAME_CREATURE_SHARE
    shots = [random_shot(rng, creature)]
    while len(shots) < layout.count:
        shots.append(random_shot(rng, creature if same else random_creature(rng, held_out)))
    if rng.random() < SAME_PLACE_SHARE:
        place, backdrop = shots[0].place, shots[0].backdrop
        shots = [replace(shot, place=place, backdrop=backdrop) for shot in shots]
    return Collage(layout.name, tuple(shots))


def random_layout(rng: random.Random) -> Layout:
    """A layout drawn by weight."""
    layouts = list(LAYOUTS.values())
    return rng.choices(layouts, [layout.weight for layout in layouts])[0]
