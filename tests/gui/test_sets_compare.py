"""Sets side by side: shot against shot, one zoom, and the best of them kept as a new set."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QPointF, Qt
from sets_shelf import fill, private_trash, save_one

from icl_studio.domain.layout import Layout
from icl_studio.gui.sets.page import SetsPage
from icl_studio.sets.crop import pixel_digest
from icl_studio.sets.library import Library
from icl_studio.sets.pictures import open_picture
from icl_studio.sets.record import read_record

Until = Callable[[Callable[[], Any]], None]


def choose(page: SetsPage, numbers: list[int]) -> None:
    chosen = page.gallery.selectionModel()
    chosen.clearSelection()
    for number in numbers:
        flag = QItemSelectionModel.SelectionFlag.Select
        chosen.select(page.model.index(number, 0), flag)


@pytest.fixture
def made(home: Path) -> list[Path]:
    return fill(home / "sets", 5)


@pytest.fixture
def page(made: list[Path], page_of: Callable[..., SetsPage], until: Until, qtbot: Any) -> SetsPage:
    """The two newest sets, compared."""
    found = page_of("sets")
    until(lambda: found.model.rowCount() == 5 and found.model.row(0) is not None)
    choose(found, [0, 1])
    qtbot.keyClick(found.gallery, Qt.Key.Key_C)
    until(lambda: found.stack.currentWidget() is found.board)
    until(lambda: all(cell.image is not None for cell in found.board.cells.values()))
    return found


def test_one_column_a_set_and_one_row_a_panel(page: SetsPage, made: list[Path]) -> None:
    assert sorted(page.board.cells) == [(x, y) for x in (0, 1) for y in (0, 1, 2)]
    assert page.board.cells[1, 2].file == made[3] / "panels" / "03-SCENE-3.png"
    assert "seed 104" in page.board._heads[0].text()


def test_two_to_four_are_compared(page: SetsPage, until: Until) -> None:
    page.cancel()
    heard: list[str] = []
    page.studio.told.connect(lambda text, _: heard.append(text))
    for numbers in ([0], [0, 1, 2, 3, 4]):
        choose(page, numbers)
        page.gallery.setCurrentIndex(page.model.index(0, 0)) if len(numbers) == 1 else None
        choose(page, numbers)
        page.compare()
        assert page.stack.currentWidget() is page.gallery
    assert heard.count("Select two to four sets to compare them.") == 2
    choose(page, [0, 1, 2, 3])
    page.compare()
    until(lambda: page.stack.currentWidget() is page.board and len(page.board.columns) == 4)


def test_all_pictures_zoom_and_move_together(page: SetsPage) -> None:
    cells = list(page.board.cells.values())
    cells[0].zoom.by(3.0, QPointF(0.2, 0.7))
    assert {(cell.zoom.scale, cell.zoom.center.x()) for cell in cells} == {
        (3.0, cells[0].zoom.center.x())
    }
    page.board.show_sets(page.board.columns)
    assert page.board.zoom.scale == 1.0


def test_keys_judge_the_set_that_is_marked(
    page: SetsPage, made: list[Path], until: Until, qtbot: Any
) -> None:
    qtbot.keyClick(page.board, Qt.Key.Key_Right)
    qtbot.keyClick(page.board, Qt.Key.Key_P)
    until(lambda: read_record(made[3]).rating.flag == "pick")
    assert read_record(made[4]).rating.flag is None
    until(lambda: "picked" in page.board._heads[1].text())


def test_the_slider_shows_one_over_the_other(page: SetsPage, qtbot: Any) -> None:
    page.board.by_slider.click()
    page.board.slider.setValue(1000)
    left = page.board.wipe.grab().toImage()
    page.board.slider.setValue(0)
    right = page.board.wipe.grab().toImage()
    center = left.rect().center()
    assert left.pixelColor(center) != right.pixelColor(center)
    qtbot.keyClick(page.board, Qt.Key.Key_Down)
    assert page.board.wipe.caption == "SCENE-2"
    page.board.by_slider.click()
    assert not page.board.slider.isVisible()


@pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="there the test would use the user's own trash"
)
def test_the_best_panels_become_a_set_that_can_be_taken_back(
    page: SetsPage,
    made: list[Path],
    until: Until,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private_trash(tmp_path / "share", monkeypatch)
    keys = Qt.Key
    assert not page.tray.isVisible()
    for key in (keys.Key_Return, keys.Key_Down, keys.Key_Right, keys.Key_Return, keys.Key_Down):
        qtbot.keyClick(page.board, key)
    assert page.tray.isVisible() and not page.tray.keep.isEnabled()
    qtbot.keyClick(page.board, keys.Key_Enter)
    page.tray.keep.click()
    until(lambda: page.model.rowCount() == 6)
    [best] = [e for e in Library(page.shelf.root).all() if e.record.assembly is not None]
    assert best.record.assembly is not None
    assert best.record.assembly.taken == ((0, "SCENE-1"), (1, "SCENE-2"), (1, "SCENE-3"))
    for file, source in zip(best.record.panels, (made[4], made[3], made[3]), strict=True):
        taken, original = open_picture(best.folder / file.path), open_picture(source / file.path)
        assert pixel_digest(taken) == pixel_digest(original)
    until(lambda: (row := page.gallery.current_row()) is not None and row.assembled)
    assert not page.tray.isVisible()
    page.undo()
    until(lambda: page.model.rowCount() == 5)
    assert not best.folder.exists()


def test_a_place_can_be_emptied_and_the_tray_left(page: SetsPage, qtbot: Any) -> None:
    qtbot.keyClick(page.board, Qt.Key.Key_Return)
    page.tray.places[0].clicked.emit()
    assert page.tray.choices == [] and not page.tray.isVisible()


def test_a_panel_of_another_size_is_refused_in_words(
    page: SetsPage, home: Path, until: Until, qtbot: Any
) -> None:
    names = ("SCENE-1", "SCENE-2", "SCENE-3")
    save_one(home / "sets", set_id="small", layout=Layout.grid(3, 1, (64, 64), names=names))
    qtbot.keyClick(page.board, Qt.Key.Key_Return)
    page.cancel()
    page.shelf.look()
    until(lambda: page.model.rowCount() == 6 and page.model.row(0) is not None)
    choose(page, [0, 1])
    page.compare()
    until(lambda: page.stack.currentWidget() is page.board)
    until(lambda: page.board.columns[0].row.id == "small")
    heard: list[str] = []
    page.studio.told.connect(lambda text, _: heard.append(text))
    qtbot.keyClick(page.board, Qt.Key.Key_Return)
    assert any("another size" in text for text in heard)
    assert page.tray.choices.count(None) == 2
