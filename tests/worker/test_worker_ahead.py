"""A worker that is told beforehand what to load: the first job begins at once, or says why not."""

from __future__ import annotations

from collections.abc import Callable

from icl_studio.domain.events import Failed, Finished
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.paths import UserFolders
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob, Prepare
from icl_studio.worker.supervisor import Supervisor

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]
LOAD = 3.0


def command(job: GenerateJob) -> Prepare:
    return Prepare(engine=job.engine, model=job.model, options=job.options)


def test_what_was_loaded_beforehand_is_not_loaded_again(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(seconds={"load": LOAD}))
    client.prepare(command(job))
    end = list(client.generate([job]))[-1]
    assert isinstance(end, Finished)
    other = make_job(job.model, options=EngineOptions(dtype="bfloat16"))
    loaded = list(client.generate([other]))[-1]
    assert isinstance(loaded, Finished)
    assert loaded.seconds["load"] - end.seconds["load"] > LOAD / 2


def test_what_cannot_be_loaded_beforehand_is_told_by_the_job_that_needs_it(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    broken = make_job(fake_model("broken", trouble="user-error", at="load"))
    client.prepare(command(broken))
    end = list(client.generate([broken]))[-1]
    assert isinstance(end, Failed) and end.error
    sound = make_job(fake_model("sound"))
    assert isinstance(list(client.generate([sound]))[-1], Finished)


def test_a_place_keeps_the_worker_that_it_started_ahead(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    place, job = Supervisor(folders), make_job(fake_model())
    try:
        place.prepare(job)
        ahead = place.pid
        assert ahead is not None
        assert isinstance(list(place.carry_out([job]))[-1], Finished)
        assert place.pid == ahead
    finally:
        place.close()
