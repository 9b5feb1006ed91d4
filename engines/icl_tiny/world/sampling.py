"""Random pictures for joint training, always from a caller's own generator.

Joint training never sees the paired tasks (sandstorm, sparklers, portrait illustration) as pairs:
their canvases hold plain creatures here, and effects and renderings occur in single pictures only.
`sets.random_set` draws the tasks as they are meant.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from icl_tiny.world.attributes import VIEWS
from icl_tiny.world.collage import Collage, from_plain, to_plain
from icl_tiny.world.draws import (
    random_corner,
    random_creature,
    random_mark,
    random_profile,
    random_shot,
    random_single_shot,
    random_slide,
    random_word,
)
from icl_tiny.world.layouts import LAYOUTS, Layout
from icl_tiny.world.panel import Panel
from icl_tiny.world.sets import SETS, Panels, agreement, random_set

__all__ = [
    "PAIRED",
    "Collage",
    "from_plain",
    "random_collage",
    "random_creature",
    "random_layout",
    "random_panel",
    "random_set",
    "random_shot",
    "to_plain",
]

PAIRED = ("sandstorm-visual-effect", "sparklers-visual-effect", "portrait-illustration")
"""Tasks that joint training never sees, so that adapters have something to prove."""
SAME_CREATURE_SHARE = 0.75
"""Share of creature collages in which one creature appears in every panel."""
SAME_PLACE_SHARE = 0.2
"""Share of creature collages set in one place throughout, before one backdrop."""
OTHER_VIEW_SHARE = 0.08
"""Share of shots in creature collages that are not seen from the front."""
TASK_SHARE = 0.85
"""Share of a layout's collages that are its task's own sets; the others hold creatures."""
HOME_BONUS = 4.0
"""How much likelier a kind is as a single picture of its own task's panel size."""

_Drawer = Callable[[random.Random, bool], Panel]


def _any_shot(rng: random.Random, held_out: bool) -> Panel:
    return random_single_shot(rng, random_creature(rng, held_out))


# Every kind with its share of single pictures and the layouts that it is at home in.
_SINGLES: tuple[tuple[_Drawer, float, tuple[str, ...]], ...] = (
    (_any_shot, 0.55, ()),
    (random_profile, 0.06, ("couple-profile",)),
    (random_mark, 0.09, ("visual-identity-design",)),
    (random_word, 0.12, ("font-design",)),
    (random_corner, 0.09, ("home-decoration",)),
    (random_slide, 0.09, ("ppt-templates",)),
)


def random_panel(rng: random.Random, size: tuple[int, int], held_out: bool = False) -> Panel:
    """A picture by itself, of any kind; most are shots, effects and renderings included."""
    homes = [any(LAYOUTS[name].panel == size for name in names) for _, _, names in _SINGLES]
    weights = [
        share * (HOME_BONUS if home else 1.0)
        for (_, share, _), home in zip(_SINGLES, homes, strict=True)
    ]
    drawer = rng.choices([drawer for drawer, _, _ in _SINGLES], weights)[0]
    return drawer(rng, held_out)


def random_collage(rng: random.Random, layout: Layout, held_out: bool = False) -> Collage:
    """A picture for joint training on `layout`; a layout of one panel gives any kind of single.

    Of the jointly trained tasks most collages are true sets; the storyboards' own and those of the
    paired layouts hold creatures at large, three in four of them one creature throughout.
    """
    if layout.count == 1:
        return Collage(layout.name, (random_panel(rng, layout.panel, held_out),))
    if layout.name == "film-storyboard" or layout.name in PAIRED or rng.random() >= TASK_SHARE:
        panels = _creatures(rng, layout, held_out)
        return agreement("film-storyboard", layout.name, panels)
    return agreement(layout.name, layout.name, SETS[layout.name](rng, held_out))


def _creatures(rng: random.Random, layout: Layout, held_out: bool) -> Panels:
    creature = random_creature(rng, held_out)
    same = rng.random() < SAME_CREATURE_SHARE
    shots = []
    for k in range(layout.count):
        who = creature if same or k == 0 else random_creature(rng, held_out)
        view = rng.choice(VIEWS[1:]) if rng.random() < OTHER_VIEW_SHARE else VIEWS[0]
        shots.append(random_shot(rng, who, view))
    if rng.random() < SAME_PLACE_SHARE:
        place, backdrop = shots[0].place, shots[0].backdrop
        shots = [replace(shot, place=place, backdrop=backdrop) for shot in shots]
    return tuple(shots)


def random_layout(rng: random.Random) -> Layout:
    """A layout drawn by weight."""
    layouts = list(LAYOUTS.values())
    return rng.choices(layouts, [layout.weight for layout in layouts])[0]
