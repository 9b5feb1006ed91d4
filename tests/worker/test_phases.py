"""A claim is denoised before it is decoded, and what is denoised outlives its worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from icl_engines.testing import random_flux_model
from icl_studio.domain.events import Cancelled, Event, Finished, Progress
from icl_studio.engines.protocol import EngineOptions, EngineSpec, LocatedModel
from icl_studio.errors import WorkerDied
from icl_studio.paths import UserFolders
from icl_studio.sets.library import Library
from icl_studio.sets.pictures import open_picture
from icl_studio.testing import read_diary
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]


def deeds(model: LocatedModel, *verbs: str) -> list[tuple[str, ...]]:
    return [deed for deed in read_diary(model) if deed[0] in verbs]


def finished(events: list[Event]) -> int:
    return sum(isinstance(event, Finished) for event in events)


def sheet(job: GenerateJob) -> bytes:
    return open_picture(Library(job.out).get(job.id).folder / "sheet.png").tobytes()


def under_way(event: Event, job: GenerateJob, phase: str) -> bool:
    return isinstance(event, Progress) and (event.job, event.phase) == (job.id, phase)


def interrupt(client: WorkerClient, jobs: list[GenerateJob], at: int, phase: str) -> list[Event]:
    """Cancel everything once job ``at`` is under way in ``phase``."""
    events = []
    for event in client.generate(jobs, phased=True):
        events.append(event)
        if under_way(event, jobs[at], phase):
            client.cancel()
    return events


def kept(folders: UserFolders) -> list[str]:
    return sorted(path.name for path in (folders.cache / "latents").iterdir())


def test_a_claim_goes_through_its_phases_and_a_single_wish_sheet_by_sheet(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    phased, single = fake_model("phasen", diary=True), fake_model("einzeln", diary=True)
    with WorkerClient(folders) as client:
        claim = [make_job(phased, seed=n) for n in range(3)]
        assert finished(list(client.generate(claim, batch=2, phased=True))) == 3
        assert finished(list(client.generate([make_job(single, seed=n) for n in range(2)]))) == 2
    assert deeds(phased, "denoise", "decode") == [
        ("denoise", "0", "1"),
        ("denoise", "2"),
        ("decode", "0"),
        ("decode", "1"),
        ("decode", "2"),
    ]
    assert [deed[0] for deed in deeds(single, "denoise", "decode")] == ["denoise", "decode"] * 2
    assert kept(folders) == []


def test_a_stop_at_the_fourth_loses_the_work_on_one(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"denoise": 0.05}, diary=True)
    jobs = [make_job(model, seed=n) for n in range(5)]
    with WorkerClient(folders) as client:
        events = interrupt(client, jobs, at=3, phase="denoise")
    assert sum(isinstance(event, Cancelled) for event in events) == 5
    assert not jobs[0].out.exists()
    assert kept(folders) == sorted(job.id for job in jobs[:3])
    with WorkerClient(folders) as client:
        assert finished(list(client.generate(jobs, phased=True))) == 5
    drawn = [deed[1] for deed in deeds(model, "denoise")]
    assert drawn == ["0", "1", "2", "3", "3", "4"]
    assert kept(folders) == []
    fresh = [make_job(model, seed=n) for n in range(5)]
    with WorkerClient(folders) as client:
        list(client.generate(fresh))
    for again, job in zip(fresh, jobs, strict=True):
        assert sheet(again) == sheet(job)
        assert Library(job.out).get(job.id).record.receipt.seconds["denoise"] >= 0.2


def test_a_worker_killed_while_developing_has_nothing_to_draw_again(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"decode": 0.3}, diary=True)
    jobs = [make_job(model, seed=n) for n in range(3)]
    with pytest.raises(WorkerDied), WorkerClient(folders) as client:
        for event in client.generate(jobs, phased=True):
            if under_way(event, jobs[1], "decode"):
                client.kill()
    before = len(deeds(model, "denoise"))
    with WorkerClient(folders) as client:
        assert finished(list(client.generate(jobs, phased=True))) == 3
    assert before == 3 == len(deeds(model, "denoise"))
    assert len(Library(jobs[0].out).all()) == 3 and kept(folders) == []


@pytest.mark.parametrize("change", ["request", "engine", "damage"])
def test_what_was_denoised_of_something_else_does_not_count(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob, change: str
) -> None:
    model = fake_model(seconds={"decode": 0.2}, diary=True)
    (job,) = jobs = [make_job(model, seed=1)]
    with WorkerClient(folders) as client:
        interrupt(client, jobs, at=0, phase="decode")
        assert finished(list(client.generate([make_job(model)]))) == 1  # the first has ended
    later = job
    if kept(folders) == []:  # the cancel came too late: its set stands
        pytest.skip("the machine was faster than the cancel")
    if change == "request":
        later = job.model_copy(update={"request": make_job(model, seed=2).request})
    if change == "engine":
        later = job.model_copy(update={"options": EngineOptions(dtype="bfloat16")})
    if change == "damage":
        file = folders.cache / "latents" / job.id
        file.write_bytes(file.read_bytes()[:-1])
    drawn = len(deeds(model, "denoise"))
    with WorkerClient(folders) as client:
        assert finished(list(client.generate([later], phased=True))) == 1
    assert len(deeds(model, "denoise")) == drawn + 1
    assert Library(job.out).get(job.id).record.request == later.request


@pytest.mark.slow
def test_the_real_engine_goes_on_bit_for_bit(
    random_flux: Path, folders: UserFolders, make_job: MakeJob
) -> None:
    torch = EngineSpec(id="torch", title="T", factory="icl_engines.torch_engine:create")

    def jobs(**options: str) -> list[GenerateJob]:
        chosen = EngineOptions(device="cpu", **options)
        model = random_flux_model(random_flux)
        return [
            make_job(model, engine=torch, options=chosen, seed=n, steps=4, exact=True)
            for n in range(2)
        ]

    plain, phased = jobs(memory="resident"), jobs(memory="phases")
    with WorkerClient(folders) as client:
        assert finished(list(client.generate(plain))) == 2
    with pytest.raises(WorkerDied), WorkerClient(folders) as client:
        for event in client.generate(phased, phased=True):
            if under_way(event, phased[1], "denoise") and isinstance(event, Progress):
                client.kill()
    assert phased[0].id in kept(folders)
    with WorkerClient(folders) as client:
        events = list(client.generate(phased, phased=True))
    assert finished(events) == 2
    assert not any(under_way(event, phased[0], "denoise") for event in events)
    assert [sheet(job) for job in phased] == [sheet(job) for job in plain]
