"""Sets of the ten tasks as they are meant: for evaluation, and for training an adapter."""

import random
from collections.abc import Callable
from dataclasses import replace

from icl_tiny.world.attributes import ACTIONS, PLACES, POSITIONS, VIEWS, Creature, Shot
from icl_tiny.world.collage import Collage
from icl_tiny.world.draws import (
    random_corner,
    random_creature,
    random_mark,
    random_profile,
    random_shot,
    random_slide,
    random_word,
)
from icl_tiny.world.facts import facts
from icl_tiny.world.held_out import is_held_out
from icl_tiny.world.kinds import ALONE, FURNITURE, OBJECTS, SLIDES, VARIANTS, WORDS
from icl_tiny.world.layouts import LAYOUTS
from icl_tiny.world.panel import Panel

Panels = tuple[Panel, ...]

_CREATURE = ("colour", "body", "hat", "hat colour")
_SCENE = (*_CREATURE, "scene", "action", "position", "view")
AGREEMENT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "film-storyboard": (_CREATURE, ("scene", "action")),
    "portrait-photography": (_CREATURE, ("view", "action")),
    "couple-profile": (("manner", "ground"), _CREATURE),
    "portrait-illustration": (_SCENE, ("rendering",)),
    "sandstorm-visual-effect": (_SCENE, ("effect",)),
    "sparklers-visual-effect": (_SCENE, ("effect",)),
    "visual-identity-design": (("mark", "mark colour", "ground"), ("object",)),
    "font-design": (("typeface", "ink", "ground"), ("word",)),
    "home-decoration": (("style", "wall", "accent"), ("furniture",)),
    "ppt-templates": (("theme", "theme colour", "accent"), ("slide",)),
}
"""For each task the facts that are to agree over a set, and those that are to differ."""


def agreement(task_id: str, layout: str, panels: Panels) -> Collage:
    """A collage whose `same` and `differ` are those of `task_id`, as far as the panels have them.

    What does not agree in `panels` is not asked to, and what does not differ neither.
    """
    same, differ = AGREEMENT[task_id]
    said = [facts(panel) for panel in panels]
    values = {name: {fact.get(name) for fact in said} for name in (*same, *differ)}
    return Collage(
        layout,
        panels,
        tuple(n for n in same if len(values[n]) == 1 and None not in values[n]),
        tuple(n for n in differ if len(values[n]) > 1),
    )


def random_set(rng: random.Random, task_id: str, held_out: bool = False) -> Collage:
    """A true set of the task, of what training may see or, with `held_out`, of what it never sees.

    Raises KeyError for a task that this world does not have.
    """
    return agreement(task_id, task_id, SETS[task_id](rng, held_out))


def storyboard(rng: random.Random, held_out: bool) -> Panels:
    """A creature through three places."""
    creature = random_creature(rng, held_out)
    places, actions = rng.sample(PLACES, 3), rng.sample(ACTIONS, 3)
    shots = [random_shot(rng, creature) for _ in range(3)]
    return tuple(
        replace(shot, place=place, action=action)
        for shot, place, action in zip(shots, places, actions, strict=True)
    )


def portraits(rng: random.Random, held_out: bool) -> Panels:
    """One creature in one place, in four views or doing four things."""
    first = random_shot(rng, random_creature(rng, held_out))
    views = rng.sample(VIEWS, 4)
    actions = rng.sample(ACTIONS, 4)
    if rng.random() < 0.5:
        views = [VIEWS[0]] * 4
    elif rng.random() < 0.5:
        actions = [first.action] * 4
    position = "middle" if rng.random() < 0.6 else rng.choice(POSITIONS)
    return tuple(
        replace(first, view=view, action=action, position=position)
        for view, action in zip(views, actions, strict=True)
    )


def couple(rng: random.Random, held_out: bool) -> Panels:
    """Two avatars of creatures with different colours, in one manner on one ground."""
    left = random_profile(rng, held_out)
    right: Creature = left.creature
    while right.colour == left.creature.colour:
        right = random_creature(rng, held_out)
    return left, replace(left, creature=right, variant=rng.randrange(VARIANTS))


def _scene(rng: random.Random, held_out: bool) -> Shot:
    return random_shot(rng, random_creature(rng, held_out))


def illustration(rng: random.Random, held_out: bool) -> Panels:
    """A shot as a photograph, and the same as an illustration."""
    shot = _scene(rng, held_out)
    return replace(shot, rendering="photo"), replace(shot, rendering="illustration")


def sandstorm(rng: random.Random, held_out: bool) -> Panels:
    """A shot, and the same in a sandstorm."""
    shot = _scene(rng, held_out)
    return shot, replace(shot, effect="sandstorm")


def sparklers(rng: random.Random, held_out: bool) -> Panels:
    """A shot, and the same with sparklers."""
    shot = _scene(rng, held_out)
    return shot, replace(shot, effect="sparklers")


def identity_design(rng: random.Random, held_out: bool) -> Panels:
    """A logo alone, and the same on an object."""
    mark = random_mark(rng, held_out)
    on = rng.choice([name for name in OBJECTS if name != ALONE])
    return replace(mark, object=ALONE), replace(mark, object=on)


def words(rng: random.Random, held_out: bool) -> Panels:
    """Four words in one typeface, ink and ground."""
    while True:
        first = random_word(rng, held_out)
        every = [replace(first, text=text) for text in WORDS]
        fit = [word for word in every if is_held_out(word) == held_out]
        if len(fit) >= 4:
            return tuple(rng.sample(fit, 4))


def rooms(rng: random.Random, held_out: bool) -> Panels:
    """Four corners of one home."""
    first = random_corner(rng, held_out)
    return tuple(
        replace(first, furniture=name, variant=rng.randrange(VARIANTS))
        for name in rng.sample(FURNITURE, 4)
    )


def presentation(rng: random.Random, held_out: bool) -> Panels:
    """Four slides of one presentation; more often than not the title comes first."""
    first = random_slide(rng, held_out)
    kinds = rng.sample(SLIDES, 4)
    if SLIDES[0] not in kinds and rng.random() < 0.6:
        kinds[0] = SLIDES[0]
    kinds.sort(key=lambda kind: kind != SLIDES[0])
    return tuple(replace(first, kind=kind, variant=rng.randrange(VARIANTS)) for kind in kinds)


SETS: dict[str, Callable[[random.Random, bool], Panels]] = {
    "film-storyboard": storyboard,
    "couple-profile": couple,
    "font-design": words,
    "home-decoration": rooms,
    "portrait-photography": portraits,
    "portrait-illustration": illustration,
    "ppt-templates": presentation,
    "sandstorm-visual-effect": sandstorm,
    "sparklers-visual-effect": sparklers,
    "visual-identity-design": identity_design,
}
"""How the panels of each task's sets are drawn, given whether they are to be held out."""
assert SETS.keys() == LAYOUTS.keys() == AGREEMENT.keys()
