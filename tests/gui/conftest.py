"""A real window on no screen, in a home of its own; whatever it leaves behind fails the test."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from icl_studio.gui.main import Window
from icl_studio.gui.pages import PAGES, Page
from icl_studio.paths import UserFolders, user_folders

PATIENCE = 300_000
"""Milliseconds that a condition may take on a slow, loaded machine."""


@pytest.fixture
def folders(home: Any) -> UserFolders:
    return user_folders()


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread and no running timer outlives a test with a window."""
    if "qapp" not in request.fixturenames:
        yield
        return
    qapp = request.getfixturevalue("qapp")
    before = set(threading.enumerate())
    yield
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    gc.collect()
    end = time.monotonic() + 30
    while (left := set(threading.enumerate()) - before) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left, f"threads that were left: {left}"
    timers = [o for o in gc.get_objects() if isinstance(o, QTimer) and isValid(o) and o.isActive()]
    assert not timers, f"timers that were left: {[(t, t.parent()) for t in timers]}"


@pytest.fixture
def open_window(qapp: QApplication, folders: UserFolders, qtbot: Any) -> Iterator[Any]:
    """Opens the window with a page in front and waits until it can be used."""
    opened: list[Window] = []

    def open_(page: str | None = None, **options: Any) -> Window:
        window = Window(qapp, folders, page=page, **options)
        opened.append(window)
        window.open()
        qtbot.waitUntil(lambda: window.studio.is_ready, timeout=PATIENCE)
        if options.get("pages", PAGES):
            qtbot.waitUntil(lambda: window.main.current != "", timeout=PATIENCE)
        return window

    yield open_
    for window in opened:
        if isValid(window.main):
            window.close()


@pytest.fixture
def page_of(open_window: Callable[..., Window], qtbot: Any) -> Callable[..., Any]:
    """Opens the window with the page ``id`` in front, and gives that page."""

    def page(id: str, **options: Any) -> Page:
        window = open_window(id, **options)
        qtbot.waitUntil(lambda: window.main.current == id, timeout=PATIENCE)
        found = window.main.page(id)
        assert found is not None
        return found

    return page


@pytest.fixture
def until(qtbot: Any) -> Callable[[Callable[[], Any]], None]:
    """Waits, the window alive, until a condition holds; patient with a slow machine."""

    def wait(condition: Callable[[], Any]) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE)

    return wait


@pytest.fixture
def full_home(folders: UserFolders) -> UserFolders:
    """Something for every page: sets, jobs, engines, a data set."""
    from window_home import furnish

    furnish(folders)
    return folders


@pytest.fixture
def settle(qapp: QApplication) -> Callable[[Page], None]:
    """Waits until all that a page has asked for is there, and what it has done with is gone."""

    def wait(page: Page) -> None:
        for _ in range(3):
            page.studio.background.wait()
            page.studio.desk.wait()
            qapp.processEvents()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    return wait
