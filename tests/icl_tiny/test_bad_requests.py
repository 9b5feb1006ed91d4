"""What the embedded model's user hears of requests that it cannot draw well, in its whole world."""

from __future__ import annotations

import random

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.model import ModelSpec
from icl_studio.errors import RequestInvalid
from icl_studio.generate.advice import advice
from icl_studio.generate.asking import Wishes, new_request
from icl_studio.models.vocabulary import Vocabulary
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.settings import Settings
from icl_tiny.captions import ATTRIBUTES, known_words, write_parts
from icl_tiny.world import LAYOUTS
from icl_tiny.world.sampling import random_set

WORLD = Vocabulary(frozenset(known_words()), ATTRIBUTES)
MODEL = ModelSpec(
    id="tiny",
    title="tiny",
    source="resource:models/tiny",
    family="tiny",
    vocabulary=tuple(known_words()),
)


def said(summary: str, *panels: str) -> str:
    parts = CaptionParts(summary=summary, panels=panels)
    return " ".join(advice(MODEL, parts, WORLD))


@pytest.mark.parametrize("task", LAYOUTS)
@pytest.mark.parametrize("evaluation", [False, True])
def test_nothing_is_said_of_any_sentence_that_the_world_itself_writes(
    task: str, evaluation: bool
) -> None:
    rng = random.Random(f"{task}/{evaluation}")
    for _ in range(120):
        summary, panels = write_parts(rng, random_set(rng, task), task, evaluation)
        assert said(summary, *panels) == "", (summary, panels)


def test_no_known_word_and_another_language_are_said() -> None:
    nothing = said("qwert zxcv", "asdf", "yxcv", "bnm")
    assert "knows none of this" in nothing and "models show tiny" in nothing
    german = said("ein roter Astronaut", "am Strand", "im Wald", "zu Hause")
    assert "reads English only" in german and "'astronaut'" in german
    assert "knows none of this" in said("красная птица", "море", "лес", "дом")


def test_a_word_too_long_for_its_lettering_is_named() -> None:
    text = said("four words in thin letters, red on cream", '"acknowledged"', '"tea"', '"sun"')
    assert "does not know 'acknowledged'" in text and "tea" not in text


def test_equal_panels_and_contradictions_are_named() -> None:
    text = said("a red and blue creature", *["standing on a beach"] * 3)
    assert "panels 1, 2 and 3 have the same text" in text
    assert "two values of colour for one thing, 'red' and 'blue'" in text
    assert "two values of scene" in said("a red creature", "on the moon at the beach", "x", "y")
    assert "two values of body" in said("a round, square creature", "x", "y", "z")


def test_five_hundred_words_are_refused_with_their_number() -> None:
    folders = user_folders()
    registry = load_registry(folders, Settings())
    panels = ("jumping in a forest " * 125, "waving", "sleeping")
    parts = CaptionParts(summary="a red creature", panels=panels)
    with pytest.raises(RequestInvalid) as caught:
        new_request(registry, folders, "film-storyboard", parts, Wishes(model="tiny", seed=1))
    told = str(caught.value)
    assert "tokens" in told and "128" in told and "horten" in told
