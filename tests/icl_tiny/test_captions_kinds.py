"""Captions of every kind of panel: complete, in the tasks' own form, and short."""

import random

import pytest

from icl_studio.api import CaptionParts, TaskSpec
from icl_tasks.plugin import TASKS
from icl_tiny.captions import ATTRIBUTES, join_caption, write_caption, write_parts
from icl_tiny.captions.words import ACTION_DOES, words_of
from icl_tiny.training.data import SINGLES
from icl_tiny.world import LAYOUTS, Panel, Profile, Shot
from icl_tiny.world.facts import facts
from icl_tiny.world.sampling import Collage, random_collage, random_panel, random_set

KINDS = ("couple-profile", "font-design", "home-decoration", "ppt-templates")


def names(text: str, panel: Panel, fact: str) -> bool:
    """Whether `text` says the value of `fact` that `panel` has, in one of its words."""
    value = facts(panel)[fact]
    known = ATTRIBUTES[fact][value] + (ACTION_DOES[value] if fact == "action" else ())
    return any(word.lower() in text.lower() for word in known)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
@pytest.mark.parametrize("evaluation", [False, True])
def test_the_tasks_own_template_writes_what_training_sees(task: TaskSpec, evaluation: bool) -> None:
    rng = random.Random(task.id)
    layout = LAYOUTS[task.id]
    for _ in range(25):
        collage = random_set(rng, task.id, held_out=evaluation)
        summary, panels = write_parts(rng, collage, task.id, evaluation)
        rendered = task.caption.render(CaptionParts(summary=summary, panels=panels))
        stop = "," if task.id == "film-storyboard" else ";"
        assert rendered == join_caption(layout, summary, panels, stop, logo=True)
        assert task.caption.parse(rendered).panels == panels


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_parts_of_joint_training_fit_their_template_too(task: TaskSpec) -> None:
    rng = random.Random(task.id)
    for _ in range(25):
        collage = random_collage(rng, LAYOUTS[task.id])
        summary, panels = write_parts(rng, collage, task.id)
        assert not task.caption.problems(CaptionParts(summary=summary, panels=panels))


@pytest.mark.parametrize("name", [*KINDS, "visual-identity-design"])
@pytest.mark.parametrize("evaluation", [False, True])
def test_a_set_of_any_kind_is_told_completely(name: str, evaluation: bool) -> None:
    rng = random.Random(name)
    for _ in range(60):
        collage = random_set(rng, name)
        summary, panels = write_parts(rng, collage, name, evaluation)
        for panel, text in zip(collage.panels, panels, strict=True):
            for fact in facts(panel):
                # What a mark's object is need not be said where it has none.
                if fact == "hat" or (fact == "object" and facts(panel)["object"] == "alone"):
                    continue
                # The summary, or the first panel where the summary says nothing, speaks for all.
                heard = f"{summary} {panels[0]} {text}" if fact in collage.same else text
                assert names(f"{summary} {heard}", panel, fact), (fact, summary, text)


@pytest.mark.parametrize("name", KINDS)
def test_what_differs_is_said_in_the_panels_own_text(name: str) -> None:
    rng = random.Random(name)
    for _ in range(40):
        collage = random_set(rng, name)
        _, panels = write_parts(rng, collage, name)
        for fact in collage.differ:
            for panel, text in zip(collage.panels, panels, strict=True):
                if fact != "hat" and fact in facts(panel):
                    assert names(text, panel, fact)


@pytest.mark.parametrize("evaluation", [False, True])
def test_a_single_picture_says_all_its_facts(evaluation: bool) -> None:
    rng = random.Random(5)
    for layout in SINGLES:
        for _ in range(80):
            panel = random_panel(rng, layout.panel)
            collage = Collage(layout.name, (panel,))
            caption = write_caption(rng, layout, collage, evaluation)
            for fact, value in facts(panel).items():
                unsaid = {
                    "hat": True,
                    "position": value == "middle",
                    "view": value == "front",
                    "action": value == "standing",
                    "object": value == "alone",
                    "scene": isinstance(panel, Shot),
                }.get(fact, value in ("no effect", "cartoon"))
                assert unsaid or names(caption, panel, fact), (fact, caption)


def test_words_to_draw_stand_in_straight_quotes() -> None:
    rng = random.Random(6)
    for _ in range(60):
        collage = random_set(rng, "font-design")
        _, panels = write_parts(rng, collage, "font-design")
        for panel, text in zip(collage.panels, panels, strict=True):
            assert f'"{facts(panel)["word"]}"' in text.lower()


def test_silence_means_middle_front_and_no_effect() -> None:
    rng = random.Random(7)
    layout = next(single for single in SINGLES if single.panel == (192, 96))
    said = {"side": 0, "clauses": 0}
    for _ in range(400):
        panel = random_panel(rng, layout.panel)
        if not isinstance(panel, Shot):
            continue
        caption = write_caption(rng, layout, Collage(layout.name, (panel,)))
        if panel.view == "front" and panel.effect == "no effect" and panel.rendering == "cartoon":
            heard = words_of([caption])
            assert not heard & {"sandstorm", "sparklers", "photo", "illustration", "behind"}
            said["clauses"] += "front" in heard
        if panel.position == "middle":
            assert not {"left", "right"} & words_of([caption])
            said["side"] += "middle" in caption
    assert said["clauses"] > 0
    assert said["side"] > 0


def test_a_couple_is_two_descriptions_of_two_creatures() -> None:
    rng = random.Random(8)
    for _ in range(30):
        collage = random_set(rng, "couple-profile")
        _, texts = write_parts(rng, collage, "couple-profile")
        for panel, text in zip(collage.panels, texts, strict=True):
            assert isinstance(panel, Profile)
            assert names(text, panel, "colour")
            assert names(text, panel, "body")


def test_panels_of_several_kinds_have_no_caption() -> None:
    rng = random.Random(9)
    panels = (random_set(rng, "font-design").panels[0], random_set(rng, "ppt-templates").panels[0])
    with pytest.raises(ValueError, match="these are of Slide, Word"):
        write_parts(rng, Collage("couple-profile", panels), "couple-profile")


def test_captions_of_every_kind_are_worded_differently_every_time() -> None:
    rng = random.Random(11)
    for layout in LAYOUTS.values():
        collage = random_set(rng, layout.name)
        assert len({write_caption(rng, layout, collage) for _ in range(40)}) > 30
