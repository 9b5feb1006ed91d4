"""``icl-studio queue`` through the front door, on real workers with the fake engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from icl_studio.cli.main import main
from icl_studio.cli.queue_show import StateChoice
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database
from icl_studio.queue.states import State
from icl_studio.queue.turns import Worker
from icl_studio.sets.library import Library

Studio = Callable[..., Path]
HEAD = "task,summary,panel1,panel2,panel3,seed,count,steps\n"
ROW = "film-storyboard,A fox,on a beach,in a wood,at home,7,2,2\n"


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    file = tmp_path / "Nacht ü.csv"
    file.write_text(HEAD + ROW, encoding="utf-8")
    return file


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command with --json; its exit code and what it said."""

    def run(*arguments: str | Path, code: int = 0) -> Any:
        assert main([*map(str, arguments), "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return run


def test_a_list_becomes_jobs_becomes_sets(
    fake_studio: Studio, shots: Path, told: Callable[..., Any], tmp_path: Path
) -> None:
    model, out = fake_studio(), tmp_path / "Sätze"
    added = told("queue", "add", shots, "--model", model, "--out", out)
    assert (added["sets"], added["group"], added["problems"]) == (2, "Nacht ü", [])
    listed = told("queue", "list")
    assert [row["id"] for row in listed] == added["jobs"]
    assert all(list(row) == ["id", "state", "task", "attempts", "error", "sets"] for row in listed)
    assert {row["state"] for row in listed} == {"waiting"}
    assert told("queue", "preflight")["estimate"]["unknown"] == 2
    ran = told("queue", "run", "--batch", "auto", "--memory", "phases")
    assert ran["done"] == added["jobs"] and ran["failed"] == {}
    for row in told("queue", "list", "--state", "done"):
        (folder,) = row["sets"]
        assert Library(out).get(folder).record.id == row["id"]
        assert (row["attempts"], row["error"]) == (1, None)
    assert told("queue", "stats")["states"]["done"] == 2
    assert told("queue", "log", added["jobs"][0])[0]["outcome"] == "done"
    assert told("queue", "run")["done"] == []  # empty: nothing to do, exit code 0
    grid = told("queue", "grid", "Nacht ü", "--to", tmp_path / "grid.png")
    assert grid["sheets"] == 2 and Path(grid["file"]).is_file()


def test_a_bad_list_queues_nothing_and_tells_everything(
    fake_studio: Studio, shots: Path, told: Callable[..., Any]
) -> None:
    shots.write_text(HEAD + ROW + "film-storybord,x,a,b,c,1,1,1\n" + ROW.replace(",7,", ",x,"))
    model = fake_studio()
    error = told("queue", "add", shots, "--model", model, code=2)["error"]
    assert [p["where"] for p in error["problems"]] == ["row 3, column task", "row 4, column seed"]
    assert "--partial" in error["fix"]
    assert told("queue", "list") == []
    assert told("queue", "add", shots, "--model", model, "--partial", "--dry-run")["sets"] == 2
    assert told("queue", "list") == []
    assert len(told("queue", "add", shots, "--model", model, "--partial")["jobs"]) == 2


def test_a_failed_job_is_exit_code_one_and_can_be_tried_again(
    fake_studio: Studio, shots: Path, told: Callable[..., Any], tmp_path: Path
) -> None:
    model = fake_studio(trouble="out-of-memory")
    jobs = told("queue", "add", shots, "--model", model)["jobs"]
    assert list(told("queue", "run", code=1)["failed"]) == jobs
    rows = told("queue", "list", "--state", "failed")
    assert {row["error"]["type"] for row in rows} == {"OutOfMemory"}
    fake_studio()  # the model is mended
    assert told("queue", "retry", "--failed", "--steps", "3")["jobs"] == jobs
    assert told("queue", "run")["done"] == jobs
    assert told("queue", "show", jobs[0])["request"]["sampling"]["steps"] == 3


def test_jobs_are_paused_edited_moved_copied_cancelled_and_cleared(
    fake_studio: Studio, shots: Path, told: Callable[..., Any]
) -> None:
    one, two = told("queue", "add", shots, "--model", fake_studio())["jobs"]
    told("queue", "pause", one)
    told("queue", "edit", one, "--seed", "99", "--summary", "A cat", "--priority", "3")
    shown = told("queue", "show", one)
    assert (shown["state"], shown["priority"]) == ("paused", 3)
    assert shown["request"]["seed"] == 99 and "A cat" in shown["request"]["caption"]
    told("queue", "edit", one, "--priority", "0")
    refused = told("queue", "edit", "Nacht ü", "--seed", "1", code=2)["error"]
    assert "a group of 2 jobs" in refused["message"]
    told("queue", "move", two, "--before", one)
    assert [row["id"] for row in told("queue", "list")] == [two, one]
    (copy,) = told("queue", "duplicate", one, "--seed", "5")["jobs"]
    told("queue", "pause")
    assert told("queue", "stats")["paused"] is True
    assert told("queue", "resume")["jobs"] == [one]
    assert sorted(told("queue", "cancel", "--all")["jobs"]) == sorted((one, two, copy))
    assert told("queue", "clear")["cleared"] == 3
    assert told("queue", "show", one, code=2)["error"]["type"] == "NotFound"


def test_a_stored_request_can_be_queued_and_dependencies_are_kept(
    fake_studio: Studio, shots: Path, told: Callable[..., Any], tmp_path: Path
) -> None:
    model = fake_studio()
    words = ["--summary", "A fox", "--panel", "a", "--panel", "b", "--panel", "c"]
    request = told("make", "film-storyboard", *words, "--model", model, "--dry-run")
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request), encoding="utf-8")
    first = told("queue", "add", shots, "--model", model)["jobs"]
    (after,) = told("queue", "add", file, "--after", "Nacht ü")["jobs"]
    assert told("queue", "show", after)["needs"] == sorted(first)
    told("queue", "cancel", first[0])
    ran = told("queue", "run", code=1)  # what can be made is made, and the rest is said
    assert ran["done"] == [first[1]] and ran["left"]["waiting"] == 1


