"""A small drawn world: creatures with a colour, a body and a hat, doing things in places.

Every picture follows from its attributes alone, so a program always knows what a picture shows.
Read in this order: `attributes` (what exists), `places` and `creature` (how it is drawn),
`panel` (one picture), `layouts` (several panels on one canvas), `sampling` (random draws).
"""

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
    is_held_out,
)
from icl_tiny.world.layouts import LAYOUTS, Layout, draw_collage
from icl_tiny.world.panel import creature_box, draw_panel

__all__ = [
    "ACTIONS",
    "BODIES",
    "COLOURS",
    "HATS",
    "LAYOUTS",
    "NO_HAT",
    "PLACES",
    "POSITIONS",
    "Creature",
    "Layout",
    "Shot",
    "creature_box",
    "draw_collage",
    "draw_panel",
    "is_held_out",
]
