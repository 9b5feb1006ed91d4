"""``make`` and ``verify`` through the front door, on real workers with the fake engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_studio.cli.main import main
from icl_studio.cli.making import tell_outcome
from icl_studio.errors import WorkerDied
from icl_studio.generate.planning import Place, plan
from icl_studio.generate.running import run
from icl_studio.generate.stored import read_request
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.sets.record import read_record
from icl_studio.settings import Settings

Studio = Callable[..., Path]
WORDS = ["--summary", "A fox travels", "--panel", "on a beach", "--panel", "in a wood"]
STORYBOARD = ["make", "film-storyboard", *WORDS, "--panel", "at home", "--seed", "7"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Ausgabe mit Größe 🎬"


def make_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = main([*arguments, "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0, told
    return told


def pixels(path: str | Path) -> bytes:
    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()


def test_json_names_every_file_and_box(
    fake_studio: Studio, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = make_json(capsys, *STORYBOARD, "--model", str(fake_studio()), "--out", str(out))
    assert list(told) == ["sets"]
    (made,) = told["sets"]
    assert list(made) == ["folder", "sheet", "seed", "panels"]
    assert made["seed"] == 7
    assert Path(made["folder"]).parent == out
    assert [panel["name"] for panel in made["panels"]] == ["SCENE-1", "SCENE-2", "SCENE-3"]
    with Image.open(made["sheet"]) as sheet:
        for panel in made["panels"]:
            assert list(panel) == ["name", "path", "box"]
            assert Path(panel["path"]).is_absolute()
            with Image.open(panel["path"]) as crop:
                assert crop.tobytes() == sheet.crop(panel["box"]).tobytes()


def test_count_makes_the_next_seeds_and_prints_a_line_per_set(
    fake_studio: Studio, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fake_studio())
    assert main([*STORYBOARD, "--model", model, "--count", "3", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [read_record(Path(line)).request.seed for line in lines] == [7, 8, 9]
    assert main([*STORYBOARD, "--model", model, "--count", "2", "--batch", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [read_record(Path(line)).receipt.batch for line in lines] == [2, 2]


def test_a_set_made_again_from_its_png_is_the_same(
    fake_studio: Studio, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fake_studio())
    told = make_json(capsys, *STORYBOARD, "--model", model, "--out", str(out), "--name", "Nr. 1")
    first = told["sets"][0]
    for source in (first["panels"][1]["path"], f"{first['folder']}/set.json", first["folder"]):
        again = make_json(capsys, "make", "--request", source, "--out", str(out))["sets"][0]
        requests = [read_record(Path(made["folder"])).request for made in (first, again)]
        assert requests[0] == requests[1]
        assert pixels(first["sheet"]) == pixels(again["sheet"])
    other = make_json(capsys, "make", "--request", first["sheet"], "--seed", "8")["sets"][0]
    assert other["seed"] == 8
    assert pixels(first["sheet"]) != pixels(other["sheet"])


def test_a_dry_run_prints_a_request_that_can_be_made(
    fake_studio: Studio, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fake_studio())
    assert main([*STORYBOARD, "--model", model, "--dry-run", "--json", "--out", str(out)]) == 0
    file = tmp_path / "request.json"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert not out.exists()
    assert main(["make", "--request", str(file), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "film-storyboard" in told
    assert "auto (fake, or a compiled engine that was timed faster here)" in told
    made = make_json(capsys, "make", "--request", str(file), "--out", str(out))["sets"]
    asked = json.loads(file.read_text(encoding="utf-8"))
    assert read_record(Path(made[0]["folder"])).request.model_dump(mode="json") == asked


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["make"], "Which task?"),
        (["make", "film-storyboard"], "nothing to draw"),
        (["make", "film-storyboard", "--example", "--summary", "x"], "its own texts"),
        (["make", "film-storyboard", "--request", "x.json"], "its own task"),
        ([*STORYBOARD, "--lora", "a", "--no-lora"], "exclude each other"),
        ([*STORYBOARD, "--count", "0"], "--count"),
        ([*STORYBOARD, "--seed", "4294967295", "--count", "2"], "smaller seed"),
        (["make", "--request", "nowhere.json"], "no file"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trouble", "code", "says"),
    [("user-error", 2, "refuses to denoise"), ("error", 1, "broke in denoise")],
)
def test_a_failure_in_the_worker_keeps_its_kind(
    fake_studio: Studio, capsys: pytest.CaptureFixture[str], trouble: str, code: int, says: str
) -> None:
    model = str(fake_studio(trouble=trouble))
    assert main([*STORYBOARD, "--model", model]) == code
    told = capsys.readouterr()
    assert says in told.err and told.out == ""
    assert main([*STORYBOARD, "--model", model, "--json"]) == code
    assert says in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_dead_worker_is_our_error_with_its_last_words(
    fake_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fake_studio(trouble="crash", chatter=True))
    assert main([*STORYBOARD, "--model", model]) == 1
    told = capsys.readouterr().err
    assert "exit code 70" in told and "print from encode" in told


def test_words_that_the_model_does_not_know_are_said(
    fake_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fake_studio()
    own = json.loads((model / "icl_studio.json").read_text(encoding="utf-8"))
    own["vocabulary"] = ["a", "fox", "on", "in", "at", "home"]
    (model / "icl_studio.json").write_text(json.dumps(own), encoding="utf-8")
    assert main([*STORYBOARD, "--model", str(model), "--dry-run"]) == 0
    assert "does not know 'travels', 'beach', 'wood'" in capsys.readouterr().err


def test_sets_made_before_the_worker_died_are_told_all_the_same(
    fake_studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(fake_studio())
    good, bad = make_json(capsys, *STORYBOARD, "--model", model)["sets"][0], "wolf"
    fake_studio(trouble="crash", at="denoise", caption=bad)
    registry, folders = load_registry(user_folders(), Settings()), user_folders()
    first = read_request(Path(good["folder"]))
    last = first.model_copy(update={"caption": f"{first.caption} {bad}"})
    jobs = plan([first, last], registry, folders, Place(out=folders.sets))
    outcome = run(jobs, folders)
    assert [job.id for job, _ in outcome.made] == [jobs[0].id]
    assert outcome.cancelled == outcome.failed == ()
    assert isinstance(outcome.error, WorkerDied)
    assert tell_outcome(outcome, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["sets"]) == 1 and told["error"]["type"] == "WorkerDied"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(
    ("phase", "presses", "kept"), [("denoise", 1, 1), ("denoise", 2, 1), ("load", 1, 0)]
)
def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_half_done(
    fake_studio: Studio, out: Path, phase: str, presses: int, kept: int
) -> None:
    slow: dict[str, Any] = {"seconds": {"load": 60.0}}
    if phase == "denoise":
        slow = {"seconds": {"denoise": 0.03 if presses == 1 else 0.5}}
    command = [*STORYBOARD, "--model", str(fake_studio(**slow)), "--engine", "fake"]
    command += ["--count", "50", "--steps", "3", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "icl_studio", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    if kept:
        assert process.stdout.readline()
    else:
        time.sleep(5)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    lines, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    if kept:
        count = 1 + len(lines.splitlines())
        assert f"{count} finished set{'s are' if count > 1 else ' is'} kept" in told
        names = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
        assert len(names) == count
        assert all((out / name / "set.json").is_file() for name in names)
    else:
        assert "nothing is left half done" in told
        assert not out.exists()


def test_verify_says_identical_equivalent_or_what_changed(
    fake_studio: Studio, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = fake_studio()
    told = make_json(capsys, *STORYBOARD, "--model", str(model), "--out", str(out))
    folder = Path(told["sets"][0]["folder"])
    before = sorted(path.name for path in out.rglob("*"))
    assert main(["verify", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == "identical"
    fake_studio(seconds={"decode": 0.01})  # another "weight file", the same pixels
    assert main(["verify", str(folder), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["verdict"] == "identical"
    assert any("fake-engine.json" in what for what in verdict["inputs"])
    record = json.loads((folder / "set.json").read_text(encoding="utf-8"))
    record["request"]["seed"] = 8
    (folder / "set.json").write_text(json.dumps(record), encoding="utf-8")
    assert main(["verify", str(folder)]) == 3
    assert "changed" in capsys.readouterr().out
    assert sorted(path.name for path in out.rglob("*")) == before


def test_verify_needs_a_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "nothing"]) == 2
    assert "no set" in capsys.readouterr().err
