"""Sets of the ten tasks, what joint training may see of them, and the same as plain data."""

import json
import random
from pathlib import Path

import pytest
from PIL import Image

from icl_tiny.world import LAYOUTS, Corner, Mark, Profile, Shot, Slide, Word, draw_collage
from icl_tiny.world import gallery as gallery_module
from icl_tiny.world.draws import legible, random_creature
from icl_tiny.world.facts import facts
from icl_tiny.world.held_out import is_held_out
from icl_tiny.world.sampling import (
    PAIRED,
    Collage,
    from_plain,
    random_collage,
    random_layout,
    random_panel,
    random_set,
    to_plain,
)
from icl_tiny.world.sets import AGREEMENT

KINDS = {
    "couple-profile": Profile,
    "font-design": Word,
    "home-decoration": Corner,
    "ppt-templates": Slide,
    "visual-identity-design": Mark,
}


@pytest.mark.parametrize("task", LAYOUTS)
@pytest.mark.parametrize("held_out", [False, True])
def test_a_true_set_agrees_and_differs_as_its_task_says(task: str, held_out: bool) -> None:
    rng = random.Random(task)
    for _ in range(20):
        collage = random_set(rng, task, held_out)
        assert len(collage.panels) == LAYOUTS[task].count
        assert all(isinstance(panel, KINDS.get(task, Shot)) for panel in collage.panels)
        said = [facts(panel) for panel in collage.panels]
        assert collage.same
        for name in collage.same:
            assert len({fact[name] for fact in said}) == 1
        assert set(collage.differ) <= set(AGREEMENT[task][1])
        assert collage.differ
        for name in collage.differ:
            assert len({fact.get(name) for fact in said}) > 1


@pytest.mark.parametrize("task", LAYOUTS)
def test_held_out_sets_share_nothing_with_training(task: str) -> None:
    rng = random.Random(task)
    for held_out in (False, True):
        for _ in range(12):
            panels = random_set(rng, task, held_out).panels
            assert [is_held_out(panel) for panel in panels] == [held_out] * len(panels)


def test_sets_never_repeat_a_panel() -> None:
    rng = random.Random(6)
    for task in LAYOUTS:
        for _ in range(20):
            panels = random_set(rng, task).panels
            assert len(set(panels)) == len(panels)


def test_paired_tasks_are_a_scene_and_the_same_scene_again() -> None:
    rng = random.Random(1)
    for task in PAIRED:
        first, second = random_set(rng, task).panels
        one, other = facts(first), facts(second)
        assert [name for name in one if one[name] != other[name]] == list(AGREEMENT[task][1])


def test_joint_training_sees_no_pair_but_every_effect_in_single_pictures() -> None:
    rng = random.Random(2)
    for layout in LAYOUTS.values():
        for _ in range(60):
            for panel in random_collage(rng, layout).panels:
                assert not is_held_out(panel)
                assert not isinstance(panel, Shot) or (panel.effect, panel.rendering) == (
                    "no effect",
                    "cartoon",
                )
    singles = [random_panel(rng, (176, 96)) for _ in range(600)]
    assert not any(map(is_held_out, singles))
    shots = [panel for panel in singles if isinstance(panel, Shot)]
    assert {shot.effect for shot in shots} == {"no effect", "sandstorm", "sparklers"}
    assert {shot.rendering for shot in shots} == {"cartoon", "photo", "illustration"}
    assert {shot.view for shot in shots} == {"front", "side", "back", "close-up"}
    assert {type(panel) for panel in singles} == {Shot, Profile, Mark, Word, Corner, Slide}


@pytest.mark.parametrize("task", KINDS)
def test_a_jointly_trained_layout_mostly_holds_its_own_task(task: str) -> None:
    rng = random.Random(task)
    collages = [random_collage(rng, LAYOUTS[task]) for _ in range(150)]
    own = sum(isinstance(collage.panels[0], KINDS[task]) for collage in collages)
    assert 110 < own < 145


def test_marks_and_words_stand_out_from_their_grounds() -> None:
    rng = random.Random(7)
    for task in ("visual-identity-design", "font-design"):
        for _ in range(60):
            said = facts(random_set(rng, task).panels[0])
            assert legible(said.get("ink") or said["mark colour"], said["ground"])
    assert not legible("yellow", "lemon")
    assert not legible("white", "cream")


def test_storyboards_are_a_third_of_what_training_sees() -> None:
    rng = random.Random(8)
    names = [random_layout(rng).name for _ in range(2000)]
    assert 0.31 < names.count("film-storyboard") / len(names) < 0.39
    assert set(names) == set(LAYOUTS)


def test_a_collage_of_any_kind_survives_as_json() -> None:
    rng = random.Random(3)
    for task in LAYOUTS:
        collage = random_set(rng, task)
        assert from_plain(json.loads(json.dumps(to_plain(collage)))) == collage
    with pytest.raises(ValueError, match="kind 'poem'"):
        from_plain(
            {"layout": "x", "panels": [{"kind": "poem", "says": {}}], "same": [], "differ": []}
        )
    broken = to_plain(random_set(rng, "font-design"))
    broken["panels"][0]["says"]["text"] = "xylophone"
    with pytest.raises(ValueError, match="no such panel"):
        from_plain(broken)


def test_one_creature_means_shots_only() -> None:
    creature = random_creature(random.Random(4))
    avatars = (Profile(creature, "hearts", "mint"),) * 2
    assert not Collage("couple-profile", avatars).same_creature


def test_the_gallery_holds_a_set_of_every_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "Übersicht.png"
    monkeypatch.setattr("sys.argv", ["gallery", str(out), "--seed", "3"])
    gallery_module.main()
    assert capsys.readouterr().out.strip() == str(out)
    with Image.open(out) as sheet:
        picture = sheet.convert("RGB")
    found = 0
    for name, layout in LAYOUTS.items():
        panels = random_set(random.Random(f"3-{name}"), name).panels
        expected = draw_collage(layout, panels).tobytes()
        left, top = gallery_module.places()[name]
        box = (left, top, left + layout.canvas[0], top + layout.canvas[1])
        found += picture.crop(box).tobytes() == expected
    assert found == len(LAYOUTS)
