"""The drawn world: what it holds, that drawings follow from attributes, and the held-out rule."""

import random
from dataclasses import replace
from itertools import combinations

import pytest
from PIL import Image, ImageChops

from icl_tiny.world import (
    ACTIONS,
    BODIES,
    COLOURS,
    HATS,
    LAYOUTS,
    NO_HAT,
    PLACES,
    POSITIONS,
    Creature,
    Shot,
    draw_collage,
    draw_panel,
    is_held_out,
    subject_box,
)
from icl_tiny.world.layouts import collage_boxes
from icl_tiny.world.sampling import random_collage, random_creature, random_shot

SQUARE = (96, 96)
PLAIN = Shot(Creature("red", "round", "top hat", "blue"), "meadow", "standing", "middle")

# Spots of pictures that weights were trained on; a little tolerant of how Pillow rounds.
KNOWN_COLOURS = {
    "meadow": {(48, 60): (218, 56, 52), (4, 4): (118, 193, 246), (4, 90): (93, 171, 70)},
    "moon": {(48, 60): (218, 56, 52), (4, 4): (11, 11, 24), (4, 90): (150, 150, 163)},
}


def visible_difference(one: Image.Image, other: Image.Image) -> int:
    """How many pixels differ by more than 24 of 255 in some channel."""
    channels = ImageChops.difference(one, other).split()
    brightest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(brightest.histogram()[25:])


def test_the_world_is_as_wide_as_promised() -> None:
    assert len(COLOURS) == 10
    assert len(BODIES) == 5
    assert len(HATS) == 6
    assert len(PLACES) >= 8
    assert len(ACTIONS) == 5
    assert len(POSITIONS) == 3


def test_a_drawing_follows_from_its_attributes_alone() -> None:
    assert draw_panel(PLAIN, SQUARE).tobytes() == draw_panel(PLAIN, SQUARE).tobytes()


@pytest.mark.parametrize("size", sorted({layout.panel for layout in LAYOUTS.values()}))
def test_every_panel_size_is_drawn_with_the_creature_inside(size: tuple[int, int]) -> None:
    for position in POSITIONS:
        shot = replace(PLAIN, position=position)
        assert draw_panel(shot, size).size == size
        left, top, right, bottom = subject_box(shot, size)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert bottom - top > 0.45 * min(size)


def variants(field: str) -> list[Shot]:
    """One shot for every value of a shot's or creature's attribute."""
    if field == "place":
        return [replace(PLAIN, place=value) for value in PLACES]
    if field == "action":
        return [replace(PLAIN, action=value) for value in ACTIONS]
    if field == "position":
        return [replace(PLAIN, position=value) for value in POSITIONS]
    if field == "hat":
        creatures = [
            replace(PLAIN.creature, hat=hat, hat_colour=None if hat == NO_HAT else "blue")
            for hat in HATS
        ]
    else:
        values = BODIES if field == "body" else tuple(COLOURS)
        creatures = [replace(PLAIN.creature, **{field: value}) for value in values]
    return [replace(PLAIN, creature=creature) for creature in creatures]


@pytest.mark.parametrize(
    "field", ["colour", "body", "hat", "hat_colour", "place", "action", "position"]
)
def test_any_two_values_of_an_attribute_can_be_told_apart(field: str) -> None:
    pictures = [draw_panel(shot, SQUARE) for shot in variants(field)]
    for one, other in combinations(pictures, 2):
        assert visible_difference(one, other) > 60


def test_a_collage_is_its_panels_side_by_side() -> None:
    layout = LAYOUTS["font-design"]
    collage = random_collage(random.Random(1), layout)
    canvas = draw_collage(layout, collage.panels)
    assert canvas.size == (288, 192)
    left, top = layout.origin(3)
    last = canvas.crop((left, top, left + 144, top + 96))
    assert last.tobytes() == draw_panel(collage.panels[3], (144, 96)).tobytes()
    for index, box in enumerate(collage_boxes(layout, collage.panels)):
        assert layout.origin(index)[0] <= box[0] < box[2] <= layout.origin(index)[0] + 144


def test_every_canvas_has_whole_tokens_in_every_panel() -> None:
    for layout in LAYOUTS.values():
        assert layout.panel[0] % 16 == layout.panel[1] % 16 == 0
        assert min(layout.panel) == 96


def test_one_creature_in_ten_is_held_out_and_never_drawn_for_training() -> None:
    everyone = [
        Creature(colour, body, hat, None if hat == NO_HAT else hat_colour)
        for colour in COLOURS
        for body in BODIES
        for hat in HATS
        for hat_colour in (COLOURS if hat != NO_HAT else ["red"])
    ]
    share = sum(map(is_held_out, everyone)) / len(everyone)
    assert 0.08 < share < 0.12
    rng = random.Random(0)
    assert not any(is_held_out(random_creature(rng)) for _ in range(300))
    assert all(is_held_out(random_creature(rng, held_out=True)) for _ in range(30))


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such creature"):
        Creature("mauve", "round", NO_HAT, None)
    with pytest.raises(ValueError, match="a hat needs a colour"):
        Creature("red", "round", "cap", None)
    with pytest.raises(ValueError, match="no such shot"):
        replace(PLAIN, place="office")
    with pytest.raises(ValueError, match="has 3 panels"):
        draw_collage(LAYOUTS["film-storyboard"], (PLAIN,))


def test_collages_come_with_one_creature_or_several() -> None:
    rng = random.Random(3)
    collages = [random_collage(rng, LAYOUTS["film-storyboard"]) for _ in range(200)]
    same = sum(collage.same_creature for collage in collages)
    assert 120 < same < 185
    assert random_shot(rng, PLAIN.creature).creature == PLAIN.creature


@pytest.mark.parametrize("place", KNOWN_COLOURS)
def test_what_trained_weights_know_is_drawn_as_ever(place: str) -> None:
    picture = draw_panel(replace(PLAIN, place=place), SQUARE)
    for spot, expected in KNOWN_COLOURS[place].items():
        colour = picture.getpixel(spot)
        assert isinstance(colour, tuple)
        assert max(abs(a - b) for a, b in zip(colour, expected, strict=True)) <= 3
