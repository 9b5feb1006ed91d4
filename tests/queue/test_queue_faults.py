"""Sudden ends and bad surroundings, on real processes: every set is made exactly once.

The normal run has a few random moments; ``pytest -m many tests/queue`` has a hundred, and
five with the embedded model. The seed of a test's dice is in its name: a failure repeats as
far as the machine's timing lets it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from queue_processes import (
    check_sets,
    end,
    finish,
    finish_all,
    running,
    start,
    strike,
    wait_for_worker,
    workers,
)

from icl_studio.domain.model import ModelSpec
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import StorageProblem
from icl_studio.paths import UserFolders
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.running import Report
from icl_studio.queue.store import Store

MakeJob = Callable[..., NewJob]
Victims = ("worker", "parent", "both")
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and mounts")


@pytest.fixture
def slow_job(
    fake_studio: Callable[..., Path], new_job: MakeJob, fake_model: Callable[..., LocatedModel]
) -> MakeJob:
    """A job of a model that takes its time in every phase, so that any may be hit."""
    seconds = {"load": 0.05, "encode": 0.02, "denoise": 0.04, "decode": 0.02, "save": 0.01}
    model = fake_model("langsam", seconds=seconds)

    def build(**asked: Any) -> NewJob:
        return new_job(model, **{"engine": "fake", "steps": 3, **asked})

    return build


def kill_at_random(store: Store, job: Callable[[int], NewJob], moments: int, seed: int) -> None:
    """Kill whom chance names at ``moments`` moments; there is always work under way."""
    dice, number, process = random.Random(seed), 0, start()
    try:
        for _ in range(moments):
            missing = 6 - len(store.ids(["waiting", "running"]))
            if missing > 0:
                store.add([job(number + n) for n in range(missing)])
                number += missing
            if process.poll() is not None:
                end(process)
                process = start()
            wait_for_worker(process)
            time.sleep(dice.uniform(0.0, 1.2))
            strike(process, dice.choice(Victims), dice)
    finally:
        end(process)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_at_a_few_random_moments(
    store: Store, slow_job: MakeJob, out: Path, seed: int
) -> None:
    kill_at_random(store, lambda n: slow_job(seed=n), moments=4, seed=seed)
    finish_all(store, out)


@pytest.mark.many
@pytest.mark.parametrize("seed", range(10))
def test_kill_9_at_a_hundred_random_moments(
    store: Store, slow_job: MakeJob, out: Path, seed: int
) -> None:
    kill_at_random(store, lambda n: slow_job(seed=n), moments=10, seed=100 + seed)
    finish_all(store, out)


@pytest.mark.many
@pytest.mark.parametrize("seed", range(5))
def test_kill_9_of_the_embedded_model(store: Store, out: Path, seed: int) -> None:
    from icl_studio.domain.request import build_request
    from icl_tasks.film_storyboard import TASK
    from icl_tiny.plugin import icl_studio_models

    model: ModelSpec = icl_studio_models()[0]
    example = TASK.example_for(model.family)
    assert example is not None

    def job(n: int) -> NewJob:
        return NewJob(request=build_request(TASK, model, example.parts, seed=n, steps=8), out=out)

    store.add([job(n) for n in range(3)])
    dice = random.Random(seed)
    with running() as process:
        wait_for_worker(process)
        time.sleep(dice.uniform(0.0, 15.0))
        strike(process, Victims[seed % 3], dice)
    finish_all(store, out)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("seed", [3])
def test_a_power_cut_at_random_moments(
    store: Store, slow_job: MakeJob, out: Path, home: Path, tmp_path: Path, seed: int
) -> None:
    """Database and WAL as a disk has them at one moment; sets of later moments stand already."""
    dice = random.Random(seed)
    ids = list(store.add([slow_job(seed=n) for n in range(10)]))
    copies: list[Path] = []
    with running() as process:
        wait_for_worker(process)
        for n in range(3):
            time.sleep(dice.uniform(0.1, 0.8))
            if process.poll() is not None:
                break
            os.kill(process.pid, signal.SIGSTOP)
            copy = tmp_path / f"copy-{n}"
            (copy / "queue").mkdir(parents=True)
            for file in (home / "queue").glob("queue.sqlite*"):
                if not file.name.endswith("-shm"):  # memory, which a power cut takes
                    shutil.copyfile(file, copy / "queue" / file.name)
            copies.append(copy)
            os.kill(process.pid, signal.SIGCONT)
        strike(process, "both", dice)
    for copy in reversed(copies):
        with Database(copy / "queue" / "queue.sqlite") as database:
            assert database.row("PRAGMA integrity_check")[0] == "ok"  # type: ignore[index]
            assert finish(copy) == 0
            assert [job.state for job in Store(database).page()] == ["done"] * 10
        check_sets(out, ids)
    finish_all(store, out)


@pytest.mark.slow
def test_two_studios_of_which_one_is_killed(store: Store, slow_job: MakeJob, out: Path) -> None:
    store.add([slow_job(seed=n, steps=3 + n % 2) for n in range(14)])
    with running() as first, running() as second:
        for process in (first, second):
            wait_for_worker(process)
        time.sleep(0.5)
        strike(first, "both", random.Random(0))
        assert second.wait(300) == 0
    finish_all(store, out)


@posix
def test_a_studio_that_is_killed_takes_its_worker_along(store: Store, slow_job: MakeJob) -> None:
    store.add([slow_job(steps=500)])
    with running() as process:
        wait_for_worker(process)
        (worker,) = workers(process)
        strike(process, "parent", random.Random(0))
        _, alive = psutil.wait_procs([worker], timeout=60)
        assert alive == []


@posix
def test_ctrl_c_gives_back_what_was_under_way_without_blame(
    store: Store, slow_job: MakeJob, out: Path
) -> None:
    (id,) = store.add([slow_job(steps=400)])
    with running() as process:
        limit = time.monotonic() + 60
        while not store.progress():
            assert time.monotonic() < limit
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    job = store.get(id)
    assert (job.state, job.crashes) == ("waiting", 0)
    assert not out.exists() or list(out.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 KiB; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)]
    if sys.platform == "win32" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@posix
def test_a_full_disk_fails_no_job_and_computes_nothing_in_vain(
    store: Store, new_job: MakeJob, run_queue: Callable[..., Report], small_disk: Path
) -> None:
    out = small_disk / "sets"
    ids = list(store.add([new_job(out=out, seed=n) for n in range(12)]))
    report = run_queue()
    assert "full" in report.closed[out].message
    assert report.failed == {} and 0 < len(report.done) < 12
    assert store.summary()["waiting"] == 12 - len(report.done)
    check_sets(out, report.done)
    remount(small_disk, "size=10m")
    assert len(run_queue().done) == 12 - len(report.done)
    check_sets(out, ids)


@posix
def test_a_read_only_results_folder_fails_no_job(
    store: Store, new_job: MakeJob, run_queue: Callable[..., Report], small_disk: Path, out: Path
) -> None:
    closed = small_disk / "sets"
    ids = store.add([new_job(out=closed), new_job(out=out), new_job(out=closed)])
    remount(small_disk, "ro")
    report = run_queue()
    assert report.done == [ids[1]] and list(report.closed) == [closed]
    assert [store.get(id).state for id in ids] == ["waiting", "done", "waiting"]
    remount(small_disk, "rw")
    assert sorted(run_queue().done) == sorted((ids[0], ids[2]))


@posix
def test_a_full_disk_under_the_queue_itself_is_said_and_loses_nothing(
    small_disk: Path, new_job: MakeJob
) -> None:
    remount(small_disk, "size=512k")
    with Database(small_disk / "queue.sqlite") as database:
        store = Store(database)
        job = new_job()
        kept = store.add([job])
        with pytest.raises(StorageProblem, match="disk is full"):
            store.add([NewJob(request=job.request, out=job.out) for _ in range(500)])
        assert [job.id for job in store.page()] == list(kept)
        remount(small_disk, "size=10m")
        store.add([new_job()])
        assert store.count() == 2


def test_a_database_held_by_another_program_only_delays_a_run(
    store: Store,
    new_job: MakeJob,
    run_queue: Callable[..., Report],
    folders: UserFolders,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = list(store.add([new_job(seed=n, steps=1 + n) for n in range(4)]))
    monkeypatch.setitem(Database.__init__.__kwdefaults__, "busy_seconds", 0.05)
    ended = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(queue_file(folders), isolation_level=None)) as other:
            while not ended.wait(0.1):
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    continue
                ended.wait(0.3)
                other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    try:
        # After the run has registered: whoever cannot even open the queue is told so.
        report = run_queue(on_event=lambda _: None if thread.ident else thread.start())
    finally:
        ended.set()
        if thread.ident:
            thread.join()
    assert report.failure is None and sorted(report.done) == sorted(ids)
    check_sets(out, ids)


def test_a_clock_that_runs_backwards_changes_nothing(
    store: Store,
    new_job: MakeJob,
    run_queue: Callable[..., Report],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = time.time_ns()

    def earlier() -> int:
        nonlocal moment
        moment -= 3600 * 10**9
        return moment

    monkeypatch.setattr(time, "time_ns", earlier)
    ids = list(store.add([new_job(seed=n, steps=1 + n % 2) for n in range(5)]))
    report = run_queue(workers=2)
    assert sorted(report.done) == sorted(ids)
    check_sets(out, ids)
    started = [store.get(id).started for id in ids]
    finished = [store.get(id).finished for id in ids]
    assert all(
        a is not None and b is not None and b < a for a, b in zip(started, finished, strict=True)
    )
