"""No callback holds the window's thread: measured in its own CPU time, in a scripted session."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "window_session.py"
MOST_MILLIS = 250


def test_no_callback_spends_a_quarter_of_a_second_of_its_threads_cpu_time() -> None:
    command = [sys.executable, str(SCRIPT), "--jobs", "2000", "--idle", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["callbacks"] > 200
    assert found["most CPU ms"] < MOST_MILLIS, found["worst"]
