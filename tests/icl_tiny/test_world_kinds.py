"""Every kind of panel: that its facts can be read from its picture, and nothing else changes it."""

import random
from dataclasses import replace
from itertools import combinations

import pytest
from PIL import Image, ImageChops

from icl_tiny.oracle.pictures import drawn
from icl_tiny.world import (
    LAYOUTS,
    NO_HAT,
    Corner,
    Creature,
    Mark,
    Panel,
    Profile,
    Shot,
    Slide,
    Word,
    draw_panel,
    is_held_out,
    subject_box,
)
from icl_tiny.world.alphabet import CORNERED, LETTERS
from icl_tiny.world.facts import ALL_VALUES, changed, facts
from icl_tiny.world.kinds import GROUNDS, MANNERS, SLIDES, THEMES, WORDS

CREATURE = Creature("red", "round", "cap", "blue")
PANELS: tuple[Panel, ...] = (
    Shot(CREATURE, "meadow", "standing", "middle"),
    Profile(CREATURE, "hearts", "mint"),
    Mark("star", "red", "cream", "alone"),
    Mark("star", "red", "cream", "mug"),
    Word("moon", "rounded", "red", "cream"),
    Corner("sofa", "modern", "mint", "red"),
    Slide("title", "waves", "red", "blue"),
)
SIZES = sorted({layout.panel for layout in LAYOUTS.values()})
CASES = [
    pytest.param(panel, name, id=f"{type(panel).__name__}-{name}")
    for panel in PANELS
    for name in facts(panel)
]


def visible_difference(one: Image.Image, other: Image.Image) -> int:
    """How many pixels differ by more than 24 of 255 in some channel."""
    channels = ImageChops.difference(one, other).split()
    brightest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(brightest.histogram()[25:])


def home(panel: Panel) -> tuple[int, int]:
    """The panel size of the kind's own task."""
    sizes = {Word: (144, 96), Corner: (96, 128), Slide: (160, 96), Mark: (96, 128)}
    return sizes.get(type(panel), (96, 96))


@pytest.mark.parametrize(("panel", "name"), CASES)
def test_any_two_values_of_a_fact_can_be_told_apart(panel: Panel, name: str) -> None:
    pictures = [draw_panel(changed(panel, name, value), home(panel)) for value in ALL_VALUES[name]]
    for one, other in combinations(pictures, 2):
        assert visible_difference(one, other) > 60


@pytest.mark.parametrize(
    "panels",
    [
        *([Slide(kind, one, "blue", "orange") for one in THEMES] for kind in SLIDES),
        *([Profile(CREATURE, one, ground) for one in MANNERS] for ground in GROUNDS),
    ],
    ids=[*SLIDES, *GROUNDS],
)
def test_motifs_are_told_apart_at_the_size_at_which_the_oracle_sees(panels: list[Panel]) -> None:
    seen = [drawn(panel, home(panel)) for panel in panels]
    for one, other in combinations(seen, 2):
        assert float(((one - other) ** 2).sum()) > 1.5


@pytest.mark.parametrize(("panel", "name"), CASES)
def test_changing_a_fact_changes_that_fact(panel: Panel, name: str) -> None:
    for value in ALL_VALUES[name]:
        other = facts(changed(panel, name, value))
        assert other[name] == value
        kept = {k: v for k, v in facts(panel).items() if k not in (name, "hat colour")}
        assert kept.items() <= other.items()


def test_every_fact_belongs_to_some_kind() -> None:
    assert {name for panel in PANELS for name in facts(panel)} == set(ALL_VALUES)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: type(panel).__name__)
def test_every_kind_is_drawn_at_every_size_with_its_subject_inside(panel: Panel) -> None:
    for width, height in SIZES:
        picture = draw_panel(panel, (width, height))
        assert picture.size == (width, height)
        assert picture.mode == "RGB"
        assert picture.tobytes() == draw_panel(panel, (width, height)).tobytes()
        left, top, right, bottom = subject_box(panel, (width, height))
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert (right - left) * (bottom - top) > 0.06 * width * height


def test_a_shot_is_seen_plainly_unless_it_says_otherwise() -> None:
    said = facts(PANELS[0])
    assert (said["view"], said["effect"], said["rendering"]) == ("front", "no effect", "cartoon")


def test_hidden_variety_changes_the_picture_but_no_fact() -> None:
    for panel in PANELS[1:]:
        if isinstance(panel, Shot) or panel == PANELS[2]:
            continue
        other = replace(panel, variant=3)
        assert facts(other) == facts(panel)
        assert draw_panel(other, home(panel)).tobytes() != draw_panel(panel, home(panel)).tobytes()


def test_every_letter_of_every_word_has_strokes() -> None:
    letters = {letter for word in WORDS for letter in word.upper()}
    assert letters <= LETTERS.keys() == CORNERED.keys()
    assert all(3 <= len(word) <= 5 for word in WORDS)
    assert len(set(WORDS)) == len(WORDS) >= 40


def test_what_is_no_panel_is_refused() -> None:
    for function in (facts, is_held_out):
        with pytest.raises(TypeError, match="no panel"):
            function("a panel")
    with pytest.raises(TypeError, match="no panel"):
        draw_panel("a panel", (96, 96))
    with pytest.raises(TypeError, match="no panel"):
        changed("a panel", "colour", "red")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: type(panel).__name__)
def test_facts_and_values_that_do_not_exist_are_refused(panel: Panel) -> None:
    with pytest.raises(ValueError, match="says nothing of 'weather'"):
        changed(panel, "weather", "mild")
    for name in facts(panel):
        with pytest.raises(ValueError, match="no such"):
            changed(panel, name, "mauve")


def test_a_hat_that_was_not_there_gets_a_colour() -> None:
    bare = replace(PANELS[1], creature=Creature("red", "round", NO_HAT, None))
    assert "hat colour" not in facts(bare)
    assert facts(changed(bare, "hat", "crown"))["hat colour"] == "red"
    with pytest.raises(ValueError, match="says nothing of 'hat colour'"):
        changed(bare, "hat colour", "green")


def test_about_one_combination_in_ten_is_held_out_whatever_its_panel_shows() -> None:
    rng = random.Random(0)
    for panel in PANELS[3:]:
        names = [n for n in facts(panel) if n not in ("object", "furniture", "slide")]
        drawn = {panel}
        for _ in range(1500):
            other = panel
            for name in names:
                other = changed(other, name, rng.choice(ALL_VALUES[name]))
            drawn.add(other)
        share = sum(map(is_held_out, drawn)) / len(drawn)
        assert 0.05 < share < 0.15
    mark = PANELS[3]
    assert len({is_held_out(changed(mark, "object", on)) for on in ALL_VALUES["object"]}) == 1
    corner = PANELS[5]
    same = {is_held_out(changed(corner, "furniture", f)) for f in ALL_VALUES["furniture"]}
    assert len(same) == 1
