"""Write a caption for a collage: always true, worded differently every time."""

import random
from collections.abc import Sequence

from icl_tiny.captions import forms
from icl_tiny.captions.describe import describe
from icl_tiny.captions.kinds import kind_parts, whole_text
from icl_tiny.captions.markers import SUMMARY_FORMS, join_caption
from icl_tiny.captions.shots import mixed_parts, pair_parts, panel_text, same_parts
from icl_tiny.world import Layout, Panel, Shot
from icl_tiny.world.collage import Collage
from icl_tiny.world.sampling import PAIRED

_FORM_SHARE = 0.6
"""Share of portrait captions that open exactly as their task's template does."""


def write_parts(
    rng: random.Random, collage: Collage, task_id: str, evaluation: bool = False
) -> tuple[str, tuple[str, ...]]:
    """A summary and one text a panel, for the task's own template to render.

    Joined they are a caption as training has them; `evaluation` uses sentences unseen there.
    Raises ValueError for a collage of several kinds of panels.
    """
    kinds = {type(panel) for panel in collage.panels}
    if len(kinds) != 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"one caption tells panels of one kind, but these are of {names}")
    shots = _shots(collage.panels)
    if not shots:
        return kind_parts(rng, collage.panels, evaluation)
    if not collage.same_creature:
        return mixed_parts(rng, shots, evaluation)
    if task_id in PAIRED and shots[0] != shots[1] and _is_pair(shots):
        return pair_parts(rng, shots, task_id, evaluation)
    return same_parts(rng, shots, task_id, evaluation)


def write_caption(
    rng: random.Random, layout: Layout, collage: Collage, evaluation: bool = False
) -> str:
    """One of very many joint captions for `collage`; `evaluation` uses forms unseen in training."""
    if layout.count == 1:
        return _finish(rng, _single(rng, collage.panels[0], evaluation))
    summary, panels = write_parts(rng, collage, layout.name, evaluation)
    if layout.name == "portrait-photography" and rng.random() > _FORM_SHARE:
        # Otherwise `join_caption` writes the template's own opening.
        summary = rng.choice(forms.FOUR_PANEL_FORMS).format(summary=summary)
    # The released storyboard captions are one flowing sentence; the others stop between panels.
    stop = rng.choice(
        (",", ",", ".", "", ";") if layout.name == "film-storyboard" else (";", ";", ".", ",", "")
    )
    if rng.random() < 0.4:
        panels = tuple(_capital(panel) for panel in panels)
        if layout.name not in SUMMARY_FORMS:
            summary = _capital(summary)
    if layout.name in PAIRED and not _is_pair(_shots(collage.panels)) and rng.random() < 0.5:
        # Without the effect's own prefix: these canvases are also plain pairs of panels.
        layout = Layout("pair", layout.rows, layout.cols, layout.panel, layout.weight)
    caption = join_caption(layout, summary, panels, stop, logo=rng.random() < 0.7)
    return _finish(rng, caption)


def _single(rng: random.Random, panel: Panel, evaluation: bool) -> str:
    if isinstance(panel, Shot):
        return panel_text(rng, panel, describe(rng, panel.creature), evaluation)
    return whole_text(rng, panel, evaluation)


def _shots(panels: Sequence[Panel]) -> tuple[Shot, ...]:
    return tuple(panel for panel in panels if isinstance(panel, Shot))


def _is_pair(shots: tuple[Shot, ...]) -> bool:
    """Whether these are a paired task's own panels: two that differ in effect or rendering."""
    return len({(shot.effect, shot.rendering) for shot in shots}) > 1


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _finish(rng: random.Random, caption: str) -> str:
    caption = " ".join(caption.replace(",,", ",").replace(", ,", ",").split())
    return caption + "." if rng.random() < 0.3 else caption
