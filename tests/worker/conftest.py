"""Jobs for a fake model, and worker processes that no test leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from worker_helpers import process_exists

from icl_studio.domain.caption import CaptionParts, CaptionTemplate
from icl_studio.domain.layout import Layout
from icl_studio.domain.model import Sampling
from icl_studio.domain.request import build_request
from icl_studio.domain.task import TaskSpec
from icl_studio.engines.protocol import LocatedModel
from icl_studio.paths import UserFolders, user_folders
from icl_studio.sets.record import new_set_id
from icl_studio.testing import FAKE_ENGINE, FakeBehaviour, write_fake_model
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob

TASK = TaskSpec(
    id="pair",
    title="Pair",
    layout=Layout.grid(1, 2, (64, 64), ("LEFT", "RIGHT")),
    caption=CaptionTemplate(openings=("[LEFT]", "[RIGHT]")),
    sampling=Sampling(steps=4),
)


@pytest.fixture
def folders(home: Path) -> UserFolders:
    return user_folders()


@pytest.fixture
def fake_model(tmp_path: Path) -> Callable[..., LocatedModel]:
    """Writes a model folder whose engine behaves as told, under a name that is no ASCII."""

    def write(name: str = "modell-ü", **behaviour: Any) -> LocatedModel:
        return write_fake_model(tmp_path / name, FakeBehaviour(**behaviour))

    return write


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., GenerateJob]:
    """A job of the pair task in ``tmp_path / "sets 🎬"``; keywords change job or request."""

    def make(
        model: LocatedModel, *, summary: str = "Two views of a fox", **changes: Any
    ) -> GenerateJob:
        asked = {key: changes.pop(key) for key in ("seed", "steps", "exact") if key in changes}
        request = build_request(
            TASK,
            model.spec,
            CaptionParts(summary=summary, panels=("from the left", "from the right")),
            **{"seed": 7, **asked},
        )
        fields: dict[str, Any] = {
            "id": new_set_id(),
            "request": request,
            "model": model,
            "engine": FAKE_ENGINE,
            "out": tmp_path / "sets 🎬",
        }
        return GenerateJob(**{**fields, **changes})

    return make


@pytest.fixture
def client(folders: UserFolders) -> Iterator[WorkerClient]:
    """A started worker, closed afterwards; its process must be gone then."""
    with WorkerClient(folders) as started:
        pid = started.pid
        yield started
    assert pid is not None
    assert not process_exists(pid)
