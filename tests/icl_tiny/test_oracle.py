"""The oracle reads pictures back: right ones, wrong ones, soft ones, and none of this world."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from icl_tiny.oracle import read_panel
from icl_tiny.oracle.accuracy import accuracy
from icl_tiny.oracle.hidden import variants
from icl_tiny.oracle.kinds import kind_of, number_of_values
from icl_tiny.oracle.likeness import distances
from icl_tiny.oracle.pictures import CLOSER, drawn
from icl_tiny.oracle.read import MOST_NEAR, NEAR, TINY, _Search
from icl_tiny.oracle.soften import noise_picture, soften
from icl_tiny.world import Creature, Shot, Word, draw_panel
from icl_tiny.world.facts import changed, facts
from icl_tiny.world.layouts import LAYOUTS
from icl_tiny.world.sampling import random_set

STORYBOARD = LAYOUTS["film-storyboard"].panel


def a_panel(seed: int, task: str = "film-storyboard") -> Any:
    return random_set(random.Random(seed), task, True).panels[0]


@pytest.mark.parametrize("task", list(LAYOUTS))
def test_a_drawn_panel_is_read_right_though_another_was_asked(task: str) -> None:
    size = LAYOUTS[task].panel
    truth, asked = a_panel(1, task), a_panel(2, task)
    assert facts(truth) != facts(asked)
    reading = read_panel(draw_panel(truth, size), asked)
    assert reading.values == facts(truth)
    assert reading.readable and reading.resemblance > 0.95
    assert min(reading.confidence.values()) > 0.9


@pytest.mark.parametrize(
    ("truth", "asked"),
    [
        (Word("fox", "outlined", "pink", "cream", 2), Word("tree", "slanted", "brown", "grey")),
        (Word("ant", "outlined", "pink", "cream", 2), Word("cat", "slanted", "brown", "grey")),
        (Word("tea", "slanted", "orange", "grey"), Word("owl", "thin", "blue", "mint")),
    ],
    ids=lambda word: word.text,
)
def test_a_word_is_read_though_under_the_asked_typeface_every_word_is_wrong(
    truth: Word, asked: Word
) -> None:
    reading = read_panel(draw_panel(truth, LAYOUTS["font-design"].panel), asked)
    assert reading.readable and reading.values == facts(truth)


def test_one_wrong_fact_is_read_as_it_is_painted() -> None:
    """The commonest case: everything as asked but for one thing, and that must not be missed."""
    asked = a_panel(3)
    for name, value in facts(asked).items():
        if name not in ("colour", "body", "action", "scene"):
            continue
        other = next(v for v in _values_of(asked, name) if v != value)
        painted = changed(asked, name, other)
        reading = read_panel(draw_panel(painted, STORYBOARD), asked)
        assert reading.values[name] == other
        assert reading.values == facts(painted)


def _values_of(panel: Any, name: str) -> list[str]:
    from icl_tiny.oracle.kinds import values

    return [facts(one)[name] for one in values(panel, name)]


def test_another_drawing_of_the_same_place_is_the_same_place() -> None:
    asked = a_panel(4)
    for painted in variants(asked):
        reading = read_panel(draw_panel(painted, STORYBOARD), asked)
        assert reading.values == facts(asked)
    assert len(list(variants(asked))) > 1


def test_soft_tinted_and_some_pixels_off_is_still_read() -> None:
    rng = random.Random(5)
    right = total = 0
    for seed in (6, 7, 8):
        truth = a_panel(seed)
        reading = read_panel(soften(rng, draw_panel(truth, STORYBOARD)), truth)
        assert reading.readable
        right += sum(reading.values.get(name) == value for name, value in facts(truth).items())
        total += len(facts(truth))
    assert right / total > 0.9


def _plain(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (128, 128, 128))


def _noise(size: tuple[int, int]) -> Image.Image:
    return noise_picture(random.Random(1), size)


def _stripes(size: tuple[int, int]) -> Image.Image:
    """Another world: magenta and green bars."""
    picture = Image.new("RGB", size, (255, 0, 255))
    draw = ImageDraw.Draw(picture)
    for x in range(0, size[0], 24):
        draw.rectangle((x, 0, x + 11, size[1]), fill=(0, 255, 0))
    return picture


def _blobs(size: tuple[int, int]) -> Image.Image:
    """Another world: soft clouds of random colour, as an untrained model paints."""
    coarse = np.random.default_rng(3).integers(0, 256, (4, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("other", [_plain, _noise, _stripes, _blobs])
def test_what_is_not_of_this_world_is_rejected(other: Any) -> None:
    reading = read_panel(other(STORYBOARD), a_panel(9))
    assert not reading.readable


@pytest.mark.parametrize(
    "truth",
    [
        Shot(Creature("green", "tall", "no hat", None), "city", "sleeping", "left"),
        Shot(Creature("brown", "tall", "party hat", "blue"), "city", "standing", "middle"),
        Shot(Creature("brown", "triangular", "crown", "purple"), "city", "jumping", "left"),
        Shot(Creature("purple", "round", "woolly hat", "teal"), "forest", "jumping", "middle"),
    ],
    ids=lambda truth: f"{truth.place}-{truth.action}",
)
def test_what_the_embedded_model_paints_is_read(truth: Shot) -> None:
    """Its windows at night stand where no drawing has them, and are most of what varies there."""
    path = Path(__file__).parent / "generated" / f"{truth.place}-{truth.action}.png"
    with Image.open(path) as picture:
        reading = read_panel(picture.convert("RGB"), a_panel(2))
    assert reading.readable
    # Rendering left out: what this model paints softly may pass for a photograph.
    named = facts(truth).keys() - {"rendering"}
    assert {name for name in named if reading.values.get(name) != facts(truth)[name]} == set()


def test_the_likest_candidate_is_never_left_out_of_the_closer_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a very soft word many are nearly as like; those looked at are the likest, not the first.

    Otherwise a reading would lean towards what was asked, which is the first of all candidates.
    """
    looks: list[tuple[list[Any], Any]] = []

    def spied(picture: Any, candidates: Any) -> Any:
        found = distances(picture, candidates)
        looks.append((list(candidates), found))
        return found

    size = LAYOUTS["font-design"].panel
    asked, crowded = a_panel(4, "font-design"), 0
    for seed in range(3):
        rng = random.Random(seed)
        picture = soften(rng, draw_panel(a_panel(seed, "font-design"), size), blur=4, noise=25)
        search = _Search(picture)
        for name in ("word", "typeface", "ink"):
            looks.clear()
            monkeypatch.setattr("icl_tiny.oracle.read.distances", spied)
            chosen = search._likest(asked, name)
            monkeypatch.undo()
            first = looks[0][1]
            if (first <= NEAR * first.min() + TINY).sum() <= MOST_NEAR:
                continue
            crowded += 1
            likest = search._candidates(asked, name)[int(np.argmin(first))]
            closer = drawn(likest, size, CLOSER)
            assert len(looks[1][0]) <= MOST_NEAR and chosen in search._candidates(asked, name)
            assert any(np.array_equal(closer, seen) for seen in looks[1][0])
    assert crowded >= 2


