"""``evaluate`` through the front door: a real worker with the fake engine, the fake metric."""

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

from icl_studio.cli.main import main
from icl_studio.sets.record import read_record

Studio = Callable[..., Path]
PLUGIN = """
from icl_studio.api import hookimpl
from icl_studio.testing import FAKE_METRIC

ICL_STUDIO_API = 1
FREE = FAKE_METRIC.model_copy(update={"id": "free", "family": "", "requests": None})


@hookimpl
def icl_studio_metrics():
    return [
        FAKE_METRIC,
        FREE,
        FREE.model_copy(update={"id": "absent", "requires": ("no_such_module",)}),
        FREE.model_copy(update={"id": "broken", "factory": "no_such_module:x"}),
    ]
"""
FIGURE = ["value", "low", "high", "chance", "n", "sets", "metric"]


@pytest.fixture
def studio(fake_studio: Studio, tmp_path: Path) -> Studio:
    """The fake studio with the fake metric as one more plugin."""
    info = tmp_path / "plugins" / "icl_studio_fake_metric-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: icl-studio-fake-metric\nVersion: 1\n", encoding="utf-8")
    entry = "[icl_studio]\nfake-metric = icl_studio_fake_metric\n"
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    (info.parent / "icl_studio_fake_metric.py").write_text(PLUGIN, encoding="utf-8")
    return fake_studio


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    got = main(["evaluate", *arguments, "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert got == code, told
    return told


def test_json_has_every_figure_with_interval_and_chance(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    told = evaluate(capsys, "--model", str(studio()), "--n", "6", "--seed", "3", "--steps", "2")
    assert (told["task"], told["n"], told["seed"]) == ("film-storyboard", 6, 3)
    scene = told["adherence"]["scene"]
    assert list(scene) == FIGURE
    # Two of six sets have one wrong panel of three.
    assert scene["value"] == pytest.approx(16 / 18, abs=1e-4)
    assert scene["low"] < scene["value"] < scene["high"]
    assert (scene["chance"], scene["n"], scene["sets"]) == (0.25, 18, 6)
    assert told["consistency"]["fox"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert told["diversity"]["brightness"]["chance"] is None
    assert told["metrics"]["fake"]["judged"] == 6
    assert [one["goodness"] for one in told["sets"]] == sorted(
        one["goodness"] for one in told["sets"]
    )
    assert not told["stopped"] and told["failed"] == []


def test_the_same_seed_gives_the_same_figures_and_draws_nothing_twice(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", str(studio()), "--n", "3", "--out", str(tmp_path / "Größe 🎬")]
    first = evaluate(capsys, *arguments)
    folders = [Path(one["folder"]) for one in first["sets"]]
    made = [read_record(folder).created for folder in folders]
    stamps = [(folder / "set.json").stat().st_mtime_ns for folder in folders]
    again = evaluate(capsys, *arguments)
    for timing in ("seconds",):
        first.pop(timing), again.pop(timing)
    assert first == again
    assert [read_record(folder).created for folder in folders] == made
    assert [(folder / "set.json").stat().st_mtime_ns for folder in folders] == stamps
    # Other weights are other sets, though the request is the same.
    studio(seconds={"decode": 0.001})
    other = evaluate(capsys, *arguments)
    assert not {one["folder"] for one in other["sets"]} & {str(folder) for folder in folders}


def test_the_page_is_one_file_with_the_worst_set_first_and_all_text_escaped(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "Bericht ü" / "page.html"
    told = evaluate(capsys, "--model", str(studio()), "--n", "3", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    worst = Path(told["sets"][0]["folder"]).name
    assert text.index(worst) < text.index(Path(told["sets"][-1]["folder"]).name)
    assert text.count("data:image/png;base64,") == 3
    assert "&lt;beach&gt;" in text and "wood &amp; home" in text and "<beach>" not in text
    assert "http" not in text and "<script" not in text
    assert "icl-studio" in text and "95 % interval" in text


def test_people_get_a_table(studio: Studio, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", str(studio()), "--n", "2"]) == 0
    told = capsys.readouterr()
    assert "scene" in told.out and "95 % interval" in told.out and "fake, judged: 2" in told.out
    assert "evaluations" in told.err


def test_requests_may_come_from_a_file_and_from_examples(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(studio())
    file = tmp_path / "requests.json"
    asked = [{"summary": "A fox", "panels": ["a", "b", "c"]}]
    file.write_text(json.dumps(asked), encoding="utf-8")
    common = ["--model", model, "--metric", "free", "--requests", str(file)]
    assert evaluate(capsys, *common)["n"] == 1
    told = evaluate(capsys, *common, "--n", "3")
    seeds = [read_record(Path(one["folder"])).request.seed for one in told["sets"]]
    assert sorted(seeds) == [0, 1, 2]
    assert str(file) in told["requests"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not valid JSON"),
        ("[]", "list is empty"),
        ("{}", "no requests that can be used"),
        ('[{"summary": "x"}]', "panels"),
        ('[{"summary": "x", "panels": ["a"]}]', "exactly 3 panel texts"),
        ('[{"summary": "x", "panels": ["a", "b", "c"], "seed": 1}]', "not a known key"),
    ],
)
def test_a_file_of_requests_that_cannot_be_used_is_refused_by_entry(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    file = tmp_path / "requests.json"
    file.write_text(text, encoding="utf-8")
    arguments = ["evaluate", "--model", str(studio()), "--metric", "free", "--requests", str(file)]
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--n", "0"], "--n"),
        (["--n", "2001"], "--n"),
        (["--seed", "-1"], "--seed"),
        (["--task", "film-storybord"], "Did you mean film-storyboard"),
        (["--task", "font-design"], "no requests for 'font-design'"),
        (["--metric", "fakk"], "Did you mean fake"),
        (["--metric", "absent"], "no_such_module, which is not installed"),
        (["--metric", "broken", "--n", "1"], "cannot be loaded from no_such_module:x"),
        (["--requests", "nowhere.json"], "cannot be read"),
        (["--weights", "clip=."], "not asked for"),
        (["--weights", "nowhere"], "no folder"),
        (["--lora", "a", "--no-lora"], "exclude each other"),
        (["--lora", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--engine", "torhc"], "torch"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    studio: Studio, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["evaluate", "--model", str(studio()), *arguments]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_page_that_cannot_be_written_is_refused_before_anything_is_drawn(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (tmp_path / "file").write_text("x", encoding="utf-8")
    common = ["evaluate", "--model", str(studio()), "--n", "1", "--out", str(out)]
    for page in (tmp_path, tmp_path / "file" / "page.html"):
        assert main([*common, "--html", str(page)]) == 2
        assert str(tmp_path) in capsys.readouterr().err.replace("\n", "")
    assert not list(out.glob("*/set.json"))


def test_a_model_whose_path_looks_like_markup_is_named_as_it_is(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "[red] models[" / "b]"
    folder.parent.mkdir()
    studio().rename(folder)
    assert main(["evaluate", "--model", str(folder), "--n", "1"]) == 0
    assert str(folder) in capsys.readouterr().out


def test_a_metric_of_its_own_requests_cannot_judge_others(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "requests.json"
    file.write_text('[{"summary": "A fox", "panels": ["a", "b", "c"]}]', encoding="utf-8")
    arguments = ["evaluate", "--model", str(studio()), "--requests", str(file)]
    assert main([*arguments, "--metric", "fake"]) == 2
    assert "its own requests only" in capsys.readouterr().err
    assert main(arguments) == 2
    assert "--metric free" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trouble", "code", "says"),
    [
        ("user-error", 2, "refuses"),
        ("error", 1, "broke"),
        ("crash", 1, "exit code 70"),
        ("quit", 1, "before 'fake'"),
    ],
)
def test_a_metric_that_fails_is_told_and_the_sets_stay(
    studio: Studio,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    trouble: str,
    code: int,
    says: str,
) -> None:
    model, out = studio(), tmp_path / "out"
    (model / "metric-trouble.txt").write_text(trouble, encoding="utf-8")
    arguments = ["--model", str(model), "--n", "2", "--out", str(out)]
    told = evaluate(capsys, *arguments, code=code)
    assert says in told["error"]["message"]
    assert len([path for path in out.iterdir() if (path / "set.json").is_file()]) == 2


def test_sets_that_fail_are_left_out_and_said(
    studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(studio(trouble="user-error", caption="Fox 1 travels"))
    told = evaluate(capsys, "--model", model, "--n", "3", code=1)
    assert (told["n"], told["asked"]) == (2, 3)
    assert any("refuses to denoise" in message for message in told["failed"])


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("phase", ["making", "judging"])
def test_ctrl_c_sums_up_what_is_finished(studio: Studio, tmp_path: Path, phase: str) -> None:
    model = studio(seconds={"denoise": 0.05} if phase == "making" else {})
    if phase == "judging":
        (model / "metric-trouble.txt").write_text("hang", encoding="utf-8")
    out = tmp_path / "out"
    command = ["--model", str(model), "--engine", "fake", "--steps", "3", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "icl_studio", "evaluate", *command, "--n", "40", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    begun = "0003-*/set.json" if phase == "making" else "../*/metric-hangs.txt"
    try:
        while not list(out.glob(begun)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        text, told = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, told
    report = json.loads(text)
    assert report["stopped"] and 0 < report["n"] < 40
    assert report["adherence"]["scene"]["sets"] == report["n"]
