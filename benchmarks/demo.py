"""Seconds and peak memory of ``icl-studio demo``, the worker process included.

Memory is the sum over the process tree, sampled 20 times a second: proportional set size
on Linux (shared pages counted once), resident set size elsewhere.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time

import psutil


def tree_bytes(root: psutil.Process) -> int:
    """Memory of ``root`` and all processes below it, now."""
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def measure(out: str) -> dict[str, object]:
    start = time.perf_counter()
    command = [sys.executable, "-m", "icl_studio", "demo", "--json", "--out", out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                peak = max(peak, tree_bytes(watched))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.05)
        assert process.stdout is not None
        answer = process.stdout.read()
    seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"demo failed: {answer}")
    return {"seconds": seconds, "peak_mb": peak / 1e6, "sets": len(json.loads(answer)["sets"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="icl-demo-") as out:
        runs = [measure(out) for _ in range(options.rounds)]
    if options.json:
        print(json.dumps({"runs": runs}, indent=2))
        return
    for number, run in enumerate(runs, 1):
        print(f"run {number}: {run['seconds']:.1f} s, peak {run['peak_mb']:.0f} MB")


if __name__ == "__main__":
    main()
