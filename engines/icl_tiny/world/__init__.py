"""A small drawn world: creatures doing things in places, logos, words, rooms and slides.

Every picture follows from its attributes alone, so a program always knows what a picture shows.
Read in this order: `attributes` and `kinds` (what exists), `facts` (what a panel says), `panel`
(one picture of any kind; `shots`, `avatars`, `objects`, `typefaces`, `corners` and `slides` draw
them), `layouts` (several panels on one canvas), `sampling` and `sets` (random draws).
"""

from icl_tiny.world.attributes import (
    ACTIONS,
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
    Creature,
    Shot,
)
from icl_tiny.world.held_out import is_held_out
from icl_tiny.world.kinds import Corner, Mark, Profile, Slide, Word
from icl_tiny.world.layouts import LAYOUTS, Layout, draw_collage
from icl_tiny.world.panel import Panel, draw_panel, subject_box

__all__ = [
    "ACTIONS",
    "BODIES",
    "COLOURS",
    "EFFECTS",
    "HATS",
    "LAYOUTS",
    "NO_EFFECT",
    "NO_HAT",
    "PLACES",
    "POSITIONS",
    "RENDERINGS",
    "VIEWS",
    "Corner",
    "Creature",
    "Layout",
    "Mark",
    "Panel",
    "Profile",
    "Shot",
    "Slide",
    "Word",
    "draw_collage",
    "draw_panel",
    "is_held_out",
    "subject_box",
]
