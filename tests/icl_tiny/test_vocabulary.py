"""The tokenizers: they reload, markers are single tokens, and no text makes them fail."""

import json
import random
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import CLIPTokenizer, T5Tokenizer

from icl_tiny.captions import MARKERS, known_words, write_caption
from icl_tiny.training.batches import text_length
from icl_tiny.training.data import SINGLES
from icl_tiny.vocabulary import (
    CLIP_LENGTH,
    T5_LENGTH,
    train_clip_tokenizer,
    train_t5_tokenizer,
    write_vocabulary,
)
from icl_tiny.world import LAYOUTS, Layout
from icl_tiny.world.facts import ALL_VALUES
from icl_tiny.world.sampling import random_collage, random_set

TYPED = (
    "[MOVIE-SHOTS] A round RED creature with a blue top hat goes on holiday, "
    "[SCENE-1] standing on the left of a beach, <Pip>"
)
STRANGE = ("zyzzyva qwrtpsdf", "Élan, naïve, ÜBER", "猫 сказка 😀", "", "  spaced \n out\t")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tokenizers, trained on few captions, saved."""
    path = tmp_path_factory.mktemp("tokenizers")
    train_clip_tokenizer(400).save_pretrained(path / "tokenizer")
    train_t5_tokenizer(400).save_pretrained(path / "tokenizer_2")
    return path


@pytest.fixture(scope="module")
def clip(folder: Path) -> CLIPTokenizer:
    """CLIP's, reloaded."""
    return CLIPTokenizer.from_pretrained(folder / "tokenizer")


@pytest.fixture(scope="module")
def t5(folder: Path) -> T5Tokenizer:
    """T5's, reloaded."""
    return T5Tokenizer.from_pretrained(folder / "tokenizer_2")


def test_a_folder_holds_what_others_read(folder: Path) -> None:
    for name in ("tokenizer", "tokenizer_2"):
        assert {p.name for p in (folder / name).iterdir()} == {
            "tokenizer.json",
            "tokenizer_config.json",
        }


def test_lengths_are_the_models_own(clip: CLIPTokenizer, t5: T5Tokenizer) -> None:
    assert clip.model_max_length == CLIP_LENGTH == 77
    assert t5.model_max_length == T5_LENGTH == 128


def test_the_plain_tokenizers_package_counts_the_same(folder: Path, t5: T5Tokenizer) -> None:
    plain = Tokenizer.from_file(str(folder / "tokenizer_2" / "tokenizer.json"))
    for text in (TYPED, *STRANGE):
        assert plain.encode(text).ids == t5(text).input_ids


def test_markers_are_single_tokens(t5: T5Tokenizer) -> None:
    for marker in MARKERS:
        ids = t5(marker).input_ids
        assert len(ids) == 2
        assert t5.convert_ids_to_tokens(ids[0]) == marker


def test_case_does_not_matter(clip: CLIPTokenizer, t5: T5Tokenizer) -> None:
    for tokenizer in (clip, t5):
        assert (
            tokenizer("A Round RED Creature").input_ids
            == tokenizer("a round red creature").input_ids
        )


def test_round_trip(clip: CLIPTokenizer, t5: T5Tokenizer) -> None:
    text = "a round red creature with a blue top hat is jumping in a forest"
    for tokenizer in (clip, t5):
        assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True).strip() == text


@pytest.mark.parametrize("text", STRANGE)
def test_strange_text_falls_to_pieces_but_never_fails(
    text: str, clip: CLIPTokenizer, t5: T5Tokenizer
) -> None:
    for tokenizer in (clip, t5):
        ids = tokenizer(text, padding="max_length", max_length=77, truncation=True).input_ids
        assert len(ids) == 77
        assert max(ids) < len(tokenizer)


def test_clip_knows_every_byte(clip: CLIPTokenizer) -> None:
    text = "猫 сказка 😀 ÿ"
    assert clip.decode(clip(text).input_ids, skip_special_tokens=True).strip() == text


def test_a_usual_caption_is_short(t5: T5Tokenizer) -> None:
    assert len(t5(TYPED).input_ids) < 40


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *SINGLES], ids=lambda layout: layout.name)
def test_nearly_every_caption_fits_the_length_that_training_pads_to(
    layout: Layout, t5: T5Tokenizer
) -> None:
    rng = random.Random(layout.name)
    fits = []
    for _ in range(80):
        collage = random_collage(rng, layout)
        # Training writes a caption anew when it is too long, three times at most.
        tries = [write_caption(rng, layout, collage) for _ in range(4)]
        fits.append(min(len(t5(caption).input_ids) for caption in tries) <= text_length(layout))
    assert sum(fits) >= 78
    if layout.count == 4:
        sets = [write_caption(rng, layout, random_set(rng, layout.name)) for _ in range(80)]
        assert sum(len(t5(caption).input_ids) <= 112 for caption in sets) >= 78


def test_the_vocabulary_is_plain_data(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "vocabulary.json")
    data = json.loads((tmp_path / "vocabulary.json").read_text(encoding="utf-8"))
    assert data["known_words"] == known_words() == sorted(set(known_words()))
    assert {"creature", "crimson", "beach", "balloon", "left"} <= set(data["known_words"])
    assert {"sofa", "stencil", "bicycle"} & set(data["known_words"]) == {"sofa", "stencil"}
    assert data["attributes"]["furniture"]["sofa"][0] == "sofa"
    assert data["attributes"].keys() == ALL_VALUES.keys()
    for name, values in data["attributes"].items():
        assert set(values) <= set(ALL_VALUES[name])
    # What a text means that says nothing needs no words.
    unsaid = {v for name, values in ALL_VALUES.items() for v in values} - {
        v for values in data["attributes"].values() for v in values
    }
    assert unsaid == {"no effect", "cartoon"}
    assert data["max_sequence_length"] == 128
