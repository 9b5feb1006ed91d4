"""The page Settings: all of them, searched, changed at once, undone; a bad file loses nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit

from icl_studio.errors import UserError
from icl_studio.gui.settings import state
from icl_studio.gui.settings.page import SettingsPage
from icl_studio.paths import UserFolders
from icl_studio.settings import Settings, write_json

CTRL = Qt.KeyboardModifier.ControlModifier


def on_disk(folders: UserFolders) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(folders.settings_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return data


def visible(page: SettingsPage) -> set[str]:
    return {key for key, row in page.rows.items() if not row.isHidden()}


def test_every_setting_has_words_and_an_editor_that_shows_it() -> None:
    assert set(state.words()) == set(Settings.model_fields)
    assert all(said.title and said.what for said in state.words().values())


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("FOLDER of", {"model", "sets_folder", "set_name"}),
        ("auto", {"engine"}),
        ("dtype", {"dtype"}),
    ],
)
def test_a_setting_is_found_by_its_key_its_words_its_value_or_its_default(
    typed: str, found: set[str]
) -> None:
    settings = Settings()
    assert {k for k in state.words() if state.matches(k, typed, getattr(settings, k))} == found


def test_a_template_for_names_is_shown_as_what_it_comes_to_and_refused_if_wrong(
    folders: UserFolders,
) -> None:
    assert state.preview("{date}/{task}-{seed:06}") == "2026-11-22/film-storyboard-004711"
    with pytest.raises(UserError, match="unknown token"):
        state.change(folders, "set_name", "{sead}")
    assert on_disk(folders) == {}


def test_a_change_is_saved_at_once_and_ctrl_z_takes_it_back(
    page_of: Any, qtbot: Any, until: Any, folders: UserFolders
) -> None:
    page: SettingsPage = page_of("settings")
    combo = page.rows["dtype"].field
    assert isinstance(combo, QComboBox)
    combo.setCurrentText("bfloat16")
    combo.activated.emit(combo.currentIndex())
    until(lambda: on_disk(folders) == {"dtype": "bfloat16"})
    until(
        lambda: page.studio.settings.dtype == "bfloat16" and not page.rows["dtype"].reset.isHidden()
    )
    qtbot.keyClick(page, Qt.Key.Key_Z, CTRL)
    until(lambda: on_disk(folders) == {} and page.studio.settings.dtype is None)
    page.model.redo()
    until(lambda: on_disk(folders) == {"dtype": "bfloat16"})
    page.rows["dtype"].reset.click()
    until(lambda: on_disk(folders) == {})


def test_typing_a_word_leaves_what_has_it_and_escape_brings_all_back(
    page_of: Any, qtbot: Any
) -> None:
    page: SettingsPage = page_of("settings")
    qtbot.keyClicks(page.search, "plugins")
    assert visible(page) == {"disabled_plugins"}
    qtbot.keyClicks(page.search, "qqq")
    assert visible(page) == set() and "qqq" in page.nothing.text()
    qtbot.keyClick(page.search, Qt.Key.Key_Escape)
    assert visible(page) == set(state.words())


def test_a_value_that_cannot_be_used_stays_in_its_field_with_the_reason(
    page_of: Any, until: Any, folders: UserFolders
) -> None:
    page: SettingsPage = page_of("settings")
    row = page.rows["set_name"]
    assert isinstance(row.field, QLineEdit)
    row.field.setText("{tusk}")
    row.field.editingFinished.emit()
    until(lambda: "Did you mean {task}" in row.note.text())
    assert row.field.text() == "{tusk}" and on_disk(folders) == {}


def test_unknown_keys_are_named_and_stay_in_the_file(
    page_of: Any, until: Any, folders: UserFolders
) -> None:
    write_json(folders.settings_file, {"modell": "tiny", "from_the_future": [1, 2]})
    page: SettingsPage = page_of("settings")
    until(lambda: len(page.model.found.unknown) == 2)
    assert not page.unknown.isHidden()
    said = " ".join(label.text() for label in page.unknown.findChildren(QLabel))
    assert "Did you mean 'model'" in said
    page.model.set("device", "cpu")
    until(lambda: on_disk(folders).get("device") == "cpu")
    assert on_disk(folders) == {"modell": "tiny", "from_the_future": [1, 2], "device": "cpu"}


def test_a_file_that_is_no_json_is_said_and_set_aside_on_request_only(
    page_of: Any, until: Any, folders: UserFolders
) -> None:
    folders.config.mkdir(parents=True, exist_ok=True)
    folders.settings_file.write_text('{"model": "tiny"', encoding="utf-8")
    page: SettingsPage = page_of("settings")
    until(lambda: page.broken is not None)
    assert page.broken is not None and "line 1" in page.broken.label.text()
    assert not page.rows["model"].isEnabled()
    page.broken.button.click()
    until(lambda: page.broken is None and page.rows["model"].isEnabled())
    kept = folders.config / "settings.broken-1.json"
    assert kept.read_text(encoding="utf-8") == '{"model": "tiny"'


def test_settings_that_cannot_be_written_say_so_beside_the_setting(
    page_of: Any, until: Any, folders: UserFolders
) -> None:
    page: SettingsPage = page_of("settings")
    until(lambda: not page.studio.background.busy)
    folders.settings_file.mkdir(parents=True)  # no file can be written in its place
    page.model.set("device", "cpu")
    row = page.rows["device"]
    until(lambda: str(folders.settings_file) in row.note.text())
    assert page.studio.settings.device is None
