"""Runs on real worker processes with the fake engine: every set exactly once, errors kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_studio.domain.events import Progress, Started
from icl_studio.domain.model import AdapterUse
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.errors import InternalError, UserError
from icl_studio.paths import UserFolders
from icl_studio.plugins.registry import Registry
from icl_studio.queue import control
from icl_studio.queue.claims import Claims
from icl_studio.queue.job import NewJob
from icl_studio.queue.recovery import find_finished
from icl_studio.queue.running import Report, Run
from icl_studio.queue.store import Store
from icl_studio.queue.turns import Worker
from icl_studio.sets.library import Library
from icl_studio.worker.executor import this_machine
from icl_studio.worker.supervisor import Patience

MakeJob = Callable[..., NewJob]
RunQueue = Callable[..., Report]
MakeModel = Callable[..., LocatedModel]


def ids_of_sets(out: Path) -> list[str]:
    """The id of every set that stands; a set that stood twice would be here twice."""
    return sorted(entry.record.id for entry in Library(out).all())


def leftovers(out: Path) -> list[str]:
    return [entry.name for entry in out.iterdir() if not (entry / "set.json").is_file()]


def test_every_job_becomes_the_set_of_its_id(
    store: Store, new_job: MakeJob, run_queue: RunQueue, out: Path, fake_model: MakeModel
) -> None:
    model = fake_model()
    ids = store.add([new_job(model, seed=n, group="nacht") for n in range(3)])
    report = run_queue()
    assert sorted(report.done) == sorted(ids) == ids_of_sets(out)
    assert report.failed == {} and report.failure is None
    for id in ids:
        job = store.get(id)
        assert (job.state, job.attempts, job.crashes) == ("done", 1, 0)
        assert job.folder is not None and Library(out).get(id).folder == job.folder
        assert Library(out).get(id).record.request == job.request
        assert [attempt.outcome for attempt in store.attempts(id)] == ["done"]
    assert run_queue().done == []  # nothing is left, nothing is made again


def test_one_worker_stays_warm_between_claims(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel, folders: UserFolders
) -> None:
    model = fake_model()
    store.add([new_job(model, steps=1 + n) for n in range(3)])  # three claims
    started: list[Any] = []
    report = run_queue(on_event=lambda e: started.append(e) if isinstance(e, Started) else None)
    assert len(report.done) == len(started) == 3
    assert len(list(folders.logs.glob("worker-*.log"))) == 1


def test_a_job_that_fails_fails_alone_and_says_why(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel, tmp_path: Path
) -> None:
    good, missing = fake_model(), fake_model("fehlt")
    jobs = [
        new_job(good),
        new_job(missing),
        new_job(good, adapters=[AdapterUse(source=str(tmp_path / "nope.safetensors"))]),
        new_job(fake_model("voll", trouble="out-of-memory")),
        new_job(good, engine="vanished"),
    ]
    ids = store.add(jobs)
    for path in sorted(missing.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    report = run_queue()
    assert report.done == [ids[0]]
    told = {id: error.type for id, error in report.failed.items()}
    kinds = ("ModelUnavailable", "NotFound", "OutOfMemory", "NotFound")
    assert told == dict(zip(ids[1:], kinds, strict=True))
    error = store.get(ids[4]).error
    assert error is not None and "'vanished'" in error.message and error.fix


def test_a_job_that_breaks_our_own_planning_does_not_end_the_night(
    store: Store, new_job: MakeJob, run_queue: RunQueue
) -> None:
    broken, good = store.add([new_job(), new_job()])
    with store.database.write() as connection:
        connection.execute("UPDATE jobs SET payload = '{}' WHERE id = ?", (broken,))
    report = run_queue()
    assert report.done == [good] and list(report.failed) == [broken]
    assert store.get(broken).error is not None
    assert run_queue().failed == {}


def test_a_request_outlives_the_plugin_of_its_task(
    store: Store, new_job: MakeJob, folders: UserFolders, registry: Registry, out: Path
) -> None:
    (id,) = store.add([new_job()])
    without = Registry(
        tasks={}, models=registry.models, engines=registry.engines, plugins=registry.plugins
    )
    report = Run(folders, without, this_machine(folders, EngineOptions())).go()
    assert report.done == [id] == ids_of_sets(out)


def test_sets_that_stand_already_are_found_wherever_they_were_moved(
    store: Store, claims: Claims, new_job: MakeJob, run_queue: RunQueue, out: Path
) -> None:
    """As after a database was restored from an older copy: its jobs wait, their sets stand."""
    ids = store.add([new_job(seed=1), new_job(seed=2)])
    run_queue()
    moved = Library(out).get(ids[0]).folder
    (out / "Kunde A" / "Auswahl").mkdir(parents=True)
    moved.rename(out / "Kunde A" / "Auswahl" / "Der Beste")
    with store.database.write() as connection:
        connection.execute("UPDATE jobs SET state = 'waiting', folder = NULL, attempts = 0")
    report = run_queue()
    assert report.done == [] and sorted(report.found) == sorted(ids)
    assert store.get(ids[0]).folder == out / "Kunde A" / "Auswahl" / "Der Beste"
    assert ids_of_sets(out) == sorted(ids)


def test_a_set_that_was_saved_but_not_noted_is_not_made_again(
    store: Store, new_job: MakeJob, run_queue: RunQueue, out: Path
) -> None:
    (id,) = store.add([new_job()])
    run_queue()
    with store.database.write() as connection:
        connection.execute("UPDATE jobs SET state = 'failed'")
    assert find_finished(store) == {id: store.get(id).folder}
    assert store.get(id).state == "done"


@pytest.mark.parametrize("name", [".partial-x", ".partial-x.lock"])
def test_what_a_killed_worker_left_is_gone_after_a_run_that_had_nothing_to_save(
    store: Store, new_job: MakeJob, run_queue: RunQueue, out: Path, name: str
) -> None:
    store.add([new_job()])
    run_queue()
    leftover = out / name
    leftover.touch() if name.endswith("lock") else leftover.mkdir()
    assert run_queue().done == []
    assert leftovers(out) == []


def test_a_poison_job_is_quarantined_with_evidence_and_the_others_are_made(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel, out: Path
) -> None:
    from icl_studio.domain.caption import CaptionParts

    model = fake_model(trouble="crash", caption="poison")
    poison = CaptionParts(summary="poison", panels=("a", "b", "c"))
    jobs = [new_job(model, seed=0), new_job(model, parts=poison), new_job(model, seed=2)]
    ids = store.add(jobs)
    report = run_queue()
    assert sorted(report.done) == sorted((ids[0], ids[2]))
    job = store.get(ids[1])
    assert (job.state, job.attempts, job.crashes) == ("quarantined", 3, 3)
    assert job.error is not None and "exit code 70" in job.error.message
    evidence = store.attempts(ids[1])
    assert all("exit code 70" in one.evidence and one.log is not None for one in evidence)
    assert [store.get(id).crashes for id in (ids[0], ids[2])] == [0, 0]
    assert leftovers(out) == []


def test_a_worker_that_hangs_is_ended_and_its_job_tried_again(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel
) -> None:
    model = fake_model(trouble="hang", caption="fox")
    (id,) = store.add([new_job(model)])
    report = run_queue(patience=Patience(heartbeat=0.1, silent=60, stalled=1.0, back_off=(0.0,)))
    assert list(report.failed) == [id]
    assert [one.outcome for one in store.attempts(id)] == ["hung"] * 3
    assert "made no step" in store.attempts(id)[0].evidence


def test_workers_that_die_one_after_the_other_end_the_run_and_keep_the_jobs(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel, monkeypatch: Any
) -> None:
    monkeypatch.setattr("icl_studio.queue.runner.DEATHS_UNTIL_REST", 2)
    model = fake_model(trouble="crash", at="load")
    ids = store.add([new_job(model, seed=n) for n in range(4)])
    report = run_queue()
    assert isinstance(report.failure, InternalError)
    assert "workers in a row died" in str(report.failure)
    assert [store.get(id).state for id in ids] == ["waiting"] * 4


def test_cancel_pause_and_stop_reach_a_running_job(
    store: Store, new_job: MakeJob, folders: UserFolders, registry: Registry, fake_model: MakeModel
) -> None:
    model = fake_model(seconds={"denoise": 0.05})
    cancelled, paused, stopped = store.add([new_job(model, steps=400 + n) for n in range(3)])
    under_way: list[str] = []
    run = Run(
        folders,
        registry,
        this_machine(folders, EngineOptions()),
        on_event=lambda e: under_way.append(e.job) if isinstance(e, Progress) and e.step else None,
    )
    reports: list[Report] = []
    thread = threading.Thread(target=lambda: reports.append(run.go()))
    thread.start()

    def wait_for(id: str) -> None:
        end = time.monotonic() + 120
        while id not in under_way:
            assert time.monotonic() < end
            time.sleep(0.02)

    wait_for(cancelled)
    control.cancel(store, [cancelled])
    wait_for(paused)
    control.pause(store, [paused])
    wait_for(stopped)
    run.stop()
    thread.join(120)
    states = [store.get(id).state for id in (cancelled, paused, stopped)]
    assert states == ["cancelled", "paused", "waiting"]
    assert reports[0].stopped and reports[0].cancelled == [cancelled]
    assert store.get(stopped).crashes == 0
    assert store.attempts(stopped)[0].outcome == "stopped"
    assert store.progress() == {}


def test_two_workers_and_two_studios_make_each_set_once(
    store: Store,
    new_job: MakeJob,
    folders: UserFolders,
    registry: Registry,
    fake_model: MakeModel,
    out: Path,
) -> None:
    model = fake_model(seconds={"denoise": 0.01})
    ids = store.add([new_job(model, seed=n, steps=1 + n % 3) for n in range(16)])
    reports: list[Report] = []

    def studio(workers: int) -> None:
        places = this_machine(folders, EngineOptions(), workers)
        reports.append(Run(folders, registry, places, claim_size=2).go())

    threads = [threading.Thread(target=studio, args=(n,)) for n in (2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sorted(reports[0].done + reports[1].done) == sorted(ids) == ids_of_sets(out)
    assert all(store.get(id).attempts == 1 for id in ids)


def test_jobs_wait_for_what_they_need_and_a_run_does_not_wait_for_what_never_comes(
    store: Store, new_job: MakeJob, run_queue: RunQueue, fake_model: MakeModel
) -> None:
    bad = fake_model("schlecht", trouble="user-error")
    first, broken = store.add([new_job(), new_job(bad)])
    after, never = store.add([new_job(needs=(first,)), new_job(needs=(broken,))])
    report = run_queue()
    assert report.done == [first, after]
    assert store.get(never).state == "waiting"
    assert store.get(never).blocked_by == broken
    assert report.left["waiting"] == 1


def test_more_workers_than_devices_are_refused(folders: UserFolders) -> None:
    with pytest.raises(UserError, match="there are 1 devices: cuda:0"):
        this_machine(folders, EngineOptions(), 2, ["cuda:0"])
    placed = this_machine(folders, EngineOptions(dtype="bfloat16"), 2, ["cuda:0", "cuda:1"])
    assert [each.options.device for each in placed] == ["cuda:0", "cuda:1"]


def test_a_claim_nobody_works_on_any_more_is_worked_on_by_the_next_run(
    store: Store, claims: Claims, new_job: MakeJob, run_queue: RunQueue, out: Path
) -> None:
    (id,) = store.add([new_job()])
    assert claims.claim(Worker("gone")) is not None
    assert run_queue().done == [id] == ids_of_sets(out)
