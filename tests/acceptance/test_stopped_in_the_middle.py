"""Ctrl-C, ``kill -9`` and a full disk, met by the whole program on the embedded model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and mounts")

MAKE = [sys.executable, "-m", "icl_studio", "make", "film-storyboard", "--example"]


def start(out: Path, *more: str) -> subprocess.Popen[str]:
    command = [*MAKE, "--out", str(out), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def wait_until_denoising(home: Path, process: subprocess.Popen[str]) -> None:
    """Until the worker's log says that it denoises."""
    for _ in range(1200):
        if any("denoising" in log.read_text("utf-8", "replace") for log in home.rglob("*.log")):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError("no step was done in two minutes")


def leftovers(out: Path) -> list[str]:
    return [str(p) for p in out.rglob("*")] if out.exists() else []


def test_ctrl_c_stops_between_two_steps_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    process = start(out, "--steps", "500")
    wait_until_denoising(home, process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert leftovers(out) == []


def test_a_killed_worker_is_said_at_once_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    process = start(out, "--steps", "500")
    wait_until_denoising(home, process)
    (worker,) = psutil.Process(process.pid).children()
    worker.kill()
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "worker" in told
    assert "Traceback" not in told
    assert leftovers(out) == []


def test_a_killed_program_takes_its_worker_along(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "sets"
    process = start(out, "--steps", "500")
    wait_until_denoising(home, process)
    (worker,) = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs([worker], timeout=60)
    assert alive == []
    assert leftovers(out) == []


def test_a_set_is_made_under_any_name(tmp_path: Path) -> None:
    out = tmp_path / "Frühling & Söhne 🎬 (neu)"
    process = start(out, "--steps", "1", "--name", "Kühle Brise 🌊")
    told, complaint = process.communicate(timeout=240)
    assert process.returncode == 0, complaint
    (record,) = out.rglob("set.json")
    assert str(record.parent) in told.replace("\n", "")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB; needs the right to mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_the_users_to_mend_and_leaves_no_half_set(small_disk: Path) -> None:
    process = start(small_disk, "--steps", "1")
    _, told = process.communicate(timeout=240)
    assert process.returncode == 2
    assert "space" in told
    assert "Traceback" not in told
    assert not [p for p in small_disk.rglob("*") if p.is_file()]
