"""Slips that users make in paths and texts: told in words, exit code 2, never a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.cli.failures import error_json
from icl_studio.cli.main import main
from icl_studio.doctor.gpu import TorchBuild, TorchProbe, judge
from icl_studio.doctor.home import check_settings
from icl_studio.domain.events import Notice, Progress
from icl_studio.errors import NotFound, WorkerDied
from icl_studio.paths import SAFE_MODE_VARIABLE, expanded, switched_on, user_folders
from icl_studio.sets import files
from icl_studio.settings import Settings, sets_root

WORDS = ["make", "film-storyboard", "--summary", "a", *["--panel", "b"] * 3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["make", "--request", '{"task": "' + "x" * 5000 + '"}'], "JSON was given where"),
        (["make", "--request", '{"task": "x"}'], "JSON was given where"),
        (["make", "--request", "a\0b"], "null byte"),
        (["make", "--request", "~nobody-of-that-name/x.json"], "no file"),
        ([*WORDS, "--model", "~nobody-of-that-name/x"], "no model folder"),
        ([*WORDS, "--name", "a\udcff"], "not valid text"),
        ([*WORDS, "--out", "a\udcff"], "not valid text"),
        (["make", "film-storyboard", "--summary", "a\ud800", "--panel", "b"], "not valid text"),
        (["crop", ".", "--task", "film-storyboard"], ""),
        (["sets", "list", "--from", "no-such-folder"], "no folder no-such-folder"),
    ],
)
def test_a_slip_is_the_users_to_mend(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told


def test_every_error_in_json_has_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    errors = (NotFound("x"), WorkerDied("x"), KeyboardInterrupt(), OSError(28, "full", "/x"))
    for error in errors:
        assert list(error_json(error)) == ["type", "message", "problems", "fix"]
    assert main(["tasks", "--colour", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert list(told["error"]) == ["type", "message", "problems", "fix"]


def test_a_tilde_and_a_relative_folder_of_sets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    folders = user_folders()
    assert sets_root(Settings(), folders) == folders.sets
    assert sets_root(Settings(sets_folder=Path("~/bilder")), folders) == home / "bilder"
    assert sets_root(Settings(sets_folder=Path("bilder")), folders) == folders.config / "bilder"
    assert expanded("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")
    assert user_folders(Path("~/anders")).config == home / "anders"


@pytest.mark.parametrize(("value", "on"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_safe_mode_can_be_switched_off_by_name(
    value: str, on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SAFE_MODE_VARIABLE, value)
    assert switched_on(SAFE_MODE_VARIABLE) is on


def test_plugins_are_switched_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    for verb, enabled in (("disable", False), ("disable", False), ("enable", True)):
        assert main(["plugins", verb, "icl-tiny", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"plugin": "icl-tiny", "enabled": enabled}


def test_models_in_json_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["models", "--json", "list"], ["models", "list", "--json"]):
        assert main(arguments) == 0
        assert "models" in json.loads(capsys.readouterr().out)


def test_the_doctor_names_every_wrong_setting_and_a_silent_torch(home: Path) -> None:
    home.mkdir()
    (home / "settings.json").write_text('{"model": 3}', encoding="utf-8")
    _, check = check_settings(user_folders())
    assert check.state == "fail" and "model" in check.what
    silent = TorchProbe(error="torch did not answer within 120 seconds")
    (check,) = judge(TorchBuild("2.13.0"), None, silent)
    assert check.state == "warn" and "did not answer" in check.what


def test_a_disk_that_is_not_there_and_one_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    with pytest.raises(FileNotFoundError, match="not there"):
        files.nearest(tmp_path)
    monkeypatch.undo()
    files.probe(tmp_path)
    assert list(tmp_path.glob("*.partial")) == []


def test_the_bar_says_a_notice_once_and_a_download_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from icl_studio.cli import making

    clock = iter((100.0, 110.0))
    with making.Bar(enabled=False, lines=False) as bar:
        for job in "abcd":
            bar.on_event(Notice(job=job, message="A batch of 4 did not fit."))
        bar.on_event(Progress(job="a", phase="load", step=3, total=9))
        monkeypatch.setattr(making.time, "monotonic", lambda: next(clock))
        bar.downloading(0, 4 * 10**9)
        bar.downloading(10**9, 4 * 10**9)
        monkeypatch.undo()
        assert bar._progress.tasks[0].fields["left"] == "1.0 of 4.0 GB, 0:30 left"
    assert capsys.readouterr().err.count("did not fit") == 1


def test_ctrl_c_is_said_between_two_events_and_not_by_the_handler() -> None:
    from icl_studio.generate.running import Stopping

    class Client:
        cancelled = 0

        def cancel(self) -> None:
            self.cancelled += 1

    said: list[str] = []
    client = Client()
    say: Callable[[], None] = lambda: said.append("stopping")  # noqa: E731
    stop = Stopping(client, say)  # type: ignore[arg-type]
    stop.working = True
    stop._interrupted()
    assert (client.cancelled, said) == (1, [])
    stop.tell()
    stop.tell()
    assert said == ["stopping"]
