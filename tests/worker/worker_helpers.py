"""What several worker tests ask of processes and folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def process_exists(pid: int) -> bool:
    """Whether a process of that id runs; a zombie does not count."""
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
