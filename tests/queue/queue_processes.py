"""Runs of the queue as processes of their own, and killing them without any warning."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from icl_studio.queue import control
from icl_studio.queue.store import Store
from icl_studio.sets.library import Library

COMMAND = (sys.executable, "-m", "icl_studio", "queue", "run", "--json")


def start(home: Path | None = None) -> subprocess.Popen[bytes]:
    """A run in the background; ``home`` instead of the test's own."""
    env = dict(os.environ)
    if home is not None:
        env["ICL_STUDIO_HOME"] = str(home)
    nothing = subprocess.DEVNULL
    return subprocess.Popen(COMMAND, stdin=nothing, stdout=nothing, stderr=nothing, env=env)


def finish(home: Path | None = None, seconds: float = 300) -> int:
    """A run to its end; its exit code."""
    process = start(home)
    try:
        return process.wait(seconds)
    finally:
        end(process)


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        return []


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a run and its workers, if they live."""
    for victim in workers(process):
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    if process.poll() is None:
        process.kill()
    process.wait(30)


@contextlib.contextmanager
def running(home: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = start(home)
    try:
        yield process
    finally:
        end(process)


def wait_for_worker(process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    """Until the run has started a worker, or has ended.

    After four deaths in a row it waits a minute before it starts another one.
    """
    limit = time.monotonic() + seconds
    while process.poll() is None and not workers(process):
        assert time.monotonic() < limit, "no worker was started"
        time.sleep(0.02)


def strike(process: subprocess.Popen[bytes], whom: str, dice: random.Random) -> None:
    """``kill -9`` for the worker, its parent, or both in either order."""
    victims: list[psutil.Process] = workers(process) if whom in ("worker", "both") else []
    with contextlib.suppress(psutil.NoSuchProcess):
        if whom in ("parent", "both"):
            victims.append(psutil.Process(process.pid))
    dice.shuffle(victims)
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    if whom != "worker":
        process.wait(30)


def finish_all(store: Store, out: Path, home: Path | None = None) -> None:
    """Run to the end without trouble, then check: every set once, none lost, no half folder.

    A job that was unlucky three times is in quarantine by then; its user tries it again.
    """
    for _ in range(2):
        unlucky = store.ids(["quarantined"])
        control.retry(store, unlucky)
        code = finish(home)
        if not store.ids(["quarantined"]):
            break
    assert code == 0
    jobs = store.page()
    assert {job.state for job in jobs} == {"done"}
    check_sets(out, [job.id for job in jobs])
    for job in jobs:
        assert job.folder is not None and (job.folder / "set.json").is_file()


def check_sets(out: Path, ids: list[str]) -> None:
    """Exactly the sets of ``ids`` stand in ``out``, each once and whole, and nothing else."""
    assert sorted(entry.record.id for entry in Library(out).all()) == sorted(ids)
    assert [e.name for e in out.iterdir() if not (e / "sheet.png").is_file()] == []
