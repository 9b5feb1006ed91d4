"""Everything that can be known to fail is found before a worker starts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.request import SetRequest
from icl_studio.engines.protocol import EngineSpec
from icl_studio.errors import NotFound, StorageProblem, UserError
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
    assert choose_engine("lacking", registry(lacking)) == lacking  # asked for: its own error says
    with pytest.raises(NotFound, match="no engine that can run"):
        choose_engine("auto", registry(lacking))
