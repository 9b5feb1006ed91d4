"""Jobs for a fake model, and worker processes that no test leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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


def process_exists(pid: int) -> bool:
    """Whether a process of that id runs; a zombie does not count."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Poll ``true``; fail the test when it does not come true in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def leftovers(out: Path) -> list[str]:
    """Names in the sets folder that belong to no whole set."""
    if not out.exists():
        return []
    return [entry.name for entry in out.iterdir() if not (entry / "set.json").is_file()]
