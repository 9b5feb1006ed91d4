"""A queue of the fake model's sets, in a home of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.request import SetRequest, build_request
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.paths import UserFolders, user_folders
from icl_studio.plugins import load_registry
from icl_studio.plugins.registry import Registry
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.running import Report, Run
from icl_studio.queue.store import Store
from icl_studio.settings import Settings
from icl_studio.testing import FakeBehaviour, write_fake_model
from icl_studio.worker.executor import this_machine
from icl_studio.worker.supervisor import Patience

TEXTS = CaptionParts(summary="A fox travels", panels=("on a beach", "in a wood", "at home"))
QUICK = Patience(heartbeat=0.2, silent=20.0, stalled=20.0, back_off=(0.0, 0.05))


@pytest.fixture
def folders(home: Path) -> UserFolders:
    return user_folders()


@pytest.fixture
def database(folders: UserFolders) -> Iterator[Database]:
    with Database(queue_file(folders)) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


@pytest.fixture
def claims(database: Database) -> Claims:
    return Claims(database)


@pytest.fixture
def registry(fake_studio: Callable[..., Path], folders: UserFolders) -> Registry:
    """Plugins as a run sees them, the fake engine among them and chosen by ``auto``."""
    return load_registry(folders, Settings())


@pytest.fixture
def fake_model(tmp_path: Path) -> Callable[..., LocatedModel]:
    """Writes a model folder whose engine behaves as told, under a name that is no ASCII."""

    def write(name: str = "modell-ü", **behaviour: Any) -> LocatedModel:
        return write_fake_model(tmp_path / name, FakeBehaviour(**behaviour))

    return write


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Sätze 🎬"


@pytest.fixture
def request_of(fake_model: Callable[..., LocatedModel]) -> Callable[..., SetRequest]:
    """A storyboard's request on a model (a new fake one); keywords change it."""
    from icl_tasks.film_storyboard import TASK

    def build(model: LocatedModel | None = None, **asked: Any) -> SetRequest:
        located = model or fake_model()
        spec = located.spec.model_copy(update={"id": str(located.folder)})
        parts = asked.pop("parts", TEXTS)
        return build_request(TASK, spec, parts, **{"seed": 7, "steps": 2, **asked})

    return build


@pytest.fixture
def new_job(request_of: Callable[..., SetRequest], out: Path) -> Callable[..., NewJob]:
    """A job in ``out``; keywords of a request change the request, others the job."""

    def build(model: LocatedModel | None = None, **asked: Any) -> NewJob:
        fields = {k: asked.pop(k) for k in list(asked) if k in NewJob.model_fields}
        return NewJob(**{"request": request_of(model, **asked), "out": out, **fields})

    return build


@pytest.fixture
def run_queue(folders: UserFolders, registry: Registry) -> Callable[..., Report]:
    """Runs the queue to its end on real worker processes, and returns the report."""

    def run(workers: int = 1, patience: Patience = QUICK, **options: Any) -> Report:
        places = this_machine(folders, EngineOptions(), workers, patience=patience)
        return Run(folders, registry, places, **options).go()

    return run
