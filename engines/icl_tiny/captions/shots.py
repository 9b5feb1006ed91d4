"""Texts for shots: what a creature does where, how it is seen, and sets of such panels."""

import random
from functools import partial

from icl_tiny.captions import forms
from icl_tiny.captions.describe import describe, refer
from icl_tiny.captions.lexicon import EFFECT_PHRASES, RENDERING_PHRASES, VIEW_PHRASES
from icl_tiny.captions.pair_forms import (
    CLAUSES,
    EVALUATION_CLAUSES,
    EVALUATION_PAIR_SECONDS,
    EVALUATION_PAIR_SUMMARIES,
    PAIR_SECONDS,
    PAIR_SUMMARIES,
)
from icl_tiny.captions.words import (
    ACTION_DOES,
    ACTION_DOING,
    NAMES,
    PLACE_NOUNS,
    PLACE_PHRASES,
    POSITION_PHRASES,
    pick,
)
from icl_tiny.world import Shot

Parts = tuple[str, tuple[str, ...]]

_SAY_MIDDLE = 0.4
"""Share of panel texts that name the middle; the others leave it out."""
_SAY_FRONT = 0.06
"""Share of panel texts that name the front view; the others leave it out."""


def mixed_parts(rng: random.Random, shots: tuple[Shot, ...], evaluation: bool) -> Parts:
    """Summary and panel texts of shots with a creature of its own in each."""
    choice = forms.EVALUATION_MIXED if evaluation else forms.MIXED_SUMMARIES
    summary = rng.choice(choice).format(count=forms.COUNTS[len(shots)])
    texts = (panel_text(rng, shot, describe(rng, shot.creature), evaluation) for shot in shots)
    return summary, tuple(texts)


def same_parts(
    rng: random.Random, shots: tuple[Shot, ...], task_id: str, evaluation: bool
) -> Parts:
    """Summary and panel texts of shots with one creature; somewhere it is described in full."""
    creature = shots[0].creature
    who = partial(describe, rng, creature)
    storyboard = task_id == "film-storyboard"
    name = rng.choice(NAMES) if storyboard and rng.random() < 0.3 and not evaluation else None
    count = forms.COUNTS[len(shots)]
    manner = rng.random()
    if manner < 0.12 and not evaluation:
        # The summary says nothing of the creature: the first panel does.
        summary = rng.choice(forms.PLAIN_SUMMARIES).format(count=count)
        references = [who()] + [refer(rng, creature, None) for _ in shots[1:]]
    else:
        choice = _summaries(task_id, name, evaluation)
        summary = rng.choice(choice).format(who=who(), name=name, count=count)
        if manner < 0.3:
            # Four full descriptions are longer than a caption should be.
            references = [who() for _ in shots] if len(shots) < 4 else [who()] + [""] * 3
        elif manner < 0.65 or (evaluation and len(shots) == 4):
            # The evaluation's forms are wordier: four references with them would be too long.
            references = ["" for _ in shots]
        elif manner < 0.85:
            references = [refer(rng, creature, name)] * len(shots)
        else:
            references = [refer(rng, creature, name) for _ in shots]
    pairs = zip(shots, references, strict=True)
    return summary, tuple(panel_text(rng, shot, it, evaluation) for shot, it in pairs)


def _summaries(task_id: str, name: str | None, evaluation: bool) -> tuple[str, ...]:
    if evaluation:
        storyboard = task_id == "film-storyboard"
        return forms.EVALUATION_SUMMARIES if storyboard else forms.EVALUATION_SETS
    if name is not None:
        return forms.NAMED_SUMMARIES
    if task_id == "portrait-photography":
        return forms.FOUR_PANEL_SUMMARIES
    if task_id == "film-storyboard":
        return forms.STORY_SUMMARIES
    return forms.SET_SUMMARIES


def pair_parts(
    rng: random.Random, shots: tuple[Shot, ...], task_id: str, evaluation: bool
) -> Parts:
    """Summary and texts of a paired task: a shot, and the same under an effect or redrawn."""
    summaries = EVALUATION_PAIR_SUMMARIES if evaluation else PAIR_SUMMARIES
    summary = rng.choice(summaries[task_id]).format(who=describe(rng, shots[0].creature))
    it = rng.choice(("", refer(rng, shots[0].creature, None)))
    first = panel_text(rng, shots[0], it, evaluation)
    if evaluation or rng.random() < 0.6:
        seconds = EVALUATION_PAIR_SECONDS if evaluation else PAIR_SECONDS
        clause = " ".join(_manner(rng, shots[1]))
        return summary, (first, rng.choice(seconds).format(clause=clause))
    return summary, (first, panel_text(rng, shots[1], refer(rng, shots[1].creature, None)))


def _manner(rng: random.Random, shot: Shot) -> list[str]:
    """How the shot is laid over or rendered, in words; nothing for what goes unsaid."""
    said = []
    if shot.effect in EFFECT_PHRASES:
        said.append(pick(rng, EFFECT_PHRASES[shot.effect]))
    if shot.rendering in RENDERING_PHRASES:
        said.append(pick(rng, RENDERING_PHRASES[shot.rendering]))
    return said


def panel_text(rng: random.Random, shot: Shot, it: str, evaluation: bool = False) -> str:
    """One panel's words. An empty `it` gives a text without a subject: "jumping in a forest".

    A text that names no side means the middle, no view the front, no effect none: silence is
    no riddle for the model.
    """
    text = _scene_text(rng, shot, it, evaluation)
    clauses = _manner(rng, shot)
    if shot.view != "front" or rng.random() < _SAY_FRONT:
        clauses.insert(0, pick(rng, VIEW_PHRASES[shot.view]))
    for clause in clauses:
        form = rng.choice(EVALUATION_CLAUSES if evaluation else CLAUSES)
        text = form.format(text=text, clause=clause)
    return text


def _scene_text(rng: random.Random, shot: Shot, it: str, evaluation: bool) -> str:
    if evaluation:
        choice = tuple(f for f in forms.EVALUATION_PANELS if ("{it}" in f) == bool(it))
    elif shot.action == "standing" and rng.random() < 0.25:
        choice = tuple(f for f in forms.PANELS_STANDING if ("{it}" in f) == bool(it))
    else:
        choice = forms.PANELS_WITH_SUBJECT if it else forms.PANELS_WITHOUT_SUBJECT
    # A text that names no side means the middle, so that silence is no riddle for the model.
    say_side = shot.position != "middle" or rng.random() < _SAY_MIDDLE
    choice = tuple(form for form in choice if ("{side}" in form) == say_side)
    return rng.choice(choice).format(
        it=it.rstrip(","),
        doing=pick(rng, ACTION_DOING[shot.action]),
        does=pick(rng, ACTION_DOES[shot.action]),
        place=pick(rng, PLACE_PHRASES[shot.place]),
        of=pick(rng, PLACE_NOUNS[shot.place]),
        side=pick(rng, POSITION_PHRASES[shot.position]),
    )
