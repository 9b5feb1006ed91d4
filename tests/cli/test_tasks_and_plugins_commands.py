"""``tasks`` and ``plugins`` through the front door."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_studio.cli.main import main
from icl_studio.paths import user_folders
from icl_studio.settings import load_settings

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that must succeed (or end with ``code``) and give what it printed."""

    def call(*arguments: str, code: int = 0) -> str:
        assert main(arguments) == code, capsys.readouterr()
        said = capsys.readouterr()
        return said.out + said.err

    return call


@pytest.fixture
def run_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def call(*arguments: str, code: int = 0) -> Any:
        assert main([*arguments, "--json"]) == code, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def broken_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed plugin, called ``wrong``, that raises on import."""
    site = tmp_path / "site"
    info = site / "wrong-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: wrong\nVersion: 1.0\n", encoding="utf-8")
    text = "[icl_studio]\nwrong = wrong_plugin\n"
    (info / "entry_points.txt").write_text(text, encoding="utf-8")
    (site / "wrong_plugin.py").write_text("raise OSError('[bold]no luck')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    return "wrong"


def test_tasks_lists_every_task(run: Run, run_json: Callable[..., Any]) -> None:
    rows = run_json("tasks")["tasks"]
    assert len(rows) == 10
    first = rows[0]
    assert first["id"] == "film-storyboard"
    assert first["panels"] == ["SCENE-1", "SCENE-2", "SCENE-3"]
    assert first["canvas"] == [1024, 1536]
    assert (first["families"][0], first["plugin"]) == ("flux.1", "icl-tasks")
    text = run("tasks")
    assert all(row["id"] in text for row in rows)


def test_a_task_is_shown_whole(run: Run, run_json: Callable[..., Any]) -> None:
    whole = run_json("tasks", "film-storyboard")
    assert whole["task"]["sampling"] == {"steps": 20, "guidance": 3.5}
    assert whole["canvas"]["full size"] == [1024, 1536]
    assert whole["canvas"]["tiny"] == [192, 288]
    assert whole["caption_form"] == (
        "[MOVIE-SHOTS] ‹summary›, [SCENE-1] ‹panel 1›, [SCENE-2] ‹panel 2›, [SCENE-3] ‹panel 3›"
    )
    text = run("tasks", "film-storyboard")
    for part in ("1024x512 at 0,512", "[SCENE-2]", "film-storyboard.safetensors", "192x288"):
        assert part in text
    assert "icl-studio make film-storyboard --summary" in text


def test_a_task_that_is_not_there_is_answered_with_the_nearest(run: Run) -> None:
    assert "film-storyboard" in run("tasks", "film-storybord", code=2)


def test_a_broken_plugin_is_listed_with_what_and_what_to_do(
    run: Run, run_json: Callable[..., Any], broken_plugin: str
) -> None:
    plugins = {p["name"]: p for p in run_json("plugins", "list")["plugins"]}
    wrong = plugins[broken_plugin]
    assert (wrong["state"], wrong["version"]) == ("broken", "1.0")
    assert "[bold]no luck" in wrong["error"]
    assert wrong["fix"]
    assert plugins["icl-tasks"]["state"] == "ok"
    text = run("plugins", "list")
    assert "[bold]no luck" in text
    assert wrong["fix"] in text


def test_safe_mode_leaves_foreign_plugins_out(
    run_json: Callable[..., Any], broken_plugin: str
) -> None:
    plugins = {p["name"]: p for p in run_json("--safe-mode", "plugins", "list")["plugins"]}
    assert plugins[broken_plugin]["state"] == "disabled"
    assert "safe mode" in plugins[broken_plugin]["error"]


def test_a_plugin_is_disabled_and_enabled_by_name(run: Run, broken_plugin: str) -> None:
    run("plugins", "disable", broken_plugin)
    assert load_settings(user_folders())[0].disabled_plugins == (broken_plugin,)
    assert "disabled in the settings" in run("plugins", "list")
    assert "already" in run("plugins", "disable", broken_plugin)
    run("plugins", "enable", broken_plugin)
    assert load_settings(user_folders())[0].disabled_plugins == ()
    assert "already" in run("plugins", "enable", broken_plugin)


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_a_plugin_that_is_not_there_is_answered_with_the_nearest(run: Run, verb: str) -> None:
    assert "Did you mean 'icl-tasks'" in run("plugins", verb, "icl-task", code=2)


def test_new_and_check_go_together(run: Run, run_json: Callable[..., Any], tmp_path: Path) -> None:
    to = tmp_path / "Neue Plügins 🦊"
    made = run_json("plugins", "new", "mood-board", "--to", str(to))
    folder = Path(made["folder"])
    assert folder == to / "icl-mood-board"
    report = run_json("plugins", "check", str(folder))
    assert report["accepted"]
    assert report["findings"] == []
    assert "accepted" in run("plugins", "check", str(folder))


def test_a_quoted_home_folder_is_found(
    run: Run, run_json: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    run("plugins", "new", "mood-board", "--to", "~")
    assert run_json("plugins", "check", "~/icl-mood-board")["accepted"]


def test_a_new_plugin_may_not_take_a_task_s_name(run: Run, tmp_path: Path) -> None:
    text = run("plugins", "new", "font-design", "--to", str(tmp_path), code=2)
    assert "my-font-design" in text
    assert list(tmp_path.glob("icl-*")) == []


def test_check_ends_with_1_when_it_refuses(
    run: Run, run_json: Callable[..., Any], tmp_path: Path
) -> None:
    folder = Path(run_json("plugins", "new", "mine", "--to", str(tmp_path))["folder"])
    (folder / "weights.pkl").write_bytes(b"")
    assert not run_json("plugins", "check", str(folder), code=1)["accepted"]
    text = run("plugins", "check", str(folder), code=1)
    assert "weights.pkl" in text
    assert "not accepted" in text


def test_check_reads_a_task_file(run: Run, run_json: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    spec = run_json("tasks", "couple-profile")["task"]
    file.write_text(json.dumps({**spec, "id": "mine"}), encoding="utf-8")
    assert run_json("plugins", "check", str(file))["accepted"]
    file.write_text(json.dumps({**spec, "colour": 1}), encoding="utf-8")
    text = run("plugins", "check", str(file), code=2)
    assert "colour" in text
    assert str(file) in text


def test_check_says_that_another_has_the_task_s_id(
    run: Run, run_json: Callable[..., Any], tmp_path: Path
) -> None:
    spec = run_json("tasks", "couple-profile")["task"]
    file = tmp_path / "task.json"
    file.write_text(json.dumps(spec), encoding="utf-8")
    text = run("plugins", "check", str(file), code=2)
    assert "'couple-profile' is taken by icl-tasks" in " ".join(text.split())
    assert "my-couple-profile" in text
    # A file that stands in the tasks folder already is not in its own way.
    folder = user_folders().tasks
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text(json.dumps({**spec, "id": "mine"}), encoding="utf-8")
    assert run_json("plugins", "check", str(folder / "mine.json"))["accepted"]
    file.write_text(json.dumps({**spec, "id": "mine"}), encoding="utf-8")
    assert "taken by mine.json" in " ".join(run("plugins", "check", str(file), code=2).split())


def test_a_task_file_is_disabled_by_its_name_however_it_is_spelt(
    run: Run, run_json: Callable[..., Any]
) -> None:
    spec = run_json("tasks", "couple-profile")["task"]
    folder = user_folders().tasks
    folder.mkdir(parents=True)
    (folder / "MINE [b].JSON").write_text(json.dumps({**spec, "id": "mine"}), encoding="utf-8")
    assert "MINE [b].JSON is disabled" in run("plugins", "disable", "MINE [b].JSON")
    plugins = {p["name"]: p for p in run_json("plugins", "list")["plugins"]}
    assert plugins["MINE [b].JSON"]["state"] == "disabled"


def test_a_task_with_role_names_says_how_to_write_them(run: Run) -> None:
    assert "<Mara>" in run("tasks", "film-storyboard").split("For example")[0].split("caption")[1]
    assert "role names" not in run("tasks", "couple-profile")
