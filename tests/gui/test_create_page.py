"""The page Create on a real queue and real worker processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from icl_studio.gui.create.page import CreatePage
from icl_studio.gui.widgets.notice import Notice
from icl_studio.paths import UserFolders
from icl_studio.plugins.registry import Registry
from icl_studio.sets.record import read_record
from icl_studio.settings import write_json

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def create(
    fake_studio: Callable[..., Path], folders: UserFolders, page_of: Any, until: Any
) -> Callable[..., CreatePage]:
    """Opens Create on a fake model that behaves as told; the draft is judged."""

    def open_(**behaviour: Any) -> CreatePage:
        model = fake_studio(**behaviour)
        write_json(folders.settings_file, {"model": str(model)})
        write_json(folders.data / "window" / "welcome.json", {"done": True})
        page: CreatePage = page_of("create")
        until(lambda: page.model.judgement.sound)
        return page

    return open_


def write_all(page: CreatePage) -> None:
    page.model.type_text("summary", "A fox travels")
    for n, text in enumerate(("on a beach", "in a wood", "at home"), 1):
        page.model.type_text(f"panel{n}", text)


def drop(page: QWidget, *files: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    event = QDropEvent(
        QPointF(QPoint(9, 9)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(event)


def notes(page: CreatePage) -> str:
    return "\n".join(note.label.text() for note in page.window().notices.all())


def test_ctrl_enter_makes_a_set_and_its_sheet_appears_in_the_layout_and_sharpens(
    create: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    page = create(seconds={"denoise": 0.12})
    seen: list[bool] = []
    page.drawing.pictured.connect(lambda _, sharp: seen.append(sharp))
    qtbot.keyClick(page.sheet.editors[0], Qt.Key.Key_Return, CTRL)
    until(lambda: seen and seen[-1])
    assert False in seen, "no preview was shown before the sheet"
    (folder,) = [path.parent for path in folders.sets.rglob("set.json")]
    assert page.sheet.image.size().width() == read_record(folder).request.layout.canvas.width
    until(lambda: [row.folder for row in page.model.recent] == [folder])
    assert page.drawing.open_jobs == ()


def test_several_sets_have_seeds_one_after_the_other(create: Any, until: Any, folders: Any) -> None:
    page = create()
    page.model.set(count=3, seed=40, seed_mode="increment")
    until(lambda: page.model.judgement.sound)
    page.primary()
    until(lambda: len(page.model.recent) == 3)
    assert sorted(row.seed for row in page.model.recent) == [40, 41, 42]
    assert page.model.draft.seed == 43


def test_escape_calls_off_what_is_under_way_and_nothing_is_left(
    create: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    page = create(seconds={"denoise": 0.3})
    page.model.set(count=2)
    until(lambda: page.model.judgement.sound)
    page.primary()
    until(lambda: page.sheet.image is not None)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    until(lambda: not page.drawing.open_jobs)
    assert not list(folders.sets.rglob("set.json"))


def test_a_set_that_an_engine_refuses_while_it_is_shown_is_said_with_a_way_on(
    create: Any, until: Any
) -> None:
    page = create(trouble="user-error")
    page.primary()
    until(lambda: page.failure is not None)
    assert "refuses to denoise" in page.failure.label.text()
    assert page.failure.button.isEnabled() and not page.drawing.open_jobs


def test_a_draft_with_something_wrong_is_not_queued_and_the_field_gets_the_focus(
    create: Any, until: Any
) -> None:
    page = create()
    page.model.type_text("panel2", "")
    until(lambda: not page.model.judgement.sound)
    page.primary()
    assert page.sheet.editors[1].hasFocus()
    assert not page.drawing.open_jobs


def test_typing_is_undone_across_fields_with_the_keys_of_the_page(create: Any, qtbot: Any) -> None:
    page = create()
    before = page.sheet.editors[2].toPlainText()
    page.sheet.editors[2].setFocus()
    qtbot.keyClicks(page.sheet.editors[2], "xyz")
    page.model.set(count=5)
    qtbot.keyClick(page.sheet.editors[2], Qt.Key.Key_Z, CTRL)
    assert page.model.draft.count == 1 and "xyz" in page.sheet.editors[2].toPlainText()
    qtbot.keyClick(page.sheet.editors[2], Qt.Key.Key_Z, CTRL)
    assert page.sheet.editors[2].toPlainText() == before
    qtbot.keyClick(page.sheet.editors[2], Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert "xyz" in page.sheet.editors[2].toPlainText()


def test_a_draft_is_on_the_disk_before_anything_can_crash(
    create: Any, until: Any, folders: UserFolders, open_window: Any
) -> None:
    page = create()
    page.model.type_text("panel1", "an unfinished thought 🎬 ")
    file = folders.data / "window" / "create-draft.json"
    until(lambda: file.is_file() and "unfinished" in file.read_text(encoding="utf-8"))
    second = open_window("create")
    until(lambda: second.main.page("create").model.restored)
    assert second.main.page("create").sheet.editors[0].toPlainText() == "an unfinished thought 🎬 "


@pytest.mark.parametrize("text", ["{", '{"count": "many"}'], ids=["cut off", "nonsense"])
def test_a_damaged_draft_is_kept_aside_and_the_page_begins_afresh(
    create: Any, folders: UserFolders, until: Any, text: str
) -> None:
    file = folders.data / "window" / "create-draft.json"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    page = create()
    until(lambda: "damaged" in notes(page))
    assert file.with_suffix(".broken.json").read_text(encoding="utf-8") == text
    assert page.model.judgement.sound


def test_a_task_that_vanishes_while_its_form_is_open_is_said_and_its_text_stays(
    create: Any, until: Any
) -> None:
    page = create()
    page.model.type_text("panel1", "still here")
    known = dict(page.studio.registry.tasks)
    gone = known.pop("film-storyboard")
    page.studio.registry = Registry(
        tasks=known, models=page.studio.registry.models, engines=page.studio.registry.engines
    )
    page.studio.tasks_changed.emit()
    until(lambda: "not there any more" in str(page.model.judgement.problems))
    page.primary()
    assert not page.drawing.open_jobs
    assert page.sheet.editors[0].toPlainText() == "still here"
    page.studio.registry = Registry(
        tasks=known | {gone.id: gone},
        models=page.studio.registry.models,
        engines=page.studio.registry.engines,
    )
    page.studio.tasks_changed.emit()
    until(lambda: page.model.judgement.sound)
    assert "still here" in page.model.judgement.caption


def test_a_dropped_set_is_written_again_with_its_seed(
    create: Any, until: Any, tmp_path: Path
) -> None:
    page = create()
    write_all(page)
    page.model.set(seed=77, seed_mode="fixed", steps=3)
    until(lambda: page.model.judgement.sound and "fox" in page.model.judgement.caption)
    page.primary()
    until(lambda: page.model.recent)
    page.model.choose_task("couple-profile")
    drop(page, page.model.recent[0].folder / "sheet.png")
    until(lambda: page.model.draft.task == "film-storyboard")
    draft = page.model.draft
    assert (draft.seed, draft.seed_mode, draft.steps) == (77, "fixed", 3)
    assert page.summary.toPlainText() == "A fox travels"


@pytest.mark.parametrize("kind", ["text", "plain picture", "gone", "huge picture"])
def test_what_cannot_be_written_again_is_said_and_changes_nothing(
    create: Any, until: Any, tmp_path: Path, kind: str
) -> None:
    page = create()
    before = page.model.draft
    file = tmp_path / f"dropped ü {kind}.png"
    if kind == "text":
        file.write_text("just some words", encoding="utf-8")
    elif kind == "plain picture":
        Image.new("RGB", (8, 8)).save(file)
    elif kind == "huge picture":
        Image.new("1", (30_000, 30_000)).save(file, compress_level=1)
    drop(page, file)
    until(lambda: notes(page))
    assert file.name in notes(page)
    assert page.model.draft == before


def test_presets_keep_the_look_and_not_the_words(create: Any, until: Any, folders: Any) -> None:
    page = create()
    page.model.set(steps=33, guidance=1.5, count=6)
    page.model.presets.save("  Dark   look ", page.model.draft.look)
    page.model.set(steps=5, count=1)
    page.model.type_text("summary", "other words")
    page.model.use_preset("Dark look")
    assert (page.model.draft.steps, page.model.draft.count) == (33, 6)
    assert page.summary.toPlainText() == "other words"
    file = folders.data / "window" / "create-presets.json"
    until(file.is_file)
    assert list(json.loads(file.read_text(encoding="utf-8"))) == ["Dark look"]
    page.model.presets.remove("Dark look")
    assert page.model.presets.names == []


def test_a_task_is_chosen_from_the_gallery_with_the_keyboard(
    create: Any, qtbot: Any, until: Any
) -> None:
    page = create()
    qtbot.keyClick(page, Qt.Key.Key_T, CTRL)
    assert page.stack.currentWidget() is page.gallery
    card = next(card for card in page.gallery.cards if card.task.id == "font-design")
    qtbot.keyClick(card, Qt.Key.Key_Return)
    until(lambda: page.model.judgement.task and page.model.judgement.task.id == "font-design")
    assert len(page.sheet.editors) == 4 and page.model.judgement.sound


def test_every_field_can_be_reached_by_tab_and_has_a_name(create: Any) -> None:
    page = create()
    window = page.window()
    for widget in page.findChildren(QWidget):
        focusable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        own = not widget.objectName().startswith("qt_")
        if widget.isVisibleTo(window) and focusable and own:
            name = widget.accessibleName()
            if isinstance(widget, QAbstractButton):
                name = name or widget.text()
            assert name, f"{type(widget).__name__} in {type(widget.parent()).__name__}"


def test_long_and_right_to_left_texts_move_nothing(create: Any, until: Any) -> None:
    page = create()
    before = [editor.geometry() for editor in page.sheet.editors]
    page.model.type_text("panel1", "ein_sehr_langes_wort_ohne_pause" * 12)
    page.model.type_text("panel2", "שלום עולם מרחבא بالعالم")
    until(lambda: "שלום" in page.model.judgement.caption)
    assert [editor.geometry() for editor in page.sheet.editors] == before


@pytest.mark.slow
def test_the_welcome_makes_a_first_set_with_one_click_and_says_what_real_work_needs(
    page_of: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    page = page_of("create")
    until(lambda: page.welcome is not None)
    assert page.welcome.start.hasFocus() or page.welcome.start.isVisible()
    ahead = page.studio.bridge._ahead
    until(lambda: ahead._placed and ahead._placed[0].place.pid)
    worker = ahead._placed[0].place.pid
    page.model.judged.connect(lambda: page.model.history.replace(page.model.draft.with_(steps=2)))
    qtbot.keyClick(page, Qt.Key.Key_Return, CTRL)
    assert page.welcome is None
    until(lambda: page.model.recent)
    record = read_record(page.model.recent[0].folder)
    assert record.request.model == "tiny" and record.request.task == "film-storyboard"
    (placed,) = page.studio.bridge._placed
    assert placed.place.pid == worker, "the worker that loaded during the welcome was not used"
    width = record.request.layout.canvas.width
    until(lambda: page.sheet.image and page.sheet.image.width() == width)
    (note,) = [note for note in page.findChildren(Notice) if "flux.1-dev" in note.label.text()]
    assert "huggingface.co" in note.label.text()
    until((folders.data / "window" / "welcome.json").is_file)


def test_the_welcome_that_was_left_does_not_come_again(
    fake_studio: Any, page_of: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    page = page_of("create")
    until(lambda: page.welcome is not None)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert page.welcome is None and page.stack.currentWidget() is page.desk
    until((folders.data / "window" / "welcome.json").is_file)
    (folders.data / "window" / "create-draft.json").unlink(missing_ok=True)
    again = page_of("create")
    until(lambda: again.model.judgement.sound)
    assert again.welcome is None
