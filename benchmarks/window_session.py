"""How the window behaves: time to first window and first use, callbacks, idle CPU, memory.

    python benchmarks/window_session.py [--jobs 10000] [--idle 5] [--minutes 10] [--json]

A scripted session on a queue of its own, without a screen: the window is opened, every page
shown, texts typed, tasks chosen, a long queue scrolled and filtered, both schemes put on.
``idle`` is the CPU time of the whole process, in percent of one core, while nothing is done.

With ``--minutes`` the same and more goes on for so long, with sets in the library and a real
worker that makes one now and then; after each round memory, widgets, timers and threads are
counted. ``slope`` is the least-squares line through the memory after the first quarter, which
is left to caches to fill.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

BEGAN = time.perf_counter()
SETS = 24
EVERY = 5
"""A set is made in every so manieth round."""


@dataclass(frozen=True)
class Count:
    """What there is after a round."""

    seconds: float
    mb: float
    widgets: int
    timers: int
    threads: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="icl-window-", ignore_cleanup_errors=True) as home:
        os.environ["ICL_STUDIO_HOME"] = home
        found = session(asked.jobs, asked.idle, asked.minutes)
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:32} {value}")


def session(jobs: int, idle: float, minutes: float) -> dict[str, Any]:
    """Run it; what was measured."""
    from PySide6.QtCore import QEvent, QTimer
    from window_use import Calls, Hand, TimedApplication, been_here, fill_queue, fill_sets

    calls = Calls()
    app = TimedApplication(calls)
    from icl_studio.gui.main import Window
    from icl_studio.gui.pages import PAGES
    from icl_studio.paths import user_folders

    been_here()
    if minutes:
        fill_sets(SETS)
    opened = time.perf_counter()
    window = Window(app, user_folders())
    hand = Hand(app, window)
    window.main.show()
    app.processEvents()
    first_window = time.perf_counter() - (opened if minutes else BEGAN)
    window.studio.open()
    hand.wait(lambda: window.main.current != "")
    hand.settle()
    first_use = time.perf_counter() - (opened if minutes else BEGAN)
    start = count(0.0)
    fill_queue(jobs, paused=bool(minutes))
    pages = [page.id for page in PAGES]
    for id in pages:
        hand.visit(id)
    hand.create()
    hand.queue()
    hand.schemes()
    rounds = go_on(hand, pages, minutes) if minutes else []
    used = calls.count
    spent = time.process_time()
    QTimer.singleShot(round(idle * 1000), app.quit)
    app.exec()
    idle_percent = 100 * (time.process_time() - spent) / idle if idle else 0.0
    window.close()
    app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return {
        "seconds to first window": round(first_window, 2),
        "seconds to first use": round(first_use, 2),
        "callbacks": used,
        "over 50 ms by the clock": calls.long_by_clock,
        "over 50 ms of CPU": calls.long_of_cpu,
        "most CPU ms": round(calls.worst[0][0], 1),
        "worst": [f"{name}: {cpu:.0f} ms" for cpu, name in calls.worst],
        "idle CPU percent": round(idle_percent, 2),
        **(memory(start, rounds, count(0.0)) if minutes else {}),
    }


def go_on(hand: Any, pages: list[str], minutes: float) -> list[Count]:
    """Rounds until the time is over, at least four; what there was after each."""
    begun = time.monotonic()
    rounds: list[Count] = []
    while time.monotonic() - begun < 60 * minutes or len(rounds) < 4:
        if len(rounds) % EVERY == 0:
            hand.make_a_set()
        hand.round(pages, len(rounds))
        hand.visit("create")
        rounds.append(count(time.monotonic() - begun))
    return rounds


def count(seconds: float) -> Count:
    """What there is now, garbage collected."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    from shiboken6 import isValid
    from window_use import resident_mb

    gc.collect()
    timers = [o for o in gc.get_objects() if isinstance(o, QTimer) and isValid(o) and o.isActive()]
    widgets = len(QApplication.allWidgets())
    return Count(seconds, resident_mb(), widgets, len(timers), threading.active_count())


def memory(start: Count, rounds: list[Count], closed: Count) -> dict[str, Any]:
    """The session's memory in figures; ``closed`` is after the window's end."""
    steady = rounds[len(rounds) // 4 :]
    warm, last = steady[0], rounds[-1]
    return {
        "rounds": len(rounds),
        "MB when the window stood": round(start.mb, 1),
        "MB after warm-up": round(warm.mb, 1),
        "MB at the end": round(last.mb, 1),
        "slope, MB a minute": round(slope(steady), 3),
        "slope, MB a round": round((last.mb - warm.mb) / max(1, len(steady) - 1), 3),
        "widgets more at the end": last.widgets - warm.widgets,
        "timers more at the end": last.timers - warm.timers,
        "threads more at the end": last.threads - warm.threads,
        "left after closing": f"{closed.widgets} widgets, {closed.timers} timers, "
        f"{closed.threads - 1} threads",
        "MB of the rounds": [round(one.mb, 1) for one in rounds],
        "widgets of the rounds": [one.widgets for one in rounds],
    }


def slope(counts: list[Count]) -> float:
    """MB a minute, by least squares; 0 where there is one count only."""
    times = [one.seconds / 60 for one in counts]
    middle, mean = sum(times) / len(times), sum(one.mb for one in counts) / len(counts)
    spread = sum((t - middle) ** 2 for t in times)
    if not spread:
        return 0.0
    moved = zip(times, counts, strict=True)
    return sum((t - middle) * (one.mb - mean) for t, one in moved) / spread


if __name__ == "__main__":
    main()