def test_doubt_shows_in_the_confidence_of_the_fact_in_doubt() -> None:
    asked = a_panel(10)
    other = changed(asked, "scene", _values_of(asked, "scene")[1])
    both = [draw_panel(panel, STORYBOARD) for panel in (asked, other)]
    half = read_panel(Image.blend(*both, 0.5), asked)
    clear = read_panel(both[0], asked)
    assert clear.confidence["scene"] > 0.95
    assert half.confidence["scene"] < 0.7
    assert half.confidence["colour"] > 0.9


def test_a_hat_and_its_colour_are_read_together() -> None:
    kind = kind_of(a_panel(11), STORYBOARD)
    assert kind.together["hat"] == ("hat colour",)
    assert "scene" in kind.with_variety
    assert kind.order.index("scene") < kind.order.index("hat colour")


def test_chance_is_one_in_the_values_of_the_kind() -> None:
    assert number_of_values(a_panel(12), "scene") == 9
    assert number_of_values(a_panel(12), "action") == 5


def test_likeness_lets_a_subject_stand_a_little_off_but_not_far() -> None:
    panel = a_panel(13)
    left, right = (drawn(changed(panel, "position", at), STORYBOARD) for at in ("left", "right"))
    moved = np.roll(left, 2, axis=2)
    assert np.argmin(distances(moved, [right, left])) == 1
    assert distances(moved, [left, right])[0] < 0.3 * np.square(moved - left).sum(0).mean() + 0.01


def test_its_own_accuracy_is_measured_and_noise_is_noise() -> None:
    drawn_ones = accuracy(3, seed=1)
    assert drawn_ones.panels == 3 and drawn_ones.readable == 1
    assert drawn_ones.overall > 0.95
    assert drawn_ones.chance["scene"] == pytest.approx(1 / 9)
    noise = accuracy(2, seed=1, through="noise")
    assert noise.readable == 0
    seen = []
    accuracy(3, seed=1, through=lambda sheet: seen.append(sheet.size) or sheet)
    assert seen == [LAYOUTS["film-storyboard"].canvas]
    with pytest.raises(ValueError, match="at least one panel"):
        accuracy(0, seed=1)
