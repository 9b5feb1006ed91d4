"""The window's gallery over 25,000 sets, without a screen: open, scroll, search.

python benchmarks/gallery_25000.py [--sets 25000]

The index is there already, as on every start but the first. "Longest turn" is the most that
the window's thread was busy in one go; above 50 ms people notice.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from library_sets import fill
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication
from queue_work import arguments, show

from icl_studio.gui.main import Window
from icl_studio.gui.sets.page import SetsPage
from icl_studio.paths import user_folders
from icl_studio.sets.index import open_index


class Turns:
    """Lets the window live until a condition holds, and times each turn of its loop."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self.longest = 0.0
        self.all: list[float] = []

    def until(self, condition: Callable[[], bool]) -> float:
        """Seconds until then; CPU time of the longest turn in :attr:`longest`."""
        begun = time.perf_counter()
        self.longest = 0.0
        while not condition():
            self.once()
            time.sleep(0.0005)
        return time.perf_counter() - begun

    def once(self) -> None:
        """One turn of the loop."""
        before = time.thread_time()
        self._app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        spent = time.thread_time() - before
        self.longest = max(self.longest, spent)
        self.all.append(spent)


def measure(page: SetsPage, turns: Turns, sets: int, rows: dict[str, Any]) -> None:
    gallery, bar = page.gallery, page.gallery.verticalScrollBar()
    fetched = [0]
    fetch = page.model._fetch

    def counted(*asked: Any) -> None:
        fetched[0] += 1
        fetch(*asked)

    page.model._fetch = counted
    steps, worst, turns.longest = 200, 0.0, 0.0
    for step in range(steps):
        before = time.thread_time()
        bar.setValue(round(bar.maximum() * step / steps))
        gallery.viewport().repaint()
        worst = max(worst, time.thread_time() - before)
        turns.once()
    rows["scrolling through all of it in 200 steps: longest step, CPU ms"] = 1000 * worst
    rows["… longest turn between, CPU ms"] = 1000 * turns.longest
    rows["… pages of rows read"] = fetched[0]
    turns.until(lambda: not page.shelf.work.busy and not page.studio.background.busy)
    for text in ("fox", "rating:>3 flag:pick", ""):
        before_rows = page.model.rowCount()
        page.search.line.setText(text)
        took = turns.until(
            lambda before=before_rows: page.model.rowCount() != before and not page.shelf.work.busy
        )
        name = f"search {text or '(all again)'!r}, pause of typing included"
        rows[f"{name}: {page.model.rowCount():,} sets, ms"] = 1000 * took
        rows[f"… longest turn, CPU ms ({text or 'all'})"] = 1000 * turns.longest
    assert page.model.rowCount() == sets


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sets", type=int, default=25_000)
    args = parser.parse_args()
    app = QApplication([])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name)
        folders = replace(user_folders(home), sets=home / "sets")
        fill(folders.sets, args.sets)
        with open_index(folders, folders.sets) as index:
            index.refresh()
        window = Window(app, folders, page="sets")
        turns = Turns(app)
        window.open()
        turns.until(lambda: window.main.current == "sets")
        page = window.main.page("sets")
        assert isinstance(page, SetsPage)
        rows: dict[str, Any] = {}
        rows["open: page to all sets listed, ms"] = 1000 * turns.until(
            lambda: page.model.rowCount() == args.sets
        )
        rows["… longest turn, CPU ms (listing, laying out)"] = 1000 * turns.longest
        rows["open: first small pictures, ms"] = 1000 * turns.until(
            lambda: bool(page.thumbs._images)
        )
        measure(page, turns, args.sets, rows)
        over = sum(spent > 0.05 for spent in turns.all)
        rows["turns of the loop over 50 ms of CPU, of all"] = f"{over} of {len(turns.all):,}"
        window.close()
        app.processEvents()
        show(f"gallery of {args.sets:,} sets", rows, as_json=args.json)


if __name__ == "__main__":
    main()
