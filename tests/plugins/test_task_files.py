"""A task as a JSON file in the user's tasks folder: no code, no pip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plugin_sources import info

from icl_studio.paths import user_folders
from icl_studio.settings import save_setting

TASK = {
    "id": "before-after",
    "title": "Before and after",
    "layout": {"rows": 1, "cols": 2, "panel": [512, 512], "names": ["LEFT", "RIGHT"]},
    "caption": {"openings": ["[LEFT]", "[RIGHT]"], "summary_joint": ";"},
}


@pytest.fixture
def folder() -> Path:
    tasks = user_folders().tasks
    tasks.mkdir(parents=True)
    return tasks


def test_a_json_file_is_a_task_and_is_listed_like_a_plugin(folder, registry):
    (folder / "vorher nachher.json").write_text(json.dumps(TASK), encoding="utf-8")
    found = registry()
    assert found.tasks["before-after"].layout.canvas == (1024, 512)
    plugin = info(found, "vorher nachher.json")
    assert (plugin.state, plugin.provides) == ("ok", ("task before-after",))
    assert plugin.module == str(folder / "vorher nachher.json")


def test_an_editor_s_byte_order_mark_does_no_harm(folder, registry):
    (folder / "a.json").write_text(json.dumps(TASK), encoding="utf-8-sig")
    assert "before-after" in registry().tasks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "invalid JSON"),
        (b"", "invalid JSON"),
        (b"[]", "should be an object"),
        (b"\xff\xfe\x00", "not UTF-8 text (byte 0)"),
        (json.dumps({**TASK, "colour": 1}).encode(), "colour: is not a known key"),
        (json.dumps({**TASK, "id": "No!"}).encode(), "id: string should match"),
        (
            json.dumps({**TASK, "layout": {**TASK["layout"], "panel": [500, 512]}}).encode(),
            "not a multiple of 64",
        ),
        (json.dumps({**TASK, "sampling": {"steps": 0}}).encode(), "sampling.steps"),
        (b"[" * 100_000, "invalid JSON"),
        (b" " * 1_100_000, "larger than 1000 kB"),
    ],
)
def test_a_wrong_file_is_named_with_its_key_and_the_others_stay(text, said, folder, registry):
    (folder / "bad.json").write_bytes(text)
    (folder / "good.json").write_text(json.dumps(TASK), encoding="utf-8")
    found = registry()
    bad = info(found, "bad.json")
    assert bad.state == "broken"
    assert said.lower() in bad.error.lower()
    assert str(folder / "bad.json") in bad.error
    assert bad.fix
    assert "before-after" in found.tasks


def test_a_file_cannot_take_the_id_of_a_built_in(folder, registry):
    text = json.dumps({**TASK, "id": "font-design"})
    (folder / "mine.json").write_text(text, encoding="utf-8")
    found = registry()
    assert found.tasks["font-design"].title == "Font design"
    assert "icl-tasks" in info(found, "mine.json").error


def test_a_folder_named_like_a_task_is_broken_and_hidden_files_are_passed_over(folder, registry):
    (folder / "folder.json").mkdir()
    (folder / "._good.json").write_bytes(b"\x00\x05")
    (folder / "notes.txt").write_text("no task", encoding="utf-8")
    found = registry()
    assert info(found, "folder.json").state == "broken"
    assert {p.name for p in found.plugins if not p.distribution} == {"folder.json"}


def test_a_task_file_can_be_disabled(folder, registry):
    (folder / "a.json").write_text(json.dumps(TASK), encoding="utf-8")
    save_setting(user_folders(), "disabled_plugins", ["a.json"])
    found = registry()
    assert info(found, "a.json").state == "disabled"
    assert "before-after" not in found.tasks


def test_safe_mode_keeps_task_files_for_they_hold_no_code(folder, registry):
    (folder / "a.json").write_text(json.dumps(TASK), encoding="utf-8")
    assert "before-after" in registry(safe_mode=True).tasks
