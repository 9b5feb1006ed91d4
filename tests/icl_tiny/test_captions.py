"""Joint captions: the released forms, always true, never the evaluation's sentences in training."""

import random
import re

import pytest

from icl_tiny.captions import (
    ATTRIBUTES,
    MARKERS,
    forms,
    join_caption,
    known_words,
    panel_markers,
    words,
    write_caption,
)
from icl_tiny.captions.kind_forms import kind_evaluation_texts, kind_training_texts
from icl_tiny.captions.lexicon import VIEW_PHRASES
from icl_tiny.captions.pair_forms import pair_evaluation_texts, pair_training_texts
from icl_tiny.captions.shots import panel_text
from icl_tiny.captions.words import words_of
from icl_tiny.training.data import SINGLES
from icl_tiny.world import LAYOUTS, Creature, Layout, Shot
from icl_tiny.world.sampling import Collage, random_collage, random_set


def captions_of(layout: Layout, count: int = 60) -> list[tuple[Collage, str]]:
    """Random collages with a caption each."""
    rng = random.Random(layout.name)
    collages = [random_collage(rng, layout) for _ in range(count)]
    return [(collage, write_caption(rng, layout, collage)) for collage in collages]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_markers_come_in_order_each_once(layout: Layout) -> None:
    expected = [marker for marker in panel_markers(layout) if marker]
    for _, caption in captions_of(layout):
        places = [caption.index(marker) for marker in expected]
        assert places == sorted(places)
        assert all(caption.count(marker) == 1 for marker in expected)


def test_storyboards_and_four_panel_portraits_open_as_released() -> None:
    assert all(c.startswith("[MOVIE-SHOTS] ") for _, c in captions_of(LAYOUTS["film-storyboard"]))
    portraits = captions_of(LAYOUTS["portrait-photography"], 200)
    described = [c for collage, c in portraits if collage.same_creature]
    assert sum("[FOUR-PANEL]" in c for c in described) > 0.8 * len(described)


def mentions(caption: str, lexicon: dict[str, tuple[str, ...]], value: str) -> bool:
    """Whether `caption` says `value` in one of its words."""
    return any(word in caption.lower() for word in lexicon[value])


@pytest.mark.parametrize("name", ["film-storyboard", "portrait-illustration"])
def test_a_caption_names_what_the_picture_shows(name: str) -> None:
    places = {
        place: words.PLACE_PHRASES[place] + words.PLACE_NOUNS[place] for place in words.PLACE_NOUNS
    }
    for collage, caption in captions_of(LAYOUTS[name], 120):
        for shot in collage.panels:
            assert isinstance(shot, Shot)
            assert mentions(caption, words.COLOUR_WORDS, shot.creature.colour)
            assert mentions(caption, words.BODY_WORDS, shot.creature.body)
            if shot.creature.hat_colour is not None:
                assert mentions(caption, words.HAT_WORDS, shot.creature.hat)
                assert mentions(caption, words.COLOUR_WORDS, shot.creature.hat_colour)
            assert mentions(caption, places, shot.place)
            if shot.view != "front":
                assert mentions(caption, VIEW_PHRASES, shot.view)


def test_single_pictures_have_no_marker() -> None:
    for _, caption in captions_of(SINGLES[0]):
        assert not any(marker in caption for marker in MARKERS)


def test_captions_are_worded_differently_every_time() -> None:
    rng = random.Random(5)
    layout = LAYOUTS["film-storyboard"]
    collage = random_collage(rng, layout)
    assert len({write_caption(rng, layout, collage) for _ in range(50)}) > 45


def test_the_usual_length_is_that_of_a_typed_caption() -> None:
    lengths = sorted(len(c.split()) for _, c in captions_of(LAYOUTS["film-storyboard"], 300))
    assert 40 <= lengths[len(lengths) // 2] <= 85


def test_typed_text_takes_the_released_form() -> None:
    caption = join_caption(LAYOUTS["film-storyboard"], "a trip", ("one", "two", "three"))
    assert caption == "[MOVIE-SHOTS] a trip, [SCENE-1] one, [SCENE-2] two, [SCENE-3] three"
    identity = join_caption(LAYOUTS["visual-identity-design"], "a mark", ("one", "two"), ";")
    assert identity == "a mark; one; [LEFT] two"
    with pytest.raises(ValueError, match="has 3 panels"):
        join_caption(LAYOUTS["film-storyboard"], "a trip", ("one",))


def bag(form: str) -> tuple[str, ...]:
    """What is left of a form without case, punctuation, articles and order: its words and gaps.

    A place is a place and an action an action, however the form has them inflected.
    """
    form = form.lower().replace("{an_", "{").replace("{does}", "{doing}").replace("{of}", "{place}")
    return tuple(sorted(set(re.findall(r"\{[\w ]+\}|[a-z'-]+", form)) - {"a", "an", "the"}))


def test_evaluation_forms_differ_from_every_training_form_by_their_words() -> None:
    written = (forms.training_texts(), kind_training_texts(), pair_training_texts())
    training = {bag(form) for texts in written for form in texts}
    shots = (
        *forms.EVALUATION_SUMMARIES,
        *forms.EVALUATION_SETS,
        *forms.EVALUATION_MIXED,
        *forms.EVALUATION_PANELS,
    )
    for form in (*shots, *kind_evaluation_texts(), *pair_evaluation_texts()):
        assert bag(form) not in training, form
        # Nor is it a training form with "here", "now" or "this" put before it.
        assert bag(re.sub(r"\b(here|now|this|is)\b", "", form)) not in training, form


def spoken() -> list[str]:
    """Every word of every value of every fact."""
    tables = (*ATTRIBUTES.values(), words.PLACE_NOUNS, words.ACTION_DOES)
    return [word for table in tables for several in table.values() for word in several]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_evaluation_captions_use_known_words_only(layout: Layout) -> None:
    rng = random.Random(9)
    # Words that only the paired tasks' own forms have are no words of the base model's training.
    paired = words_of(pair_training_texts()) - words_of(
        (*forms.training_texts(), *kind_training_texts(), *spoken())
    )
    assert "now" in paired
    known = (set(known_words()) | words_of(MARKERS)) - paired
    for _ in range(60):
        collage = random_set(rng, layout.name, held_out=True)
        caption = write_caption(rng, layout, collage, evaluation=True)
        assert words_of([caption]) <= known


def test_training_captions_use_known_words_only() -> None:
    known = set(known_words()) | words_of(MARKERS)
    for layout in (*LAYOUTS.values(), *SINGLES):
        for _, caption in captions_of(layout):
            assert words_of([caption]) <= known | {"logo"}
    rng = random.Random(10)
    for name in LAYOUTS:
        for _ in range(20):
            caption = write_caption(rng, LAYOUTS[name], random_set(rng, name))
            assert words_of([caption]) <= known | {"logo"}


def test_a_fragment_has_no_subject() -> None:
    shot = Shot(Creature("red", "round", "no hat", None), "beach", "jumping", "left")
    rng = random.Random(2)
    assert not any("creature" in panel_text(rng, shot, "") for _ in range(40))