def test_a_folder_that_cannot_be_written_loses_no_job(
    fake_studio: Studio, shots: Path, told: Callable[..., Any], tmp_path: Path
) -> None:
    closed = tmp_path / "file"
    closed.write_text("in the way of a folder")
    jobs = told("queue", "add", shots, "--model", fake_studio(), "--out", closed / "sets")["jobs"]
    ran = told("queue", "run", code=2)
    assert ran["done"] == [] and ran["failed"] == {} and len(ran["closed"]) == 1
    assert [row["state"] for row in told("queue", "list")] == ["waiting"] * 2
    closed.unlink()
    assert told("queue", "run")["done"] == jobs


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "nothing.csv"], "There is no file"),
        (["add", "x.csv", "--sweep", "colour=red"], "no axis"),
        (["pause", "nobody"], "no job or group"),
        (["cancel"], "Which jobs?"),
        (["move", "x"], "Where to?"),
        (["template", "film-storybord"], "no task"),
        (["run", "--workers", "0"], "--workers"),
        (["run", "--batch", "many"], "--batch"),
        (["run", "--batch", "65"], "--batch"),
        (["run", "--memory", "none"], "--memory"),
        (["run", "--executor", "moon"], "executor"),
    ],
)
def test_what_makes_no_sense_is_the_users_to_mend(
    fake_studio: Studio, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["queue", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_people_get_tables(
    fake_studio: Studio, shots: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["queue", "list"])
    assert "No jobs" in capsys.readouterr().out
    main(["queue", "add", str(shots), "--model", str(fake_studio())])
    main(["queue", "preflight"])
    said = capsys.readouterr().out
    assert "2 sets from 1 rows queued as 'Nacht ü'" in said and "GB free" in said
    assert main(["queue", "run"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2 and "2 sets made" in said.err
    assert "2 jobs; " in said.err and "Warning" not in said.err
    for command in ("list", "stats"):
        assert main(["queue", command]) == 0
    assert "done" in capsys.readouterr().out


def test_the_choices_of_states_are_the_states() -> None:
    assert [choice.value for choice in StateChoice] == list(get_args(State))


@pytest.mark.parametrize(("choice", "state"), [("run", "done"), ("pause", "paused")])
def test_what_a_killed_run_had_under_way_is_run_or_paused(
    fake_studio: Studio, shots: Path, told: Callable[..., Any], home: Path, choice: str, state: str
) -> None:
    (one, two) = told("queue", "add", shots, "--model", fake_studio())["jobs"]
    with Database(home / "queue" / "queue.sqlite") as database:
        assert Claims(database).claim(Worker("killed"), size=1) is not None
    error = told("queue", "run", "--interrupted", "ask", code=2)["error"]
    assert "nobody to ask" in error["message"]
    assert two in told("queue", "run", "--interrupted", choice)["done"]
    assert told("queue", "show", one)["state"] == state
