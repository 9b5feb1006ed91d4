"""A panel that is dragged out, as another application reads it: bytes of a list of addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication
from sets_shelf import fill

from icl_studio.generate.stored import read_request
from icl_studio.gui.sets.page import SetsPage
from icl_studio.paths import UserFolders
from icl_studio.sets.record import read_record
from icl_studio.settings import write_json

Until = Callable[[Callable[[], Any]], None]


@pytest.fixture
def made(folders: UserFolders, tmp_path: Path) -> Path:
    """A set below a folder with spaces, an umlaut and an emoji in its name."""
    root = tmp_path / "Meine Bilder für 🦊"
    write_json(folders.settings_file, {"sets_folder": str(root)})
    (folder,) = fill(root, 1)
    return folder


@pytest.fixture
def page(made: Path, page_of: Callable[..., SetsPage], until: Until, qtbot: Any) -> SetsPage:
    """The page with that set shown large."""
    found = page_of("sets")
    until(lambda: found.model.rowCount() == 1 and found.model.row(0) is not None)
    qtbot.keyClick(found.gallery, Qt.Key.Key_Home)
    qtbot.keyClick(found.gallery, Qt.Key.Key_Space)
    until(lambda: found.stack.currentWidget() is found.view)
    until(lambda: all(picture.image is not None for picture in found.view.strip))
    return found


def files_of(data: QMimeData) -> list[Path]:
    """What a program without Qt makes of ``text/uri-list`` (RFC 2483: lines that end in CRLF)."""
    lines = bytes(data.data("text/uri-list").data()).decode("ascii").split("\r\n")
    addresses = [urlsplit(line) for line in lines if line and not line.startswith("#")]
    assert all(one.scheme == "file" and one.netloc in ("", "localhost") for one in addresses)
    return [Path(url2pathname(one.path)) for one in addresses]


def test_every_picture_of_a_set_leaves_the_window_as_its_own_file(
    page: SetsPage, made: Path
) -> None:
    record = read_record(made)
    names = [record.sheet, *(panel.path for panel in record.panels)]
    for name, picture in zip(names, page.view.strip, strict=True):
        data = picture.drag_data()
        assert data is not None and data.formats() == ["text/uri-list"]
        (file,) = files_of(data)
        assert file == made / name and "🦊" in str(file)
        shown = picture.image
        with Image.open(file) as opened:
            assert opened.size == (shown.width(), shown.height())
            colour = opened.convert("RGB").getpixel((1, 1))
        assert colour == shown.pixelColor(QPoint(1, 1)).getRgb()[:3]


def test_what_was_dragged_out_still_says_how_it_was_made(page: SetsPage, made: Path) -> None:
    data = page.view.strip[2].drag_data()
    assert data is not None
    (file,) = files_of(data)
    assert file.name == "02-SCENE-2.png"
    assert read_request(file) == read_record(made).request


def test_a_pull_with_the_mouse_offers_a_copy_and_takes_nothing_away(
    page: SetsPage, made: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[tuple[list[Path], Qt.DropAction, bool]] = []

    def exec_(drag: QDrag, actions: Qt.DropAction) -> Qt.DropAction:
        picture = not drag.pixmap().isNull()
        offered.append((files_of(drag.mimeData()), actions, picture))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", exec_)  # the real one waits for a hand
    view = page.view.strip[1]
    begin = QPoint(20, 20)
    far = begin + QPoint(QApplication.startDragDistance() + 5, 0)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    qtbot.mouseMove(view, pos=begin + QPoint(1, 0))
    assert not offered
    qtbot.mouseMove(view, pos=far)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=far)
    file = made / read_record(made).panels[0].path
    assert offered == [([file], Qt.DropAction.CopyAction, True)] and file.is_file()


def test_percent_signs_and_hashes_in_a_name_arrive_as_they_are(
    page: SetsPage, tmp_path: Path
) -> None:
    picture = page.view.strip[0]
    odd = tmp_path / "100% #1 ü?.png"
    picture.show_image(picture.image, odd)
    data = picture.drag_data()
    assert data is not None and files_of(data) == [odd]
    assert "100% #1" in unquote(data.urls()[0].toString())
