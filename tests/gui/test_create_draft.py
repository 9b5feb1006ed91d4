"""What is typed: undone step by step, kept for each task, judged, and turned into jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from icl_studio.domain.request import MAX_SEED
from icl_studio.errors import RequestInvalid
from icl_studio.gui.create.asking import first_seed, jobs_of
from icl_studio.gui.create.draft import Draft, History, Texts, draft_of, next_seed
from icl_studio.gui.create.judging import Judge, Judgement
from icl_studio.paths import UserFolders
from icl_studio.plugins import load_registry
from icl_studio.plugins.registry import Registry
from icl_studio.settings import Settings

STORY = Texts(summary="a round red creature", panels=("on the beach", "in the forest", "at night"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    from icl_studio.paths import user_folders

    return load_registry(user_folders(tmp_path_factory.mktemp("home")), Settings())


def story(**facts: object) -> Draft:
    return Draft(texts={"film-storyboard": STORY}, seed=3).with_(**facts)


def test_typing_a_word_is_one_step_back_and_another_field_is_another() -> None:
    moment = [0.0]
    history = History(story(), clock=lambda: moment[0])
    for text in ("a", "ab", "abc"):
        moment[0] += 0.3
        history.change(history.now.with_text("summary", text, 3), "summary")
    history.change(history.now.with_text("panel1", "x", 3), "panel1")
    moment[0] += 5
    history.change(history.now.with_text("panel1", "xy", 3), "panel1")
    seen = []
    while history.undo():
        seen.append((history.now.typed(3).summary, history.now.typed(3).panels[0]))
    assert seen == [("abc", "x"), ("abc", "on the beach"), (STORY.summary, "on the beach")]
    assert history.redo() and history.redo() and history.redo() and not history.redo()
    assert history.now.typed(3).panels[0] == "xy"


def test_a_change_after_an_undo_forgets_what_was_undone() -> None:
    history = History(story())
    history.change(story(count=2), "count")
    history.undo()
    history.change(story(count=3), "count")
    assert not history.can_redo and history.now.count == 3


def test_texts_of_another_task_stay_and_come_back() -> None:
    draft = story().with_(task="couple-profile").with_text("panel2", "right", 2)
    assert draft.typed(2) == Texts(summary="", panels=("", "right"))
    assert draft.with_(task="film-storyboard").typed(3) == STORY


def test_a_draft_survives_the_disk_and_a_newer_versions_fields() -> None:
    draft = story(steps=7, guidance=2.5, count=4)
    data = draft.model_dump(mode="json") | {"of_a_newer_version": 1}
    assert Draft.model_validate(data) == draft


@pytest.mark.parametrize(
    ("mode", "after"), [("fixed", 3), ("increment", 7)], ids=["fixed", "increment"]
)
def test_seeds_after_a_generation(mode: str, after: int) -> None:
    draft = story(seed_mode=mode, count=4)
    assert first_seed(draft) == 3
    assert next_seed(draft, 3).seed == after


def test_random_seeds_leave_room_for_the_last_of_a_count() -> None:
    draft = story(seed_mode="random", count=64)
    seeds = {first_seed(draft) for _ in range(50)}
    assert len(seeds) > 1 and max(seeds) + 63 <= MAX_SEED


def judge(registry: Registry, folders: UserFolders, draft: Draft) -> Judgement:
    return Judge(registry, folders).judge(draft)


def test_a_sound_draft_has_its_caption_its_tokens_and_nothing_wrong(
    registry: Registry, folders: UserFolders
) -> None:
    found = judge(registry, folders, story())
    assert found.sound and found.markers_sound
    assert found.caption.startswith("[MOVIE-SHOTS] a round red creature, [SCENE-1] on the beach")
    assert found.tokens and found.limit == 128
    words = [found.caption[start:end] for start, end in found.openings]
    assert words == ["[MOVIE-SHOTS]", "[SCENE-1]", "[SCENE-2]", "[SCENE-3]"]


def test_a_marker_that_cannot_stay_is_found_where_it_was_typed(
    registry: Registry, folders: UserFolders
) -> None:
    text = "in [SCENE-9] and [scene-1] of ten"
    found = judge(registry, folders, story().with_text("panel2", text, 3))
    wrong = [text[start:end] for start, end in found.wrong["panel2"]]
    assert wrong == ["[SCENE-9]", "[scene-1]"] and not found.sound
    assert {problem.where for problem in found.problems} == {"panel 2"}


@pytest.mark.parametrize(
    ("draft", "where"),
    [
        (story().with_text("summary", "", 3), "summary"),
        (story().with_text("panel3", "  ", 3), "panel 3"),
        (story().with_text("panel1", "a {red|blue hat", 3), "panel 1"),
        (story().with_text("panel1", "a __nothing__ hat", 3), "panel 1"),
        (story().with_text("panel1", "word " * 200, 3), "caption"),
        (story(model="no-such-model"), "model"),
        (story(engine="no-such-engine"), "engine"),
        (story(task="gone"), "task"),
        (story(adapters=[{"source": "no-such-lora.safetensors"}]), "LoRA"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_that_cannot_be_made_is_said_where_it_is(
    registry: Registry, folders: UserFolders, draft: Draft, where: str
) -> None:
    draft = Draft.model_validate(draft.model_dump(mode="json", warnings=False))
    found = judge(registry, folders, draft)
    assert where in {problem.where for problem in found.problems}
    assert all(problem.fix or problem.what for problem in found.problems)


def test_wildcards_are_shown_as_the_seed_draws_them_and_each_set_draws_its_own(
    registry: Registry, folders: UserFolders, tmp_path: Path
) -> None:
    draft = story(count=8).with_text("panel1", "a {red|blue|green|white} hat", 3)
    found = judge(registry, folders, draft)
    assert found.wild and "{" not in found.caption
    jobs = jobs_of(draft, draft.seed, registry, folders, tmp_path, "{id}")
    assert jobs[0].request.caption == found.caption
    assert [job.request.seed for job in jobs] == list(range(3, 11))
    assert len({job.request.parts.panels[0] for job in jobs}) > 1
    assert jobs[0].origin == {"choices": {"panel1": "a {red|blue|green|white} hat"}}


def test_seeds_that_would_run_out_are_refused(
    registry: Registry, folders: UserFolders, tmp_path: Path
) -> None:
    with pytest.raises(RequestInvalid, match="past the last seed"):
        jobs_of(story(count=3), MAX_SEED - 1, registry, folders, tmp_path, "{id}")


def test_a_request_becomes_a_draft_that_asks_for_the_same(
    registry: Registry, folders: UserFolders, tmp_path: Path
) -> None:
    draft = story(steps=7, guidance=2.0, exact=True, seed_mode="fixed")
    request = jobs_of(draft, 3, registry, folders, tmp_path, "{id}")[0].request
    again = draft_of(request, registry.task(request.task), Draft())
    assert jobs_of(again, 3, registry, folders, tmp_path, "{id}")[0].request == request


def test_a_look_is_put_over_a_draft_and_nonsense_is_refused() -> None:
    look = story(steps=9, count=2, seed_mode="increment").look
    dressed = Draft(task="couple-profile", seed=5).with_look(look | {"task": "other"})
    assert (dressed.task, dressed.seed, dressed.steps, dressed.count) == ("couple-profile", 5, 9, 2)
    with pytest.raises(ValueError, match="steps"):
        Draft().with_look({"steps": "many"})
