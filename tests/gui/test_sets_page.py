"""The Sets page: see, search, cull, delete and take back, with the library as it really is."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from sets_shelf import fill, picture_of, private_trash, save_one

from icl_studio.gui.sets.page import SetsPage
from icl_studio.sets.index import Index
from icl_studio.sets.rate import rate
from icl_studio.sets.record import Rating, read_record

Until = Callable[[Callable[[], Any]], None]


@pytest.fixture
def root(home: Path) -> Path:
    return home / "sets"


@pytest.fixture
def page_with(page_of: Callable[..., SetsPage], until: Until) -> Callable[[int], SetsPage]:
    """The page, when it has listed this many sets and read what is in view."""

    def open_(count: int) -> SetsPage:
        page = page_of("sets")
        until(lambda: page.model.rowCount() == count and not page.studio.background.busy)
        until(lambda: not page.shelf.work.busy)
        return page

    return open_


def press(qtbot: Any, page: SetsPage, key: Any, modifier: Any = None) -> None:
    qtbot.keyClick(page.gallery, key, modifier or Qt.KeyboardModifier.NoModifier)


def shown(page: SetsPage, number: int, until: Until) -> Any:
    """The row of an item, when it has been read."""
    until(lambda: page.model.row(number) is not None)
    return page.model.row(number)


def told(page: SetsPage) -> list[str]:
    heard: list[str] = []
    page.studio.told.connect(lambda text, _: heard.append(text))
    return heard


def drop(page: SetsPage, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(event)


def test_sets_are_listed_newest_first_and_seen(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    fill(root, 3)
    page = page_with(3)
    assert page.stack.currentWidget() is page.gallery
    first = shown(page, 0, until)
    assert first.id == "set-2"
    until(lambda: page.thumbs.image(first) is not None)
    image = page.thumbs.image(first)
    assert image is not None and abs(image.width() / image.height() - 128 / 192) < 0.01
    assert page.search.count.text() == "3 sets"
    assert page.model.index(0, 0).data() == "Müller 2 🦊"


def test_an_empty_library_says_how_to_begin(
    page_with: Callable[[int], SetsPage], until: Until
) -> None:
    page = page_with(0)
    until(lambda: page.stack.currentWidget() is page.empty)
    asked: list[str] = []
    page.studio.asked_for.connect(lambda id, _: asked.append(id))
    page.empty.button.click()
    assert asked == ["create"]


def test_typing_searches_and_chips_write_into_the_line(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 4)
    rate(folders[1], "4")
    page = page_with(4)
    page.search.line.setText("seed:102")
    until(lambda: page.model.rowCount() == 1)
    page.search.line.setText("nowhere at all")
    until(lambda: page.stack.currentWidget() is page.nothing)
    page.nothing.button.click()
    until(lambda: page.model.rowCount() == 4)
    chip = page.search.chips["rating"]
    chip.menu().aboutToShow.emit()
    next(a for a in chip.menu().actions() if a.text().startswith("★★★★ and")).trigger()
    assert page.search.text() == "rating:>=4" and chip.isChecked()
    until(lambda: page.model.rowCount() == 1)
    task = page.search.chips["task"]
    until(lambda: not page.shelf.work.busy)
    task.menu().aboutToShow.emit()
    assert any("film-storyboard" in action.text() for action in task.menu().actions())


def test_a_search_that_makes_no_sense_says_so_and_changes_nothing(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    fill(root, 2)
    page = page_with(2)
    page.search.line.setText("sead:1")
    until(lambda: "cannot be searched" in page.search.count.text())
    assert page.model.rowCount() == 2


def test_one_key_judges_and_ctrl_z_takes_it_back(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    folders = fill(root, 3)
    page = page_with(3)
    press(qtbot, page, Qt.Key.Key_Home)
    for key in (Qt.Key.Key_4, Qt.Key.Key_P, Qt.Key.Key_5):
        press(qtbot, page, key)
    until(lambda: read_record(folders[2]).rating == Rating(stars=5, flag="pick"))
    press(qtbot, page, Qt.Key.Key_Right)
    press(qtbot, page, Qt.Key.Key_X)
    until(lambda: read_record(folders[1]).rating.flag == "reject")
    until(lambda: not page.shelf.work.busy)
    assert shown(page, 1, until).rating.flag == "reject"
    for expected in (Rating(stars=4, flag="pick"), Rating(stars=4), Rating()):
        page.undo()
        if expected == Rating(stars=4, flag="pick"):
            until(lambda: read_record(folders[1]).rating == Rating())
            page.undo()
        until(lambda wanted=expected: read_record(folders[2]).rating == wanted)
    page.redo()
    until(lambda: read_record(folders[2]).rating == Rating(stars=4))


def test_all_that_is_selected_is_judged_at_once(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    folders = fill(root, 4)
    page = page_with(4)
    page.gallery.setFocus()
    page.gallery.selectAll()
    assert page.search.count.text() == "4 sets · 4 selected"
    page.primary()
    until(lambda: all(read_record(folder).rating.flag == "pick" for folder in folders))
    press(qtbot, page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    until(lambda: all(read_record(folder).rating.flag is None for folder in folders))


@pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="there the test would use the user's own trash"
)
def test_delete_moves_to_the_trash_and_ctrl_z_brings_back(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_with: Callable[[int], SetsPage],
    until: Until,
    qtbot: Any,
) -> None:
    trash = private_trash(tmp_path / "share", monkeypatch)
    folders = fill(root, 3)
    page = page_with(3)
    press(qtbot, page, Qt.Key.Key_Home)
    press(qtbot, page, Qt.Key.Key_Delete)
    until(lambda: page.model.rowCount() == 2)
    assert not folders[2].exists() and len(list((trash / "files").iterdir())) == 1
    until(lambda: page.gallery.currentIndex().isValid())
    press(qtbot, page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    until(lambda: page.model.rowCount() == 3)
    assert read_record(folders[2]).id == "set-2"


def test_a_set_made_meanwhile_appears_and_one_that_vanishes_goes(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 2)
    page = page_with(2)
    save_one(root, set_id="new")
    shutil.rmtree(folders[0])
    page.shelf.look()
    # In no order: both may have been saved in the same second.
    wanted = {"new", "set-1"}
    until(
        lambda: (
            page.model.rowCount() == 2
            and {r.id for n in range(2) if (r := page.model.row(n))} == wanted
        )
    )


def test_a_set_that_vanishes_while_it_is_shown_is_said_and_forgotten(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    folders = fill(root, 2)
    page = page_with(2)
    heard = told(page)
    press(qtbot, page, Qt.Key.Key_Home)
    shutil.rmtree(folders[1])
    press(qtbot, page, Qt.Key.Key_4)
    until(lambda: page.model.rowCount() == 1)
    until(lambda: any("not there any more" in text for text in heard))
    assert read_record(folders[0]).rating == Rating()


def test_a_library_of_which_nothing_can_be_read_is_not_called_empty(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 2)
    for folder in folders:
        (folder / "set.json").write_text("{", encoding="utf-8")
    page = page_with(0)
    until(lambda: page.stack.currentWidget() is page.problems)
    assert len(page.problems.notices()) == 2
    page.cancel()
    assert page.stack.currentWidget() is page.problems
    save_one(root, set_id="new")
    page.shelf.look()
    until(lambda: page.stack.currentWidget() is page.gallery)


def test_a_damaged_set_is_listed_with_its_reason(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 3)
    (folders[0] / "set.json").write_text("{", encoding="utf-8")
    page = page_with(2)
    until(lambda: page.search.problems.text() == "1 cannot be read")
    page.search.problems.click()
    assert page.stack.currentWidget() is page.problems
    assert any(
        "damaged" in notice.label.text() and folders[0].name in notice.label.text()
        for notice in page.problems.notices()
    )
    page.cancel()
    assert page.stack.currentWidget() is page.gallery
    page.search.problems.click()
    page.search.line.setText("seed:102")
    until(lambda: page.model.rowCount() == 1 and page.stack.currentWidget() is page.gallery)


def test_a_sheet_that_cannot_be_shown_is_marked_and_stops_nothing(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 2)
    (folders[1] / "sheet.png").write_bytes(b"no picture")
    page = page_with(2)
    bad, good = shown(page, 0, until), shown(page, 1, until)
    page.thumbs.image(bad), page.thumbs.image(good)
    until(lambda: page.thumbs.problem(bad) and page.thumbs.image(good) is not None)
    page.grab()


def test_a_read_only_set_is_left_alone_and_said(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    [folder] = fill(root, 1)
    data = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    (folder / "set.json").write_text(json.dumps(data | {"schema_version": 99}), encoding="utf-8")
    page = page_with(1)
    heard = told(page)
    press(qtbot, page, Qt.Key.Key_Home)
    press(qtbot, page, Qt.Key.Key_P)
    until(lambda: any("read-only" in text for text in heard))
    assert read_record(folder).rating == Rating()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_without_permission_the_judgement_is_taken_back_and_said(
    root: Path,
    page_with: Callable[[int], SetsPage],
    until: Until,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(root, 1)
    page = page_with(1)
    heard = told(page)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("icl_studio.sets.files.replace_text", refuse)
    press(qtbot, page, Qt.Key.Key_Home)
    press(qtbot, page, Qt.Key.Key_P)
    until(lambda: any("not permitted" in text for text in heard))
    until(lambda: shown(page, 0, until).rating.flag is None)


def test_a_dropped_picture_of_ours_loads_its_request(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    [folder] = fill(root, 1)
    page = page_with(1)
    handed: list[Any] = []
    page.studio.asked_for.connect(lambda id, what: handed.append((id, what)))
    drop(page, folder / "panels" / "02-SCENE-2.png")
    until(lambda: handed)
    assert handed == [("create", read_record(folder).request)]


@pytest.mark.parametrize("kind", ["text", "foreign", "huge", "folder", "gone"])
def test_what_is_dropped_and_is_none_of_ours_is_an_error_in_words(
    kind: str, root: Path, tmp_path: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    fill(root, 1)
    page = page_with(1)
    heard = told(page)
    file = tmp_path / f"ü {kind} 🦊.png"
    expected = {
        "text": "not valid JSON",
        "foreign": "does not say how it was made",
        "huge": "million pixels",
        "folder": "There is no file",
        "gone": "There is no file",
    }
    if kind == "text":
        file.write_text("Dear diary", encoding="utf-8")
    elif kind == "foreign":
        picture_of(8, 8).save(file)
    elif kind == "huge":
        Image.new("1", (30_000, 30_000)).save(file)
    elif kind == "folder":
        file.mkdir()
    drop(page, file)
    until(lambda: any(expected[kind] in text for text in heard))
    assert page.model.rowCount() == 1


def test_a_set_can_be_brought_into_view_from_elsewhere(
    root: Path, page_with: Callable[[int], SetsPage], until: Until
) -> None:
    folders = fill(root, 4)
    page = page_with(4)
    page.search.line.setText("seed:103")
    until(lambda: page.model.rowCount() == 1)
    page.receive(folders[0])
    until(lambda: (row := page.gallery.current_row()) is not None and row.id == "set-0")


def test_arrows_move_through_rows_and_the_view_follows(
    root: Path, page_with: Callable[[int], SetsPage], until: Until, qtbot: Any
) -> None:
    fill(root, 30)
    page = page_with(30)
    gallery = page.gallery
    press(qtbot, page, Qt.Key.Key_Home)
    press(qtbot, page, Qt.Key.Key_Down)
    below = gallery.currentIndex().row()
    assert below > 1
    press(qtbot, page, Qt.Key.Key_Up)
    assert gallery.currentIndex().row() == 0
    press(qtbot, page, Qt.Key.Key_End)
    rect = gallery.visualRect(gallery.currentIndex())
    assert gallery.viewport().rect().contains(rect.center())
    assert gallery.indexAt(rect.center()).row() == 29
    assert not gallery.indexAt(QPoint(2, 2)).isValid()


def test_the_window_asks_the_index_in_no_thread_of_its_own(
    root: Path, page_with: Callable[[int], SetsPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    where: set[str] = set()
    fetch = Index.fetch

    def noted(self: Index, *args: Any) -> Any:
        where.add(threading.current_thread().name)
        return fetch(self, *args)

    monkeypatch.setattr(Index, "fetch", noted)
    fill(root, 3)
    page = page_with(3)
    page.grab()
    assert where and threading.main_thread().name not in where
