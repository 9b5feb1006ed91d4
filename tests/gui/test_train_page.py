"""The page Train on a real queue and worker processes: look, mend a caption, train, stop, go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from icl_studio.gui.train import state
from icl_studio.gui.train.curve import LossCurve
from icl_studio.gui.train.data import worst
from icl_studio.gui.train.items import ITEM, Items
from icl_studio.gui.train.page import TrainPage
from icl_studio.paths import UserFolders
from icl_studio.settings import write_json
from icl_studio.training.dataset import Item
from icl_studio.training.findings import warning
from icl_studio.training.material import Material
from icl_studio.training.record import Line, read_run

TASK = "couple-profile"
CAPTION = "a tall blue creature in two pictures; [LEFT] standing on the beach; [RIGHT] jumping"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "daten ü 🙂"
    folder.mkdir()
    for number in range(3):
        noise = Image.effect_noise((64, 32), 80 + number).convert("RGB")
        noise.save(folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(CAPTION, encoding="utf-8")
    (folder / "0002.txt").write_text("no markers here", encoding="utf-8")
    return folder


@pytest.fixture
def train(
    fake_studio: Callable[..., Path], folders: UserFolders, page_of: Any
) -> Callable[..., TrainPage]:
    """Opens Train on a fake model that behaves as told, with a short recipe."""

    def open_(steps: int = 3, **behaviour: Any) -> TrainPage:
        model = fake_studio(**behaviour)
        write_json(folders.settings_file, {"model": str(model), "engine": "fake"})
        page: TrainPage = page_of("train")
        page.model.wish(task=TASK, changes={"steps": steps, "batch": 1, "buckets": False})
        page._wished()
        return page

    return open_


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel))


def drop(page: QWidget, *files: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0)
    page.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), copy, data, left, none))


def test_the_contact_sheet_is_a_sound_model(qtmodeltester: Any) -> None:
    items = Items()
    material = Material(name="a", kind="sheet", pictures=())
    bad = Item(name="a", kind="sheet", size=None, caption="", problems=(warning("is small."),))
    items.set_pairs([(material, bad), (material, bad)])
    qtmodeltester.check(items)
    assert items.data(items.index(1), ITEM) == bad and worst(bad) == "error"


def test_a_dropped_folder_is_seen_as_laid_out_with_what_is_wrong(
    train: Any, data: Path, until: Any
) -> None:
    page = train()
    drop(page, data)
    until(lambda: page.model.data is not None)
    assert page.stack.currentWidget() is page.data
    assert [item.usable for _, item in page.model.items.pairs] == [True, True, False]
    assert "2 of 3 sets" in page.data.summary.text()
    until(lambda: page.model.items.data(page.model.items.index(0), 1) is not None)
    page.data.list.setCurrentIndex(page.model.items.index(2))
    assert "[LEFT]" in said(page.data)


def test_a_caption_is_mended_beside_its_picture_and_the_set_becomes_sound(
    train: Any, data: Path, until: Any
) -> None:
    page = train()
    page.receive(data)
    until(lambda: page.model.data is not None)
    page.data.list.setCurrentIndex(page.model.items.index(2))
    mended = CAPTION.replace("blue", "red")
    page.data.caption.setPlainText(mended)
    assert page.data.save.isEnabled()
    page.data.save.click()
    until(lambda: page.model.items.pairs and page.model.items.pairs[2][1].usable)
    assert (data / "0002.txt").read_text(encoding="utf-8") == mended + "\n"
    assert page.data.row == 2 and not page.data.save.isEnabled()


@pytest.mark.parametrize("wrong", ["text", "missing", "empty"])
def test_what_is_no_data_set_is_refused_in_a_sentence(
    train: Any, tmp_path: Path, until: Any, wrong: str
) -> None:
    page = train()
    path = tmp_path / wrong
    if wrong == "text":
        path.write_text("hello", encoding="utf-8")
    elif wrong == "empty":
        path.mkdir()
    drop(page, path)
    until(lambda: page.note is not None or page.model.data is not None)
    shown = page.note.label.text() if page.note else page.data.summary.text()
    assert str(path) in shown or "no pictures" in shown
    assert not page.start.isEnabled()


def test_a_run_is_queued_followed_live_and_its_adapter_stands_at_the_end(
    train: Any, data: Path, until: Any, qtbot: Any
) -> None:
    page = train(steps=3)
    page.receive(data)
    until(lambda: page.start.isEnabled())
    live: list[Line] = []
    page.model.learnt.connect(live.append)
    qtbot.keyClick(page.data.caption, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(lambda: page.model.run is not None and page.model.run.record.state == "done")
    assert page.stack.currentWidget() is page.run
    run = page.model.run
    assert run is not None and run.record.result is not None and run.record.result.is_file()
    assert page.run.curve.lines[-1].step == 3
    until(lambda: page.run.runs.currentData() == str(run.folder))
    until(lambda: page.run.pictures[0].image is not None)
    assert "after step" in page.run.when.text()
    assert not page.run.copy.isHidden() and page.run.resume.isHidden()


def test_a_run_is_stopped_and_goes_on_from_its_checkpoint(
    train: Any, data: Path, until: Any
) -> None:
    page = train(steps=6, seconds={"train": 0.4})
    page.receive(data)
    until(lambda: page.start.isEnabled())
    page.primary()
    until(lambda: page.run.curve.lines)
    page.run.stop.click()
    until(lambda: page.model.run is not None and not page.run.resume.isHidden())
    until(lambda: read_run(page.model.folder).state == "stopped")
    page.run.resume.click()
    until(lambda: page.model.run is not None and page.model.run.record.state == "done")
    steps = [line.step for line in page.model.run.lines]
    assert steps == list(range(1, 7)), "a step was lost or taken twice"


def test_samples_are_drawn_when_asked_and_come_onto_the_slider(
    train: Any, data: Path, until: Any
) -> None:
    page = train(steps=400, seconds={"train": 0.1})
    assert not page.run.sample.isEnabled() and "Only while" in page.run.sample.toolTip()
    page.receive(data)
    until(lambda: page.start.isEnabled())
    page.primary()
    until(lambda: page.run.sample.isEnabled() and len(page.model.run.samples) == 1)
    until(lambda: page.run.curve.lines[-1].step > 2)  # at one step there is nothing new to draw
    assert not page.run.slider.isEnabled()
    page.run.sample.click()
    assert not page.run.sample.isEnabled(), "asked twice in one breath"
    until(lambda: len(page.model.run.samples) == 2)
    until(lambda: page.run.sample.isEnabled())
    assert page.run.slider.isEnabled() and page.run.slider.value() == 1, "the newest is shown"
    step = page.model.run.samples[1][0]
    assert f"after step {step:,}" in page.run.when.text() and step > 1
    page.run.stop.click()
    until(lambda: not page.run.resume.isHidden() and not page.run.sample.isEnabled())
    page.model.sample()  # as a click would, that came too late
    until(lambda: page.note is not None)
    assert "Nobody trains" in page.note.label.text()


def test_a_run_whose_recipe_has_no_samples_says_so(train: Any, data: Path, until: Any) -> None:
    page = train(steps=400, seconds={"train": 0.1})
    page.model.wish(changes={**page.model.wishes.changes, "samples": 0})
    page.receive(data)
    until(lambda: page.start.isEnabled())
    page.primary()
    until(lambda: page.model.run is not None and page.model.run.trained)
    assert not page.run.sample.isEnabled() and "no samples" in page.run.sample.toolTip()
    page.run.stop.click()
    until(lambda: not page.run.resume.isHidden())


def test_a_run_that_fails_says_why_and_can_go_on(train: Any, data: Path, until: Any) -> None:
    page = train(steps=3, trouble="user-error", at="train")
    page.receive(data)
    until(lambda: page.start.isEnabled())
    page.primary()
    until(lambda: page.model.run is not None and page.model.run.record.state == "failed")
    until(lambda: page.model.run.job is not None and page.model.run.job.state == "failed")
    assert not page.run.resume.isHidden() and "refuses to train" in page.run.state.text()


def test_samples_are_read_by_step_and_other_files_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    for name in ("0000100-1.png", "0000100-2.png", "step-000050-0.png", "notes.png"):
        (folder / name).write_bytes(b"")
    found = state.samples_of(tmp_path)
    assert [(step, len(files)) for step, files in found] == [(50, 1), (100, 2)]


def test_a_caption_file_is_the_one_that_stands_and_zips_are_left_alone(tmp_path: Path) -> None:
    picture = tmp_path / "A.PNG"
    picture.write_bytes(b"")
    (tmp_path / "a.caption").write_text("x", encoding="utf-8")
    sheet = Material(name="A", kind="sheet", pictures=(picture,))
    assert state.caption_file(tmp_path, sheet) == tmp_path / "a.caption"
    panels = Material(name="s", kind="panels", pictures=(tmp_path / "s" / "1.png",))
    assert state.caption_file(tmp_path, panels) == tmp_path / "s" / "caption.txt"
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"")
    assert state.caption_file(archive, sheet) is None


@pytest.mark.parametrize("losses", [[], [0.5], [0.5, 0.5], [9.0, 0.01], [-1]])
def test_the_curve_can_draw_any_losses(qtbot: Any, losses: list[float]) -> None:
    curve = LossCurve()
    qtbot.addWidget(curve)
    curve.resize(400, 200)
    lines = [Line(step=n, loss=v, smoothed=v, rate=1e-4) for n, v in enumerate(losses, 1)]
    curve.show_lines(lines, 10)
    curve.grab()
    if lines:
        curve.add(lines[-1])
        assert len(curve.lines) == len(lines), "a step that stands is not drawn twice"
