"""Texts for panels that are no shots: logos, words, corners, slides, avatars."""

import random
import re

from icl_tiny.captions.describe import article, describe
from icl_tiny.captions.kind_forms import forms_of
from icl_tiny.captions.lexicon import LEXICONS
from icl_tiny.captions.words import COLOUR_WORDS, pick
from icl_tiny.world import Mark, Profile
from icl_tiny.world.facts import facts
from icl_tiny.world.panel import Panel

_GAP = re.compile(r"\{([\w ]+)\}")
_WHOLE_SHARE = 0.2
"""Share of training captions whose summary says nothing: panels are told whole instead."""
_BOTH_SHARE = 0.12
"""Share in which the summary says what is common and the panels say it again."""


def _words(rng: random.Random, panel: Panel) -> dict[str, str]:
    """A word for each of the panel's facts, drawn anew: one gap of a form each."""
    said = {
        name: pick(rng, LEXICONS.get(name, COLOUR_WORDS)[value])
        for name, value in facts(panel).items()
        if name in LEXICONS or name in ("mark colour", "ink", "accent", "theme colour")
    }
    if isinstance(panel, Profile):
        said["who"] = describe(rng, panel.creature)
    if isinstance(panel, Mark):
        said["a_mark"] = article(f"{said['mark colour']} {said['mark']}")
        said["a_thing"] = article(f"{said['ground']} {said['object']}")
    if "word" in said:
        said["word"] = rng.choice((str.title, str.title, str.upper, str.lower))(said["word"])
    return said


def _fill(rng: random.Random, form: str, panel: Panel) -> str:
    said = _words(rng, panel)

    def word(gap: re.Match[str]) -> str:
        name = gap[1]
        return said[name] if name in said else article(said[name.removeprefix("an_")])

    return _GAP.sub(word, form)


def whole_text(rng: random.Random, panel: Panel, evaluation: bool = False) -> str:
    """A text that says every fact of `panel`."""
    forms = forms_of(panel)
    return _fill(rng, rng.choice(forms.evaluation_whole if evaluation else forms.whole), panel)


def kind_parts(
    rng: random.Random, panels: tuple[Panel, ...], evaluation: bool
) -> tuple[str, tuple[str, ...]]:
    """Summary and panel texts of a set whose panels are all of one kind and no shots."""
    forms = forms_of(panels[0])
    manner = rng.random()
    if manner < _WHOLE_SHARE and not evaluation:
        summary = _fill(rng, rng.choice(forms.plain), panels[0])
        # Four whole texts are longer than a caption should be: there the first one says it all.
        told = len(panels) if len(panels) <= 2 else 1
        return summary, (
            *(whole_text(rng, panel) for panel in panels[:told]),
            *(_own(rng, panel, evaluation) for panel in panels[told:]),
        )
    shared = forms.evaluation_shared if evaluation else forms.shared
    summary = _fill(rng, rng.choice(shared), panels[0])
    if manner < _WHOLE_SHARE + _BOTH_SHARE and len(panels) == 2 and not evaluation:
        return summary, tuple(whole_text(rng, panel) for panel in panels)
    return summary, tuple(_own(rng, panel, evaluation) for panel in panels)


def _own(rng: random.Random, panel: Panel, evaluation: bool) -> str:
    """What `panel` has for itself, where the rest is said elsewhere."""
    of = forms_of(panel)
    return _fill(rng, rng.choice(of.evaluation_own if evaluation else of.own), panel)
