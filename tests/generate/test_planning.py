"""Everything that can be known to fail is found before a worker starts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.model import ModelSpec
from icl_studio.domain.request import SetRequest
from icl_studio.engines.protocol import EngineSpec
from icl_studio.errors import ModelUnavailable, NotFound, StorageProblem, UserError
from icl_studio.generate.asking import Wishes, new_request, parse_lora, seeds_from
from icl_studio.generate.planning import Place, check_folder, choose_engine, plan
from icl_studio.paths import user_folders
from icl_studio.plugins import Registry, load_registry
from icl_studio.settings import Settings

PARTS = CaptionParts(summary="A fox travels", panels=("on a beach", "in a wood", "at home"))


@pytest.fixture
def studio(fake_studio: Callable[..., Path]) -> tuple[Registry, Callable[..., SetRequest]]:
    """The registry, and a function that asks for a storyboard on the fake model."""
    model = fake_studio()
    registry = load_registry(user_folders(), Settings())

    def ask(**wishes: object) -> SetRequest:
        return new_request(
            registry,
            user_folders(),
            "film-storyboard",
            PARTS,
            Wishes(**{"model": str(model), "seed": 1, **wishes}),  # type: ignore[arg-type]
        )

    return registry, ask


def test_a_plan_has_one_job_per_request(
    studio: tuple[Registry, Callable[..., SetRequest]], tmp_path: Path
) -> None:
    registry, ask = studio
    place = Place(out=tmp_path / "aus", set_name="{task}/{seed}")
    jobs = plan(seeds_from(ask(), 3), registry, user_folders(), place)
    assert [job.request.seed for job in jobs] == [1, 2, 3]
    assert [job.folder_name for job in jobs] == [f"film-storyboard/{seed}" for seed in (1, 2, 3)]
    assert len({job.id for job in jobs}) == 3
    assert {job.engine.id for job in jobs} == {"fake"}
    assert not place.out.exists()


@pytest.mark.parametrize(
    ("wishes", "set_name", "error"),
    [
        ({"engine": "warp"}, "{id}", NotFound),
        ({"adapters": (parse_lora("nowhere.safetensors"),)}, "{id}", NotFound),
        ({}, "{nonsense}", UserError),
    ],
)
def test_what_cannot_work_is_found_at_once(
    studio: tuple[Registry, Callable[..., SetRequest]],
    tmp_path: Path,
    wishes: dict[str, object],
    set_name: str,
    error: type[UserError],
) -> None:
    registry, ask = studio
    with pytest.raises(error):
        plan([ask(**wishes)], registry, user_folders(), Place(out=tmp_path, set_name=set_name))


def test_a_folder_where_nothing_can_be_saved_is_found_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageProblem):
        check_folder(file / "sets")
    new = tmp_path / "neu" / "🎬"
    check_folder(new)
    assert not new.parent.exists()
    if os.name != "nt" and os.getuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(StorageProblem):
            check_folder(locked)


def test_auto_is_the_first_engine_that_is_installed() -> None:
    def engine(id: str, *requires: str) -> EngineSpec:
        return EngineSpec(id=id, title=id, factory="m:f", requires=requires)

    lacking, small, torch = engine("lacking", "no_such"), engine("small"), engine("torch", "json")

    def registry(*specs: EngineSpec) -> Registry:
        return Registry(tasks={}, models={}, engines={spec.id: spec for spec in specs})

    assert choose_engine("auto", registry(lacking, small, torch)) == torch
    assert choose_engine("auto", registry(lacking, small)) == small
    with pytest.raises(NotFound, match="needs no_such") as refused:
        choose_engine("lacking", registry(lacking))
    assert "pip install" in refused.value.fix
    with pytest.raises(NotFound, match="no engine that can run"):
        choose_engine("auto", registry(lacking))


def test_a_model_that_may_not_be_had_stops_before_any_lora_is_fetched(
    studio: tuple[Registry, Callable[..., SetRequest]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry, ask = studio
    fetched: list[object] = []
    monkeypatch.setattr("icl_studio.models.adapters._from_hub", lambda *a: fetched.append(a))
    monkeypatch.setattr("icl_studio.generate.planning.locate", lambda *a: fetched.append(a))
    asked = ask(adapters=(parse_lora("owner/looks/a.safetensors"),))
    gone = ModelSpec(id="gone", title="Gone", source=str(tmp_path / "gone"), family="fake")
    registry = replace(registry, models={**registry.models, "gone": gone})
    with pytest.raises(ModelUnavailable, match="not there"):
        plan(
            [asked.model_copy(update={"model": "gone"})], registry, user_folders(), Place(tmp_path)
        )
    assert fetched == []


def test_a_hub_model_no_plugin_knows_goes_by_its_own_files_once_they_are_here(
    fake_studio: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache, commit = fake_studio(), tmp_path / "hub", "1" * 40
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    repository = cache / "models--someone--flux"

    def download(*_: object) -> Path:
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text(commit, encoding="utf-8")
        return shutil.copytree(model, repository / "snapshots" / commit)

    monkeypatch.setattr("icl_studio.models.hub.check_allowed", lambda _: None)
    monkeypatch.setattr("icl_studio.models.hub.fetch_model", download)
    registry, folders = load_registry(user_folders(), Settings()), user_folders()
    local = new_request(registry, folders, "film-storyboard", PARTS, Wishes(model=str(model)))
    asked = local.model_copy(update={"model": "someone/flux"})
    (job,) = plan([asked], registry, folders, Place(tmp_path))
    assert job.model.spec.max_sequence_length == 128  # not the 512 assumed before
    assert (job.model.spec.id, job.model.spec.source) == ("someone/flux", "someone/flux")
