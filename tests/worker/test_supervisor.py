"""A worker that is kept going: warm between claims, watched, ended when stuck, renewed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from worker_helpers import process_exists, wait_until

from icl_studio.domain.events import Finished, Progress
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import WorkerDied
from icl_studio.paths import UserFolders
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.memory import machine_memory, own_memory
from icl_studio.worker.protocol import GenerateJob
from icl_studio.worker.supervisor import Patience, Supervisor, WorkerHung

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture
def supervised(folders: UserFolders) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def build(**patience: Any) -> Supervisor:
        given = {"heartbeat": 0.1, "silent": 30.0, "stalled": 30.0, "back_off": (0.0,), **patience}
        made.append(Supervisor(folders, patience=Patience(**given)))
        return made[-1]

    yield build
    for each in made:
        each.close()


def test_one_process_serves_claim_after_claim(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob
) -> None:
    place, model = supervised(), fake_model()
    pids = set()
    for _ in range(3):
        assert isinstance(list(place.carry_out([make_job(model)]))[-1], Finished)
        pids.add(place.pid)
    (pid,) = pids
    place.close()
    assert pid is not None and not process_exists(pid)


def test_a_worker_tells_that_it_lives_and_what_it_occupies(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(seconds={"denoise": 0.2}))
    with WorkerClient(folders, heartbeat_seconds=0.05) as client:
        list(client.generate([job]))
        assert client.heartbeats > 2
        assert client.memory is not None and client.pid is not None
        real = psutil.Process(client.pid).memory_info().rss
        assert real / 3 < client.memory < real * 3


def test_without_being_asked_a_worker_says_no_heartbeat(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    with WorkerClient(folders) as client:
        list(client.generate([make_job(fake_model(seconds={"denoise": 0.1}))]))
        assert client.heartbeats == 0


def test_a_step_that_never_ends_ends_the_worker(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob
) -> None:
    place = supervised(stalled=0.8)
    with pytest.raises(WorkerHung, match="made no step"):
        list(place.carry_out([make_job(fake_model(trouble="hang"))]))
    assert place.deaths == 1
    assert isinstance(list(place.carry_out([make_job(fake_model("gut"))]))[-1], Finished)
    assert place.deaths == 0


@posix
def test_a_process_that_stands_still_as_a_whole_is_ended(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob
) -> None:
    place = supervised(silent=0.8)
    pid = None
    with pytest.raises(WorkerHung, match="no sign of life"):
        for event in place.carry_out([make_job(fake_model(seconds={"denoise": 0.05}), steps=400)]):
            if isinstance(event, Progress) and event.step == 2:
                pid = place.pid
                assert pid is not None
                os.kill(pid, signal.SIGSTOP)
    assert pid is not None and not process_exists(pid)


def test_deaths_in_a_row_are_waited_for_longer_and_longer(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob
) -> None:
    place = supervised(back_off=(0.0, 0.0, 1.5))
    model = fake_model(trouble="crash")
    for deaths in (1, 2):
        with pytest.raises(WorkerDied):
            list(place.carry_out([make_job(model)]))
        assert place.deaths == deaths
    begun = time.monotonic()
    list(place.carry_out([make_job(fake_model("gut"))]))
    assert time.monotonic() - begun >= 1.5


def test_who_is_stopped_starts_no_worker(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob, tmp_path: Path
) -> None:
    place = supervised()
    place.stop()
    assert list(place.carry_out([make_job(fake_model())])) == []
    assert place.pid is None


def test_a_worker_that_has_grown_is_renewed_between_two_claims(
    supervised: Callable[..., Supervisor], fake_model: MakeModel, make_job: MakeJob
) -> None:
    place, model = supervised(growth=0.0, growth_bytes=-(2**40)), fake_model()
    slow = fake_model("langsam", seconds={"denoise": 0.1})
    list(place.carry_out([make_job(slow)]))
    assert place.pid is None  # it is larger than what such a patience allows
    assert isinstance(list(place.carry_out([make_job(model)]))[-1], Finished)


def test_memory_is_told_in_bytes() -> None:
    mine, all_of_it = own_memory(), machine_memory()
    assert mine is not None and all_of_it is not None
    assert 2**20 < mine < all_of_it
    wait_until(lambda: abs((own_memory() or 0) - psutil.Process().memory_info().rss) < 2**26)
