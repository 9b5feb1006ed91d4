"""What is said of a request that can be made but may not give what is wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.model import ModelSpec
from icl_studio.generate.advice import advice
from icl_studio.models.vocabulary import FILE, Vocabulary, read_vocabulary

FACTS = {
    "colour": {"red": ("red", "bright red"), "blue": ("blue", "deep blue")},
    "hat colour": {"red": ("red", "bright red"), "blue": ("blue", "deep blue")},
    "hat": {"cap": ("cap",), "top hat": ("top hat",)},
    "scene": {"beach": ("on a beach",), "forest": ("in a forest",), "sea": ("in the sea",)},
    "action": {"waving": ("waving", "waving at us"), "jumping": ("jumping",)},
    "position": {"left": ("on the left",), "right": ("on the right",)},
}
WORDS = sorted({w for f in FACTS.values() for v in f.values() for p in v for w in p.split()})
KNOWN = Vocabulary(frozenset(WORDS), FACTS)
TINY = ModelSpec(
    id="tiny",
    title="tiny",
    source="resource:models/tiny",
    family="tiny",
    vocabulary=(*WORDS, "a", "creature", "with", "and", "is"),
)
FLUX = ModelSpec(id="flux.1-dev", title="FLUX.1 [dev]", source="a/b", family="flux.1")
PANELS = ("waving on a beach", "jumping in a forest", "waving in the sea")


def said(summary: str, *panels: str, model: ModelSpec = TINY) -> list[str]:
    known = KNOWN if model.vocabulary else None
    return advice(model, CaptionParts(summary=summary, panels=panels or PANELS), known)


def test_nothing_is_said_of_a_text_that_is_understood() -> None:
    assert said("a bright red creature with a deep blue top hat") == []


def test_an_unknown_word_is_named_with_its_nearest_known_ones() -> None:
    (text,) = said("a red creature with a cat, wavin")
    assert "the embedded model does not know 'cat', 'wavin'" in text
    assert "it knows 'waving'" in text


def test_an_unknown_word_without_neighbours_points_to_the_list() -> None:
    (text,) = said("a red astronaut")
    assert "does not know 'astronaut'" in text and "icl-studio models show tiny" in text


def test_a_text_that_names_nothing_is_told_so() -> None:
    found = said("the and is", "a", "with a", "is a creature")
    assert any("knows none of this" in text for text in found)


def test_another_language_is_noticed() -> None:
    found = said("ein roter Astronaut", "am Strand", "im dunklen Wald", "wieder zu Hause")
    assert any("English only" in text for text in found)
    assert any("knows none of this" in text for text in found)


def test_many_unknown_words_are_counted() -> None:
    (text,) = said(" ".join(f"gibber{chr(97 + n)}" for n in range(20)) + " red creature waving")
    assert "and 8 more words" in text


@pytest.mark.parametrize("model", [TINY, FLUX], ids=lambda model: model.id)
def test_panels_with_one_text_ask_for_one_picture(model: ModelSpec) -> None:
    found = said("red", "waving on a beach", "Waving, on a beach.", "jumping", model=model)
    assert found == ["panels 1 and 2 have the same text: they ask for the same picture."]
    (text,) = said("red", *["waving"] * 3, model=model)
    assert text.startswith("panels 1, 2 and 3 ")


@pytest.mark.parametrize(
    ("summary", "panel", "where"),
    [
        ("a red and blue creature", "waving", "the summary"),
        ("a deep blue, red creature", "waving", "the summary"),
        ("a red creature", "waving and jumping", "panel 1"),
        ("a red creature", "on a beach in a forest", "panel 1"),
        ("a red creature", "on the left on the right", "panel 1"),
    ],
)
def test_two_values_for_one_thing_are_noticed(summary: str, panel: str, where: str) -> None:
    (text,) = said(summary, panel, *PANELS[1:])
    assert text.startswith(where) and "one of them will be lost" in text


@pytest.mark.parametrize(
    "summary",
    ["a red creature with a blue cap", "a blue creature and a red creature", "red red creature"],
)
def test_two_things_may_have_two_values(summary: str) -> None:
    assert said(summary) == []


def test_models_of_natural_language_are_not_judged_by_words() -> None:
    assert said("ein roter und blauer Astronaut", model=FLUX) == []


def test_a_vocabulary_is_read_from_the_models_folder(tmp_path: Path) -> None:
    data = {"known_words": ["Red"], "attributes": {"colour": {"red": ["Red", "bright red"]}}}
    (tmp_path / FILE).write_text(json.dumps(data), encoding="utf-8")
    found = read_vocabulary(tmp_path)
    assert found == Vocabulary(frozenset({"red"}), {"colour": {"red": ("red", "bright red")}})


@pytest.mark.parametrize("text", ["", "[", "[]", '{"attributes": 3, "known_words": {}}'])
def test_a_vocabulary_of_another_form_is_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    found = read_vocabulary(tmp_path)
    assert found is None or found == Vocabulary()
    assert read_vocabulary(tmp_path / "nowhere") is None
    assert read_vocabulary(None) is None
