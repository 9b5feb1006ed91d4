"""The worker that loads while the welcome is read: taken over by the first run, or let go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from icl_studio.domain.caption import CaptionParts
from icl_studio.domain.request import SetRequest
from icl_studio.generate.asking import Wishes, new_request
from icl_studio.gui.bridge import machine_places
from icl_studio.gui.headstart import HeadStart
from icl_studio.gui.main import Window
from icl_studio.paths import UserFolders
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Store
from icl_studio.settings import Settings, write_json

PARTS = CaptionParts(summary="A fox travels", panels=("on a beach", "in a wood", "at home"))


@pytest.fixture
def asked(
    fake_studio: Any, folders: UserFolders, open_window: Callable[..., Window], until: Any
) -> tuple[Window, SetRequest]:
    """A window on Queue, and a request of a fake model that can be made at once."""
    model = str(fake_studio(seconds={"load": 0.3}))
    write_json(folders.settings_file, {"model": model})
    window = open_window("queue")
    registry = window.studio.registry
    wishes = Wishes(model=model, seed=1, steps=2)
    return window, new_request(registry, folders, "film-storyboard", PARTS, wishes)


def started(window: Window, until: Any) -> psutil.Process:
    """The worker that was started ahead, once it is there."""
    placed: Callable[[], Any] = lambda: window.studio.bridge._ahead._placed  # noqa: E731
    until(lambda: placed() and placed()[0].place.pid)
    return psutil.Process(placed()[0].place.pid)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def prepare(window: Window, request: SetRequest) -> None:
    studio = window.studio
    studio.bridge.prepare(studio.registry, studio.settings, lambda: request)


def test_the_first_run_takes_the_worker_over_and_nothing_was_begun_before(
    asked: tuple[Window, SetRequest], until: Any, folders: UserFolders
) -> None:
    window, request = asked
    with Database(queue_file(folders)) as database:
        (id,) = Store(database).add([NewJob(request=request, out=folders.sets)])
        prepare(window, request)
        worker = started(window, until)
        assert window.studio.bridge.ahead and not window.studio.bridge.running
        assert "ready" in window.main.foot.worker.text()
        assert Store(database).get(id).state == "waiting"
        assert window.studio.bridge._cooling.isActive()
        window.studio.run_queue()
        assert not window.studio.bridge._cooling.isActive(), "it would stop the run just begun"
        until(lambda: Store(database).get(id).state == "done")
    (placed,) = window.studio.bridge._placed
    assert placed.place.pid == worker.pid and not window.studio.bridge.ahead
    window.close()
    until(lambda: gone(worker))


def test_without_a_run_it_is_let_go_and_so_it_is_with_the_window(
    asked: tuple[Window, SetRequest], until: Any
) -> None:
    window, request = asked
    prepare(window, request)
    first = started(window, until)
    window.studio.bridge._cooling.timeout.emit()  # five minutes later
    until(lambda: gone(first) and "off" in window.main.foot.worker.text())
    assert not window.studio.bridge.ahead
    prepare(window, request)
    second = started(window, until)
    window.close()
    until(lambda: gone(second))


def test_a_run_with_other_settings_begins_afresh(
    asked: tuple[Window, SetRequest], until: Any, folders: UserFolders
) -> None:
    window, request = asked
    ahead = HeadStart(folders, machine_places)
    ahead.begin(window.studio.registry, Settings(), lambda: request)
    until(lambda: ahead._placed and ahead._placed[0].place.pid)
    worker = psutil.Process(ahead._placed[0].place.pid)
    assert ahead.take(Settings(device="cpu")) == () and not ahead.on
    until(lambda: gone(worker))


def test_what_cannot_be_prepared_is_no_error_of_anybody(
    asked: tuple[Window, SetRequest], until: Any, folders: UserFolders, tmp_path: Path
) -> None:
    window, request = asked
    missing = request.model_copy(update={"model": str(tmp_path / "no model")})
    prepare(window, missing)
    until(lambda: not any(t.name == "icl-ahead" for t in threading.enumerate()))
    assert not window.main.notices.all()
    assert all(one.place.pid is None for one in window.studio.bridge._ahead.take(Settings()))
