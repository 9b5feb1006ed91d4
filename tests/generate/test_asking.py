"""What a user types becomes a request that is checked against task and model at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.model import AdapterUse, ModelSpec
from icl_studio.domain.request import MAX_SEED, SetRequest
from icl_studio.errors import ModelUnavailable, NotFound, RequestInvalid
from icl_studio.generate.asking import (
    Wishes,
    caption_is_edited,
    changed_request,
    new_request,
    parse_lora,
    seeds_from,
    unknown_words,
)
from icl_studio.paths import UserFolders, user_folders
from icl_studio.plugins import Registry, load_registry
from icl_studio.settings import Settings

PARTS = CaptionParts(summary="A fox travels", panels=("on a beach", "in a wood", "at home"))
TASK = "film-storyboard"


@pytest.fixture
def folders(home: Path) -> UserFolders:
    return user_folders()


@pytest.fixture
def registry(folders: UserFolders) -> Registry:
    return load_registry(folders, Settings())


@pytest.mark.parametrize(
    ("text", "source", "weight"),
    [
        ("style.safetensors", "style.safetensors", 1.0),
        ("style.safetensors:0.8", "style.safetensors", 0.8),
        ("style:-0.5", "style", -0.5),
        ("owner/repository/style.safetensors:2", "owner/repository/style.safetensors", 2.0),
        (r"C:\lora\style.safetensors", r"C:\lora\style.safetensors", 1.0),
        (r"C:\lora\style.safetensors:0.8", r"C:\lora\style.safetensors", 0.8),
        ("C:style.safetensors", "C:style.safetensors", 1.0),
        ("shot: two.safetensors", "shot: two.safetensors", 1.0),
        ("style:", "style:", 1.0),
        (":0.8", ":0.8", 1.0),
        ("größe 🎬.safetensors:1", "größe 🎬.safetensors", 1.0),
    ],
)
def test_a_lora_is_a_file_and_perhaps_a_weight(text: str, source: str, weight: float) -> None:
    assert parse_lora(text) == AdapterUse(source=source, weight=weight)


@pytest.mark.skipif(os.name == "nt", reason="no colons in names there")
def test_a_file_whose_name_ends_like_a_weight_is_that_file(tmp_path: Path) -> None:
    file = tmp_path / "a:0.5"
    file.write_bytes(b"")
    assert parse_lora(str(file)) == AdapterUse(source=str(file))


@pytest.mark.parametrize("text", ["style:11", "style:nan", "style:-inf", "style:1e9", ""])
def test_an_impossible_weight_is_refused(text: str) -> None:
    with pytest.raises(RequestInvalid, match="cannot be used"):
        parse_lora(text)


def test_seeds_count_up(registry: Registry, folders: UserFolders) -> None:
    asked = new_request(registry, folders, TASK, PARTS, Wishes(seed=MAX_SEED - 1))
    assert [r.seed for r in seeds_from(asked, 2)] == [MAX_SEED - 1, MAX_SEED]
    with pytest.raises(RequestInvalid, match="Start at a smaller seed"):
        seeds_from(asked, 3)


def test_a_stored_request_changes_only_where_it_is_told_to(
    registry: Registry, folders: UserFolders
) -> None:
    asked = new_request(
        registry, folders, TASK, PARTS, Wishes(seed=3, steps=5, adapters=(), name="a")
    )
    assert changed_request(asked, registry, folders, Wishes()) == asked
    changed = changed_request(
        asked, registry, folders, Wishes(seed=0, guidance=0.0, exact=True, name="b")
    )
    assert (changed.seed, changed.sampling.guidance, changed.exact) == (0, 0.0, True)
    assert changed.sampling.steps == 5 and changed.layout == asked.layout
    with pytest.raises(RequestInvalid, match="steps"):
        changed_request(asked, registry, folders, Wishes(steps=0))


def test_another_model_draws_at_its_own_size(
    registry: Registry, folders: UserFolders, fake_studio: Callable[..., Path]
) -> None:
    asked = new_request(registry, folders, TASK, PARTS, Wishes(seed=3, steps=5, adapters=()))
    other = changed_request(asked, registry, folders, Wishes(model=str(fake_studio())))
    assert other.layout.canvas == (64, 96) != asked.layout.canvas
    assert (other.seed, other.sampling.steps, other.adapters) == (3, 5, ())


DEV = "black-forest-labs/FLUX.1-dev"


def test_a_set_of_a_model_that_has_gone_is_drawn_on_another(
    registry: Registry, folders: UserFolders, tmp_path: Path
) -> None:
    asked = new_request(registry, folders, TASK, PARTS, Wishes(seed=3))
    gone = asked.model_copy(update={"model": str(tmp_path / "gone")})
    with pytest.raises(ModelUnavailable):
        changed_request(gone, registry, folders, Wishes())
    assert changed_request(gone, registry, folders, Wishes(model="tiny")) == asked


def test_the_tasks_own_lora_follows_the_family_and_a_users_stays(
    registry: Registry, folders: UserFolders
) -> None:
    task = registry.task(TASK)
    own, shipped = task.adapter_for("flux.1"), task.adapter_for("tiny")
    assert own is not None

    def on(model: str, adapters: tuple[AdapterUse, ...] | None = None) -> SetRequest:
        return new_request(registry, folders, TASK, PARTS, Wishes(model=model, adapters=adapters))

    def redrawn(asked: SetRequest, model: str) -> tuple[AdapterUse, ...]:
        return changed_request(asked, registry, folders, Wishes(model=model)).adapters

    flux = (AdapterUse(source=own.source, weight=own.weight),)
    mine = (AdapterUse(source="mine.safetensors", weight=0.5),)
    assert redrawn(on("tiny"), "flux.1-dev") == flux
    tiny = (AdapterUse(source=shipped.source, weight=shipped.weight),) if shipped else ()
    assert redrawn(on("flux.1-dev"), "tiny") == tiny
    assert redrawn(on("tiny", mine), "flux.1-dev") == mine
    assert redrawn(on("flux.1-dev", flux + mine), "tiny") == tiny + mine
    assert redrawn(on("flux.1-dev", ()), "flux.1-schnell") == ()  # asked for without any


def test_another_models_sampling_is_its_own_unless_the_user_chose(
    registry: Registry, folders: UserFolders
) -> None:
    def redrawn(model: str, to: str, **wishes: float) -> tuple[int, float]:
        asked = new_request(registry, folders, TASK, PARTS, Wishes(model=model, **wishes))  # type: ignore[arg-type]
        sampling = changed_request(asked, registry, folders, Wishes(model=to)).sampling
        return sampling.steps, sampling.guidance

    usual = registry.task(TASK).sampling
    assert redrawn("tiny", "flux.1-schnell") == (4, 0.0)
    assert redrawn("flux.1-schnell", "flux.1-dev") == (usual.steps, usual.guidance)
    assert redrawn("tiny", "flux.1-schnell", steps=7) == (7, 0.0)
    asked = new_request(registry, folders, TASK, PARTS, Wishes())
    with pytest.raises(RequestInvalid, match="steps"):
        changed_request(asked, registry, folders, Wishes(model="flux.1-dev", steps=0))


def test_a_lora_under_the_working_folder_is_named_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "grün.safetensors"
    file.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    for text in ("grün", "grün.safetensors", "./grün.safetensors", str(file)):
        assert parse_lora(f"{text}:0.5") == AdapterUse(source=str(file), weight=0.5)
    assert parse_lora("~nobody-of-that-name/a").source == "~nobody-of-that-name/a"


def test_a_request_of_another_size_than_the_model_draws_is_refused(
    registry: Registry, folders: UserFolders
) -> None:
    asked = new_request(registry, folders, TASK, PARTS, Wishes(seed=3))
    odd = asked.model_dump()
    odd["layout"] = {"rows": 3, "cols": 1, "panel": (100, 100)}
    with pytest.raises(RequestInvalid, match="cannot draw") as refused:
        changed_request(type(asked).model_validate(odd), registry, folders, Wishes())
    assert any("multiple of 16" in str(problem) for problem in refused.value.problems)


def test_an_unknown_task_or_model_is_named(registry: Registry, folders: UserFolders) -> None:
    with pytest.raises(NotFound, match="film-storybord"):
        new_request(registry, folders, "film-storybord", PARTS, Wishes())
    with pytest.raises(NotFound, match="tinny"):
        new_request(registry, folders, TASK, PARTS, Wishes(model="tinny"))


def test_a_caption_that_is_too_long_is_refused_before_any_worker(
    registry: Registry, fake_studio: Callable[..., Path], folders: UserFolders
) -> None:
    long = CaptionParts(summary="word " * 600, panels=PARTS.panels)
    with pytest.raises(RequestInvalid) as refused:
        new_request(registry, folders, TASK, long, Wishes(model=str(fake_studio())))
    assert "the model reads 128" in str(refused.value)


def test_words_outside_a_vocabulary_are_named_once_in_order() -> None:
    model = ModelSpec(
        id="m", title="M", source="x", family="f", vocabulary=("a", "red", "fox", "top", "Hat")
    )
    parts = CaptionParts(
        summary="A red astronaut, a fox", panels=("Top-hat and astronaut", "röter 3 foxes")
    )
    assert unknown_words(model, parts) == ("astronaut", "and", "röter", "foxes")
    everything = model.model_copy(update={"vocabulary": ()})
    assert unknown_words(everything, parts) == ()


def test_a_caption_that_is_not_what_its_task_writes_is_noticed(
    registry: Registry, folders: UserFolders
) -> None:
    asked = new_request(registry, folders, TASK, PARTS, Wishes())
    assert not caption_is_edited(asked, registry)
    assert caption_is_edited(asked.model_copy(update={"caption": "other"}), registry)
    gone = asked.model_copy(update={"task": "gone", "caption": "other"})
    assert not caption_is_edited(gone, registry)
