"""What must never end the window: killed workers, huge pictures, folders that take nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel

from icl_studio.cli.main import main
from icl_studio.gui.create.page import CreatePage
from icl_studio.gui.pages import Page
from icl_studio.paths import UserFolders
from icl_studio.queue import control
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.store import Store
from icl_studio.settings import write_json


@pytest.fixture
def create(
    fake_studio: Callable[..., Path], folders: UserFolders, page_of: Any, until: Any
) -> Callable[..., CreatePage]:
    """Opens Create on a fake model that behaves as told."""

    def open_(**behaviour: Any) -> CreatePage:
        write_json(folders.settings_file, {"model": str(fake_studio(**behaviour))})
        write_json(folders.data / "window" / "welcome.json", {"done": True})
        page: CreatePage = page_of("create")
        until(lambda: page.model.judgement.sound)
        return page

    return open_


@pytest.fixture(scope="module")
def huge_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 pixels square: 112 MB as bits, and 2.7 GB for whoever makes colours of them."""
    file = tmp_path_factory.mktemp("huge") / "größe 🦊.png"
    Image.new("1", (30_000, 30_000)).save(file, compress_level=1)
    return file


def notes(page: Page) -> str:
    return "\n".join(note.label.text() for note in page.window().notices.all())


def said(page: Page) -> str:
    """All that can be read on the page and above it."""
    labels = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    return "\n".join([notes(page), *labels])


def drop(page: Page, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    page.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), copy, data, left, none))


def worker_of(page: Page) -> psutil.Process:
    (placed,) = page.studio.bridge._placed
    return psutil.Process(placed.place.pid)


def test_a_worker_that_is_killed_while_its_sheet_appears_is_followed_by_one_that_finishes_it(
    create: Any, until: Any
) -> None:
    page = create(seconds={"denoise": 0.2})
    page.model.set(steps=8)
    until(lambda: page.model.judgement.sound)
    page.primary()
    until(lambda: page.sheet.image is not None)
    first = worker_of(page)
    first.kill()
    until(lambda: page.model.recent)
    assert worker_of(page).pid != first.pid
    width = page.model.judgement.layout.canvas.width
    until(lambda: page.sheet.image and page.sheet.image.width() == width)
    assert page.failure is None and page.drawing.open_jobs == ()


def test_workers_that_die_one_after_the_other_are_said_with_a_way_on(
    create: Any, until: Any
) -> None:
    page = create(trouble="crash")
    page.primary()
    until(lambda: page.failure is not None)
    assert page.failure.button.isEnabled() and page.drawing.open_jobs == ()
    assert page.model.judgement.sound, "what was typed is still there"


@pytest.mark.parametrize("how", ["called off", "taken out"])
def test_a_set_that_another_program_ends_is_not_waited_for(
    create: Any, until: Any, folders: UserFolders, how: str
) -> None:
    page = create()
    page.studio.run_queue = lambda: None
    page.primary()
    until(lambda: page.drawing.open_jobs)
    (id,) = page.drawing.open_jobs
    with Database(queue_file(folders)) as database:
        control.cancel(Store(database), [id])
        if how == "taken out":
            control.clear(Store(database), ["cancelled"])
    until(lambda: page.drawing.open_jobs == ())


@pytest.mark.parametrize("id", ["queue", "train", "plugins"])
def test_a_huge_picture_that_is_dropped_is_refused_in_words(
    id: str, page_of: Any, until: Any, huge_picture: Path
) -> None:
    page: Page = page_of(id)
    until(lambda: not page.studio.background.busy)
    before = said(page)
    drop(page, huge_picture)
    until(lambda: not page.studio.background.busy and huge_picture.name in said(page))
    assert huge_picture.name not in before


def test_where_the_window_can_keep_nothing_it_says_so_and_goes_on(
    create: Any, until: Any, folders: UserFolders
) -> None:
    page = create()
    kept = folders.data / "window"
    for file in kept.iterdir():
        file.unlink()
    kept.rmdir()
    kept.write_text("a file where a folder should be", encoding="utf-8")
    page.model.type_text("panel1", "still typing")
    until(lambda: str(kept) in notes(page))
    page.model.type_text("panel2", "and on")
    until(lambda: "and on" in page.model.judgement.caption)
    page.primary()
    until(lambda: page.model.recent)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_the_command_without_a_display_ends_with_a_sentence_and_the_way_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["gui"]) == 2
    error = capsys.readouterr().err
    assert "no display" in error and "icl-studio --help" in error
