"""``plugins new`` writes a plugin that is whole, passes its check, and bears its own name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_studio.errors import PluginProblem, StorageProblem
from icl_studio.plugins.check import check_plugin
from icl_studio.plugins.scaffold import MAX_NAME, NAME, nearest_name, new_plugin, template_folder


@pytest.mark.parametrize("name", ["mood-board", "a", "x" * MAX_NAME, "class", "comic-strip-2"])
def test_a_new_plugin_is_accepted_and_adds_its_task(name: str, tmp_path: Path):
    folder = new_plugin(name, tmp_path / "neu ü")
    report = check_plugin(folder, run=True)
    assert report.findings == ()
    assert report.entry_points == {name: f"icl_{name.replace('-', '_')}.plugin"}
    assert report.loaded[0].provides == (f"task {name}",)


def test_nothing_of_the_example_s_name_is_left(tmp_path: Path):
    folder = new_plugin("mood-board", tmp_path)
    for file in folder.rglob("*"):
        assert "comic_strip" not in file.name
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            assert "comic-strip" not in text
            assert "comic_strip" not in text
            assert "Comic strip" not in text
    assert (folder / "tests" / "test_mood_board.py").is_file()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Mood Board", "mood-board"),
        ("Möbel & Licht", "mobel-licht"),
        ("3d-view", "task-3d-view"),
        ("mood_board", "mood-board"),
        ("-a--b-", "a-b"),
        ("../evil", "evil"),
        ("🦊", "my-task"),
        ("", "my-task"),
        ("x" * 99, "x" * MAX_NAME),
        ("mood-board\n", "mood-board"),
    ],
)
def test_an_odd_name_is_refused_with_the_nearest_that_will_do(name, nearest, tmp_path: Path):
    with pytest.raises(PluginProblem) as refused:
        new_plugin(name, tmp_path)
    assert refused.value.fix == f"Use {nearest!r}."
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=60))
def test_the_nearest_name_is_always_a_valid_one(text: str):
    name = nearest_name(text)
    assert NAME.fullmatch(name)
    assert len(name) <= MAX_NAME


def test_what_is_there_is_never_overwritten(tmp_path: Path):
    (tmp_path / "icl-mine").mkdir()
    with pytest.raises(PluginProblem, match="already exists"):
        new_plugin("mine", tmp_path)


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageProblem, match="cannot be written"):
        new_plugin("mine", tmp_path / "file")


def test_the_example_imports_nothing_of_ours_but_the_api():
    for file in template_folder().rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith(("icl_studio", "icl_tasks", "icl_engines", "icl_tiny"))
                assert not own or name == "icl_studio.api"


@pytest.mark.parametrize(
    "name", ["studio", "tasks", "engines", "tiny", "icl-tasks", "icl-engines", "icl-tiny"]
)
def test_a_plugin_that_would_replace_a_part_of_ours_is_refused(name: str, tmp_path: Path):
    with pytest.raises(PluginProblem, match="ICL Studio's own") as refused:
        new_plugin(name, tmp_path)
    assert refused.value.fix == f"Use 'my-{name}'."
    assert list(tmp_path.iterdir()) == []
    assert new_plugin(f"my-{name}", tmp_path).is_dir()


def test_the_nearest_name_is_none_of_ours_either():
    assert nearest_name("Tiny!") == "my-tiny"
