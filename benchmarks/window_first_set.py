"""From the first start to the first set: the welcome's one click, on the embedded model.

    python benchmarks/window_first_set.py [--turns 3] [--read 5] [--json]

Each turn is two fresh processes on empty homes, in turns the other way round: ``ahead`` as the
window is, with a worker that loads while the welcome is read, and ``cold`` without. The welcome
is clicked ``--read`` seconds after it stands. All without a screen. Seconds by the clock are for
a quiet machine; CPU seconds (window, and worker up to the end of the set) say more on a shared
one. The worker's start is from the click until it says that its model is loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

KINDS = ("ahead", "cold")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--read", type=float, default=5.0, help="seconds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", choices=KINDS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(one(asked.here, asked.read)))
        return
    turns: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for turn in range(asked.turns):
        for kind in KINDS if turn % 2 == 0 else reversed(KINDS):
            turns[kind].append(in_a_process(kind, asked.read))
    found = {kind: medians(rows) for kind, rows in turns.items()}
    if asked.json:
        print(json.dumps(found))
        return
    for name in found[KINDS[0]]:
        print(f"{name:48}" + "".join(f"{kind} {found[kind][name]:>8.2f}   " for kind in KINDS))


def in_a_process(kind: str, read: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="icl-first-", ignore_cleanup_errors=True) as home:
        command = [sys.executable, __file__, "--here", kind, "--read", str(read)]
        environment = {**os.environ, "ICL_STUDIO_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(row[name] for row in rows), 2) for name in rows[0]}


def one(kind: str, read: float) -> dict[str, float]:
    """One first start, in this process."""
    began = time.perf_counter()
    import psutil
    from PySide6.QtWidgets import QApplication

    from icl_studio.domain.events import Started
    from icl_studio.gui.main import Window
    from icl_studio.paths import user_folders

    app = QApplication(["icl-studio"])
    window = Window(app, user_folders())
    if kind == "cold":
        window.studio.bridge.prepare = lambda *_: None  # type: ignore[method-assign]
    window.open()
    until(app, lambda: window.main.current == "create")
    page: Any = window.main.page("create")
    until(app, lambda: page.welcome is not None)
    stood = time.perf_counter()
    moments: dict[str, float] = {}

    def heard(event: object) -> None:
        if isinstance(event, Started):
            moments.setdefault("loaded", time.perf_counter())

    def pictured(_: object, sharp: bool) -> None:
        moments.setdefault("sheet" if sharp else "preview", time.perf_counter())

    window.studio.bridge.heard.connect(heard)
    page.drawing.pictured.connect(pictured)
    until(app, lambda: time.perf_counter() - stood >= read)
    clicked = time.perf_counter()
    page.welcome.start.click()
    until(app, lambda: "sheet" in moments)
    (placed,) = window.studio.bridge._placed
    times = psutil.Process(placed.place.pid).cpu_times()
    found = {
        "seconds to the welcome": stood - began,
        "click to the first sheet, seconds": moments["sheet"] - clicked,
        "of it the worker's start": moments["loaded"] - clicked,
        "share of the worker's start": (moments["loaded"] - clicked) / (moments["sheet"] - clicked),
        "click to the first preview, seconds": moments.get("preview", clicked) - clicked,
        "window up to the first sheet, without reading": moments["sheet"] - stood - read,
        "CPU seconds of the window": time.process_time(),
        "CPU seconds of the worker": times.user + times.system,
    }
    window.close()
    return found


def until(app: Any, condition: Any, seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not answer")
        app.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    main()
