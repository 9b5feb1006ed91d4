"""A window without a screen, used by a script: every page in all its states, typed in, scrolled.

What the benchmarks of the window share. Each event that Qt delivers to the window's thread is
timed: by the clock, and by the CPU time of that thread, which does not count what others take.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication

LONG_MS = 50.0
WORST = 5
PATIENCE = 600.0


class Calls:
    """Counts callbacks; keeps none but the worst, so that a long session costs no memory."""

    def __init__(self) -> None:
        self.count = self.long_by_clock = self.long_of_cpu = 0
        self._worst: list[tuple[float, int, str]] = []

    def add(self, wall_ms: float, cpu_ms: float, name: str) -> None:
        self.count += 1
        self.long_by_clock += wall_ms > LONG_MS
        self.long_of_cpu += cpu_ms > LONG_MS
        heapq.heappush(self._worst, (cpu_ms, self.count, name))
        if len(self._worst) > WORST:
            heapq.heappop(self._worst)

    @property
    def worst(self) -> list[tuple[float, str]]:
        """Milliseconds of CPU and what was called, worst first."""
        return [(cpu, name) for cpu, _, name in sorted(self._worst, reverse=True)]


class TimedApplication(QApplication):
    """Times what it delivers, the outermost call only."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(["icl-studio"])
        self._calls = calls
        self._depth = 0
        # Else a thread loads them, under a lock of Qt's, and its events wait here for Python's.
        QImageReader.supportedImageFormats()

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        if self._depth:
            return bool(super().notify(receiver, event))
        name = f"{type(receiver).__name__} {event.type().name}"
        self._depth += 1
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return bool(super().notify(receiver, event))
        finally:
            self._depth -= 1
            took_wall, took_cpu = time.perf_counter() - wall, time.thread_time() - cpu
            self._calls.add(took_wall * 1000, took_cpu * 1000, name)


class Hand:
    """Uses the window as somebody would, and waits as somebody would."""

    def __init__(self, app: QApplication, window: Any) -> None:
        self._app = app
        self._window = window
        self._main = window.main

    def visit(self, id: str, *, scenes: bool = False) -> Any:
        """The page ``id`` in front and painted; with ``scenes`` in each of its states."""
        self._main.show_page(id)
        self.wait(lambda: self._main.current == id)
        page = self._main.page(id)
        self.settle()
        self._main.grab()
        for bring_about in page.scenes().values() if scenes else ():
            bring_about()
            self.settle()
            self._main.grab()
        return page

    def create(self, words: int = 40) -> None:
        """Type, take it back, look at every task."""
        page = self.visit("create")
        if page.welcome is not None:
            page.cancel()
        for n in range(words):
            page.model.type_text("panel1", "a word " * n)
            self._app.processEvents()
        page.model.undo()
        page.model.redo()
        for task in list(self._window.studio.registry.tasks):
            page.model.choose_task(task)
            self.settle()
            self._main.grab()

    def queue(self) -> None:
        """Scroll through all jobs, look at each kind of state."""
        page = self.visit("queue")
        bar = page.view.verticalScrollBar()
        for part in range(0, 21):
            bar.setValue(bar.maximum() * part // 20)
            self.settle()
            self._main.grab()
        for chip in page.chips.values():
            chip.click()
            self.settle()

    def schemes(self) -> None:
        for scheme in ("light", "dark"):
            self._window.theme.choose(scheme)
            self._app.processEvents()
            self._main.grab()

    def round(self, pages: list[str], seed: int) -> None:
        """Everything once: all pages in all states, another size, both schemes."""
        self._main.resize(1000 + seed % 3 * 140, 700 + seed % 2 * 140)
        for id in pages:
            self.visit(id, scenes=True)
        self.create(words=10)
        self.queue()
        self.schemes()

    def make_a_set(self) -> None:
        """Generate on Create: one set of two steps by the embedded model, seen to arrive."""
        page = self.visit("create")
        page.model.choose_task("film-storyboard")
        page.model.type_text("panel1", "standing on the beach")
        page.model.set(model="tiny", steps=2, count=1)
        self.wait(lambda: "[SCENE-1] standing on the beach" in page.model.judgement.caption)
        assert page.model.judgement.sound, page.model.judgement.problems
        before = [row.id for row in page.model.recent]
        page.primary()
        self.wait(lambda: [row.id for row in page.model.recent] != before)
        self.settle()

    def settle(self) -> None:
        """Until everything asked in the background is answered."""
        for _ in range(2):
            self._window.studio.background.wait()
            self._window.studio.desk.wait()
            self._app.processEvents()
        # A loop that is run does this by itself; one that is only let go on does not.
        self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window did not answer")
            self._app.processEvents()
            time.sleep(0.002)


def been_here() -> None:
    """This is not the first start: no welcome, and no worker that loads ahead."""
    from icl_studio.gui.create import welcome
    from icl_studio.gui.remembered import Remembered
    from icl_studio.paths import user_folders

    Remembered(user_folders()).save(welcome.FILE, {"done": True})


def fill_queue(jobs: int, *, paused: bool = False) -> None:
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
    new = [
        NewJob(request=request.with_seed(n), out=Path(folders.sets), paused=paused)
        for n in range(jobs)
    ]
    with Database(queue_file(folders)) as database:
        Store(database).add(new)


def fill_sets(count: int) -> None:
    """Put ``count`` sets with sheets of 256 x 576 pixels into the user's library."""
    from library_sets import save

    from icl_studio.paths import user_folders

    sets = user_folders().sets
    sets.mkdir(parents=True)
    for n in range(count):
        save(sets, f"20260101-00000{n:04}-aaaaaa", seed=n, panel=(256, 192))


def resident_mb() -> float:
    """What this process occupies now, in MB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20
