"""How the window behaves: time to first window and first use, callbacks of its thread, idle CPU.

    python benchmarks/window_session.py [--jobs 10000] [--idle 5] [--json]

A scripted session on a queue of its own, without a screen: the window is opened, every page
shown, texts typed, tasks chosen, a long queue scrolled and filtered, both schemes put on. Each
event that Qt delivers to the window's thread is timed: by the clock, and by the CPU time of that
thread, which does not count what other programs take. ``idle`` is the CPU time of the whole
process, in percent of one core, while nothing is done.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()
LONG_MS = 50.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="icl-window-") as home:
        os.environ["ICL_STUDIO_HOME"] = home
        found = session(asked.jobs, asked.idle)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:24} {value}")
    return 0


def session(jobs: int, idle: float) -> dict[str, Any]:
    """Run it; what was measured."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication

    calls: list[tuple[float, float, str]] = []

    class Timed(QApplication):
        depth = 0

        def notify(self, receiver: QObject, event: QEvent) -> bool:
            if self.depth:
                return bool(super().notify(receiver, event))
            name = f"{type(receiver).__name__} {event.type().name}"
            Timed.depth += 1
            wall, cpu = time.perf_counter(), time.thread_time()
            try:
                return bool(super().notify(receiver, event))
            finally:
                Timed.depth -= 1
                took = (time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000
                calls.append((*took, name))

    app = Timed(["icl-studio"])
    from icl_studio.gui.main import Window
    from icl_studio.paths import user_folders

    folders = user_folders()
    window = Window(app, folders)
    window.main.show()
    app.processEvents()
    first_window = time.perf_counter() - BEGAN
    window.studio.open()
    wait(app, lambda: window.main.current != "")
    settle(app, window)
    first_use = time.perf_counter() - BEGAN
    fill(jobs)
    use(app, window)
    calls_of_use = len(calls)
    spent = time.process_time()
    QTimer.singleShot(round(idle * 1000), app.quit)
    app.exec()
    idle_percent = 100 * (time.process_time() - spent) / idle if idle else 0.0
    window.close()
    worst = sorted(calls, key=lambda call: call[1], reverse=True)
    return {
        "seconds to first window": round(first_window, 2),
        "seconds to first use": round(first_use, 2),
        "callbacks": calls_of_use,
        "over 50 ms by the clock": sum(wall > LONG_MS for wall, _, _ in calls),
        "over 50 ms of CPU": sum(cpu > LONG_MS for _, cpu, _ in calls),
        "most CPU ms": round(worst[0][1], 1),
        "worst": [f"{name}: {cpu:.0f} ms" for _, cpu, name in worst[:5]],
        "idle CPU percent": round(idle_percent, 2),
    }


def use(app: Any, window: Any) -> None:
    """What somebody does in the first minutes."""
    main = window.main
    for id in main.specs:
        main.show_page(id)
        wait(app, lambda id=id: main.current == id)
        settle(app, window)
        main.grab()
    main.show_page("create")
    page = main.page("create")
    if page.welcome is not None:
        page.cancel()
    for n in range(40):
        page.model.type_text("panel1", "a word " * n)
        app.processEvents()
    for task in list(window.studio.registry.tasks):
        page.model.choose_task(task)
        settle(app, window)
        main.grab()
    main.show_page("queue")
    page = main.page("queue")
    settle(app, window)
    bar = page.view.verticalScrollBar()
    for part in range(0, 21):
        bar.setValue(bar.maximum() * part // 20)
        settle(app, window)
        main.grab()
    for chip in page.chips.values():
        chip.click()
        settle(app, window)
    for scheme in ("light", "dark"):
        window.theme.choose(scheme)
        app.processEvents()
        main.grab()


def fill(jobs: int) -> None:
    """Queue ``jobs`` sets of the embedded model, from outside the window."""
    from icl_studio.generate.asking import Wishes, new_request
    from icl_studio.paths import user_folders
    from icl_studio.plugins import load_registry
    from icl_studio.queue.database import Database, queue_file
    from icl_studio.queue.job import NewJob
    from icl_studio.queue.store import Store
    from icl_studio.settings import Settings

    folders = user_folders()
    registry = load_registry(folders, Settings())
    example = registry.task("film-storyboard").example_for("tiny")
    assert example is not None
    asked = Wishes(model="tiny", seed=1)
    request = new_request(registry, folders, "film-storyboard", example.parts, asked)
    with Database(queue_file(folders)) as database:
        Store(database).add(
            [NewJob(request=request.with_seed(n), out=Path(folders.sets)) for n in range(jobs)]
        )


def settle(app: Any, window: Any) -> None:
    """Until everything asked in the background is answered."""
    for _ in range(2):
        window.studio.background.wait()
        window.studio.desk.wait()
        app.processEvents()


def wait(app: Any, condition: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not answer")
        app.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    sys.exit(main())
