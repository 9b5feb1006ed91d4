"""A run through the front door and the embedded model: trained, resumed, recorded, registered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from training_samples import sheet

from icl_studio.cli.main import main
from icl_studio.training.record import read_run

TASK = "couple-profile"
CAPTION = "a tall blue creature in two pictures; [LEFT] standing on the beach; [RIGHT] jumping"
SMALL = {
    "rank": 1,
    "alpha": 1,
    "steps": 3,
    "batch": 2,
    "samples": 1,
    "sample_every": 3,
    "checkpoint_every": 1,
    "warmup": 0,
    "dropout": 0,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "daten ü"
    folder.mkdir()
    for number in range(3):
        sheet(number, (192, 96)).save(folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(CAPTION, encoding="utf-8")
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(SMALL), encoding="utf-8")
    return file


def run(capsys: Any, *arguments: object) -> tuple[int, dict[str, Any]]:
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_from_a_folder_to_a_task_that_uses_the_adapter(data, recipe, tmp_path, home, capsys):
    folder = tmp_path / "lauf"
    code, done = run(
        capsys, "train", TASK, data, "--recipe", recipe, "--out", folder, "--device", "cpu"
    )
    assert code == 0 and done["state"] == "done" and done["step"] == 3
    page = (folder / "record.html").read_text(encoding="utf-8")
    assert "<svg" in page and "data:image/jpeg" in page and "http" not in page
    code, listed = run(capsys, "train", "status", folder)
    assert (listed["runs"][0]["state"], listed["runs"][0]["step"]) == ("done", 3)
    code, told = run(capsys, "lora", "info", done["result"])
    assert told["family"] == "tiny" and told["ranks"] == {"1": told["modules"]}
    assert told["own"]["base"]["sha256"] and told["own"]["task"] == TASK
    code, kept = run(capsys, "lora", "register", done["result"], "--task", TASK)
    assert code == 0 and kept["task"] == f"{TASK}-tuned"
    code, task = run(capsys, "tasks", kept["task"])
    assert {"family": "tiny", "source": f"{TASK}.safetensors", "weight": 1.0} in task["task"][
        "adapters"
    ]
    assert (home / "adapters" / f"{TASK}.safetensors").is_file()
    code, refused = run(capsys, "train", "--resume", folder)
    assert code == 2 and "finished" in refused["error"]["message"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills a process group")
def test_killed_in_the_middle_it_is_told_and_resumed(data, recipe, tmp_path, home, capsys):
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    recipe.write_text(json.dumps({**SMALL, "steps": 12, "sample_every": 0}), encoding="utf-8")
    words = [sys.executable, "-m", "icl_studio", "train", TASK, str(data), "--device", "cpu"]
    words += ["--recipe", str(recipe), "--out", str(folder), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 300
    while not list(folder.glob("checkpoints/step-*2")) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(600):  # the worker, an orphan now, stops between two steps
        if read_run(folder).state != "running":
            break
        time.sleep(0.1)
    record = read_run(folder)
    assert record.state in ("interrupted", "stopped") and record.step < 12
    code, done = run(capsys, "train", "--resume", folder)
    assert code == 0 and done["step"] == 12
    code, other = run(
        capsys, "train", TASK, data, "--recipe", recipe, "--out", whole, "--device", "cpu"
    )
    assert Path(done["result"]).read_bytes() == Path(other["result"]).read_bytes()


def test_what_cannot_begin_is_refused_and_leaves_nothing(data, tmp_path, home, capsys):
    folder = tmp_path / "lauf"
    for arguments, words in (
        (("train",), "Name a task"),
        (("train", "no-such-task", data, "--out", folder), "no task"),
        (("train", TASK, tmp_path / "nowhere", "--out", folder), "no data set"),
        (("train", TASK, data, "--preset", "25gb", "--out", folder), "no preset"),
        (("train", "film-storyboard", data, "--out", folder), "Nothing in the data set"),
        (("train", "--resume", tmp_path), "no training run"),
    ):
        code, told = run(capsys, *arguments)
        assert code == 2 and words in told["error"]["message"], told
        assert not folder.exists()


def test_explain_and_status_need_no_data(home, capsys):
    code, told = run(capsys, "train", "--explain", "--model", "flux.1-dev")
    assert code == 0 and told["recipe"]["rank"] == 16 and told["recipe"]["steps"] == 5000
    code, told = run(capsys, "train", "--explain")
    assert told["recipe"]["steps"] == 400  # the embedded model's own preset
    assert run(capsys, "train", "status") == (0, {"runs": []})


def test_dataset_commands(data, tmp_path, home, capsys):
    code, told = run(capsys, "dataset", "check", data, "--task", TASK, "--model", "tiny")
    assert code == 0 and told["usable"] == 3
    assert told["items"][0].keys() >= {"name", "size", "problems"}
    assert told["buckets"][0]["size"] == [192, 96] and told["buckets"][0]["count"] == 3
    (data / "bad.png").write_bytes(b"")
    code, told = run(capsys, "dataset", "check", data, "--task", TASK, "--model", "tiny")
    assert code == 1 and told["usable"] == 3
    page = tmp_path / "blatt.png"
    code, told = run(capsys, "dataset", "sheet", data, "--task", TASK, "--out", page)
    assert code == 0 and page.is_file() and told["items"] == 4
    code, told = run(capsys, "dataset", "sheet", data, "--task", TASK, "--out", page)
    assert code == 2
    made = tmp_path / "fertig"
    code, told = run(
        capsys, "dataset", "import", data, "--task", TASK, "--model", "tiny", "--out", made
    )
    assert code == 0 and sorted(p.name for p in made.glob("*.txt"))[0] == "0001.txt"
    code, told = run(capsys, "dataset", "check", data)
    assert code == 2 and "--task" in told["error"]["fix"]
