"""Write a caption for a collage: always true, worded differently every time."""

import random
from functools import partial

from icl_tiny.captions import forms
from icl_tiny.captions.describe import describe, refer
from icl_tiny.captions.markers import join_caption
from icl_tiny.captions.words import (
    ACTION_DOES,
    ACTION_DOING,
    NAMES,
    PLACE_NOUNS,
    PLACE_PHRASES,
    POSITION_PHRASES,
    pick,
)
from icl_tiny.world import Layout, Shot
from icl_tiny.world.sampling import Collage

_SAY_MIDDLE = 0.4
"""Share of panel texts that name the middle; the others leave it out."""


def write_caption(
    rng: random.Random, layout: Layout, collage: Collage, evaluation: bool = False
) -> str:
    """One of very many joint captions for `collage`; `evaluation` uses forms unseen in training."""
    if layout.count == 1:
        shot = collage.shots[0]
        return _finish(rng, panel_text(rng, shot, describe(rng, shot.creature), evaluation))
    if collage.same_creature:
        summary, panels = _same_creature(rng, layout, collage, evaluation)
    else:
        summary = rng.choice(forms.MIXED_SUMMARIES).format(count=forms.COUNTS[layout.count])
        panels = [panel_text(rng, s, describe(rng, s.creature), evaluation) for s in collage.shots]
    # The released storyboard captions are one flowing sentence; the others stop between panels.
    stop = rng.choice(
        (",", ",", ".", "", ";") if layout.name == "film-storyboard" else (";", ";", ".", ",", "")
    )
    if rng.random() < 0.4:
        summary, panels = _capital(summary), [_capital(panel) for panel in panels]
    if layout.name in ("sandstorm-visual-effect", "sparklers-visual-effect") and rng.random() < 0.5:
        # Without the effect's own prefix: these canvases are also plain pairs of panels.
        layout = Layout("pair", layout.rows, layout.cols, layout.panel, layout.weight)
    caption = join_caption(layout, summary, tuple(panels), stop, logo=rng.random() < 0.5)
    return _finish(rng, caption)


def _same_creature(
    rng: random.Random, layout: Layout, collage: Collage, evaluation: bool
) -> tuple[str, list[str]]:
    """Summary and panel texts of a collage with one creature; somewhere it is described in full."""
    creature = collage.shots[0].creature
    who = partial(describe, rng, creature)
    storyboard = layout.name == "film-storyboard"
    name = rng.choice(NAMES) if storyboard and rng.random() < 0.3 else None
    count = forms.COUNTS[layout.count]
    manner = rng.random()
    if manner < 0.12 and not evaluation:
        # The summary says nothing of the creature: the first panel does.
        summary = rng.choice(forms.PLAIN_SUMMARIES).format(count=count)
        references = [who()] + [refer(rng, creature, None) for _ in collage.shots[1:]]
    else:
        summary = _summary(rng, layout, name, evaluation).format(who=who(), name=name, count=count)
        if manner < 0.3:
            references = [who() for _ in collage.shots]
        elif manner < 0.65:
            references = ["" for _ in collage.shots]
        elif manner < 0.85:
            references = [refer(rng, creature, name)] * layout.count
        else:
            references = [refer(rng, creature, name) for _ in collage.shots]
    pairs = zip(collage.shots, references, strict=True)
    return summary, [panel_text(rng, shot, it, evaluation) for shot, it in pairs]


def _summary(rng: random.Random, layout: Layout, name: str | None, evaluation: bool) -> str:
    if evaluation:
        return rng.choice(forms.EVALUATION_SUMMARIES)
    if name is not None:
        return rng.choice(forms.NAMED_SUMMARIES)
    if layout.name == "portrait-photography":
        return rng.choice(forms.FOUR_PANEL_SUMMARIES)
    if layout.name == "film-storyboard":
        return rng.choice(forms.STORY_SUMMARIES)
    return rng.choice(forms.SET_SUMMARIES)


def panel_text(rng: random.Random, shot: Shot, it: str, evaluation: bool = False) -> str:
    """One panel's words. An empty `it` gives a text without a subject: "jumping in a forest"."""
    if evaluation:
        choice = forms.EVALUATION_PANELS if it else forms.EVALUATION_PANELS[1:2]
    elif shot.action == "standing" and rng.random() < 0.25:
        choice = tuple(f for f in forms.PANELS_STANDING if ("{it}" in f) == bool(it))
    else:
        choice = forms.PANELS_WITH_SUBJECT if it else forms.PANELS_WITHOUT_SUBJECT
    if not evaluation:
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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _finish(rng: random.Random, caption: str) -> str:
    caption = " ".join(caption.replace(",,", ",").replace(", ,", ",").split())
    return caption + "." if rng.random() < 0.3 else caption
