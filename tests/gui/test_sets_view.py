"""A set, large: its panels, its receipt, and what can be done with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from sets_shelf import fill

from icl_studio.domain.problems import UserError
from icl_studio.gui.sets.exporting import ExportForm
from icl_studio.gui.sets.page import SetsPage
from icl_studio.gui.sets.picture import FURTHEST, PictureView, Zoom
from icl_studio.queue.store import Store
from icl_studio.sets.deliver import Delivery
from icl_studio.sets.record import read_record
from icl_studio.sets.verify import Verdict

Until = Callable[[Callable[[], Any]], None]


@pytest.fixture
def made(home: Path) -> list[Path]:
    return fill(home / "sets", 3)


@pytest.fixture
def page(made: list[Path], page_of: Callable[..., SetsPage], until: Until, qtbot: Any) -> SetsPage:
    """The page with the newest set shown large."""
    found = page_of("sets")
    until(lambda: found.model.rowCount() == 3 and found.model.row(0) is not None)
    qtbot.keyClick(found.gallery, Qt.Key.Key_Home)
    qtbot.keyClick(found.gallery, Qt.Key.Key_Space)
    until(lambda: found.stack.currentWidget() is found.view)
    until(lambda: found.view.large.image is not None)
    return found


def told(page: SetsPage) -> list[str]:
    heard: list[str] = []
    page.studio.told.connect(lambda text, _: heard.append(text))
    return heard


def test_the_sheet_and_every_panel_are_shown_at_full_size(
    page: SetsPage, made: list[Path], until: Until, qtbot: Any
) -> None:
    view = page.view
    assert [name for _, name in view.files()] == ["Sheet", "SCENE-1", "SCENE-2", "SCENE-3"]
    until(lambda: view.large.image is not None and view.large.image.height() == 192)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    until(lambda: view.large.image is not None and view.large.image.height() == 64)
    assert view.large.caption == "SCENE-1"
    assert view.large.file == made[2] / "panels" / "01-SCENE-1.png"


def test_a_panel_is_dragged_out_as_its_file(page: SetsPage, made: list[Path]) -> None:
    data = page.view.strip[2].drag_data()
    assert data is not None
    assert [url.toLocalFile() for url in data.urls()] == [
        (made[2] / "panels" / "02-SCENE-2.png").as_posix()
    ]


def test_the_receipt_is_shown_and_hidden(page: SetsPage) -> None:
    page.view.buttons["receipt"].click()
    assert "a" * 64 in page.view.receipt.toPlainText()
    assert page.view.receipt.isVisible()
    page.view.buttons["receipt"].click()
    assert not page.view.receipt.isVisible()


def test_arrows_go_from_set_to_set_and_escape_goes_back(
    page: SetsPage, until: Until, qtbot: Any
) -> None:
    qtbot.keyClick(page.view, Qt.Key.Key_Right)
    until(lambda: page.view.entry is not None and page.view.entry.record.id == "set-1")
    page.cancel()
    assert page.stack.currentWidget() is page.gallery


def test_judging_while_it_is_large(
    page: SetsPage, made: list[Path], until: Until, qtbot: Any
) -> None:
    qtbot.keyClick(page.view, Qt.Key.Key_3)
    until(lambda: read_record(made[2]).rating.stars == 3)
    until(lambda: page.view.entry is not None and page.view.entry.record.rating.stars == 3)


def test_tags_are_edited_and_taken_back(page: SetsPage, made: list[Path], until: Until) -> None:
    page.view.tags.setText("client,  needs work ")
    page.view.tags.editingFinished.emit()
    until(lambda: read_record(made[2]).tags == ("client", "needs work"))
    until(lambda: not page.shelf.work.busy)
    page.undo()
    until(lambda: read_record(made[2]).tags == ())
    heard = told(page)
    page.view.tags.setText("x" * 60)
    page.view.tags.editingFinished.emit()
    until(lambda: any("cannot be a tag" in text for text in heard))


def test_change_and_run_opens_its_request_on_create(page: SetsPage, made: list[Path]) -> None:
    handed: list[Any] = []
    page.studio.asked_for.connect(lambda id, what: handed.append((id, what)))
    page.view.buttons["change"].click()
    assert handed == [("create", read_record(made[2]).request)]


def test_run_again_queues_the_request_with_another_seed(
    page: SetsPage, made: list[Path], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(page.studio, "run_queue", lambda: started.append(1))
    page.view.buttons["again"].click()
    until(lambda: started)
    jobs: list[Any] = []
    page.studio.desk.ask(page, lambda store: Store.page(store), jobs.append)
    until(lambda: jobs)
    [job] = jobs[0]
    request = read_record(made[2]).request
    assert job.task == request.task and job.seed != request.seed


def test_verify_says_its_verdict_where_it_was_asked(
    page: SetsPage, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "icl_studio.gui.sets.doings.verify_set", lambda *_, **__: Verdict(kind="identical")
    )
    page.view.buttons["verify"].click()
    until(lambda: "identical" in page.view.verdict.text())
    assert page.view.buttons["verify"].isEnabled()

    def fail(*_: object, **__: object) -> Verdict:
        raise UserError("The model is not here.", fix="Fetch it.")

    monkeypatch.setattr("icl_studio.gui.sets.doings.verify_set", fail)
    page.view.buttons["verify"].click()
    until(lambda: "The model is not here. Fetch it." in " ".join(page.view.verdict.text().split()))


def test_export_writes_what_the_command_writes(
    page: SetsPage, tmp_path: Path, until: Until, qtbot: Any
) -> None:
    heard = told(page)
    out = tmp_path / "für den Kunden 🦊"
    page.doings.export([page.view.entry.folder], out, Delivery(format="jpg", what="both"))
    until(lambda: any("4 files" in text for text in heard))
    assert len(list(out.iterdir())) == 4
    out2 = tmp_path / "file"
    out2.write_text("in the way", encoding="utf-8")
    page.doings.export([page.view.entry.folder], out2, Delivery())
    until(lambda: any("in the way" in text for text in heard))


def test_the_export_form_checks_before_it_closes(page: SetsPage, qtbot: Any) -> None:
    form = ExportForm(2, page)
    qtbot.addWidget(form)
    wanted: list[Any] = []
    form.wanted.connect(lambda *what: wanted.append(what))
    form.name.setText("{sead}")
    form.go.click()
    assert wanted == [] and "Did you mean {seed}?" in form.problem.text()
    form.name.setText("{task}-{index}")
    form.size_rule.setText("50%")
    form.format.setCurrentIndex(1)
    form.go.click()
    [(folder, delivery)] = wanted
    assert folder == Path.home() and (delivery.format, delivery.size) == ("jpg", "50%")


def test_a_set_that_vanishes_while_it_is_large_is_said(
    page: SetsPage, made: list[Path], until: Until, qtbot: Any
) -> None:
    heard = told(page)
    shutil.rmtree(made[2])
    qtbot.keyClick(page.view, Qt.Key.Key_4)
    until(lambda: any("not there any more" in text for text in heard))
    until(lambda: page.model.rowCount() == 2)


def test_a_panel_that_cannot_be_read_says_so_in_its_place(
    page: SetsPage, made: list[Path], until: Until, qtbot: Any
) -> None:
    (made[1] / "panels" / "01-SCENE-1.png").write_bytes(b"no picture")
    qtbot.keyClick(page.view, Qt.Key.Key_Right)
    until(lambda: page.view.entry is not None and page.view.entry.record.id == "set-1")
    page.view.show_picture(1)
    until(lambda: "cannot be read" in page.view.large.problem)
    page.grab()


def test_zooming_keeps_the_point_under_the_mouse(qapp: Any, qtbot: Any) -> None:
    from PySide6.QtGui import QImage

    zoom = Zoom()
    view, other = PictureView(zoom), PictureView(zoom)
    for widget in (view, other):
        qtbot.addWidget(widget)
        widget.resize(400, 300)
        widget.show_image(QImage(200, 100, QImage.Format.Format_RGB32))

    def at(x: float, y: float) -> tuple[float, float]:
        rect = view.picture_rect()
        return rect.x() + x * rect.width(), rect.y() + y * rect.height()

    before = at(0.4, 0.6)
    zoom.by(2.0, QPointF(0.4, 0.6))
    assert at(0.4, 0.6) == pytest.approx(before, abs=0.5)
    assert other.picture_rect() == view.picture_rect()
    for _ in range(30):
        zoom.by(2.0, QPointF(0.0, 0.0))
    assert zoom.scale == FURTHEST
    zoom.move(QPointF(5, 5))
    assert view.picture_rect().contains(QPointF(200, 150))  # it cannot be moved out of the view
    zoom.fit()
    assert zoom.scale == 1.0


def test_the_picture_is_the_file(page: SetsPage, made: list[Path], until: Until) -> None:
    until(lambda: page.view.large.image is not None and page.view.large.image.width() == 128)
    image = page.view.large.image
    assert image is not None
    with Image.open(made[2] / "sheet.png") as sheet:
        color = image.pixelColor(5, 7)
        assert (color.red(), color.green(), color.blue()) == sheet.getpixel((5, 7))
