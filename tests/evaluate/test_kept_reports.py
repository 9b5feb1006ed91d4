"""Reports that are kept: which are of an adapter, and which of its base fits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from icl_studio.engines.metrics import Draft, Score
from icl_studio.evaluate.judging import DrawnSet
from icl_studio.evaluate.kept import keep_report, kept_reports, reports_root, scores_of
from icl_studio.evaluate.report import Figure, JudgedSet, Report, overall
from icl_studio.paths import UserFolders, user_folders


@pytest.fixture
def folders(home: Path) -> UserFolders:
    return user_folders()


def report(adapter: Path | str | None = None, **facts: Any) -> Report:
    figure = Figure(value=0.5, low=0.4, high=0.6, n=9, sets=3, metric="fake")
    known = {"task": "t", "n": 3, "asked": 3, "seed": 0, "model": "m", "engine": "e", "steps": 4}
    known |= {"requests": "r", "metrics": {}, "seconds": {}, "folder": "."}
    known |= {group: {} for group in ("adherence", "consistency", "diversity", "whole")}
    known |= {"overall": {"adherence": figure}, "adapters": (f"{adapter}:1",) if adapter else ()}
    return Report.model_validate(known | facts)


def aged(file: Path, seconds: int) -> None:
    """As if ``file`` had been written that long ago."""
    stamp = file.stat().st_mtime - seconds
    os.utime(file, (stamp, stamp))


def test_an_adapter_stands_beside_a_base_that_was_asked_the_same(
    folders: UserFolders, tmp_path: Path
) -> None:
    adapter = tmp_path / "läuft 🙂.safetensors"
    adapter.write_bytes(b"weights")
    assert scores_of(adapter, folders) is None
    aged(keep_report(report(adapter), folders), 60)
    alone = scores_of(adapter, folders)
    assert alone is not None and alone.base is None
    for other in ({"seed": 1}, {"steps": 20}, {"task": "u"}, {"model": "n"}, {"requests": "s"}):
        keep_report(report(**other), folders)
    assert scores_of(adapter, folders) == alone, "another question is no comparison"
    keep_report(report(), folders)
    pair = scores_of(adapter, folders)
    assert pair is not None and pair.base == report()
    keep_report(report(adapter, seed=7), folders)  # newer, but with nothing to compare it with
    assert scores_of(adapter, folders) == pair
    assert scores_of(tmp_path / "another.safetensors", folders) is None


def test_a_registered_copy_is_the_same_adapter_and_a_stack_is_not(
    folders: UserFolders, tmp_path: Path
) -> None:
    adapter, other = tmp_path / "a.safetensors", folders.adapters / "b.safetensors"
    adapter.write_bytes(b"weights")
    folders.adapters.mkdir(parents=True)
    other.write_bytes(b"weights")
    keep_report(report("b.safetensors"), folders)
    assert scores_of(adapter, folders) is not None
    other.write_bytes(b"another")
    assert scores_of(adapter, folders) is None
    keep_report(report(adapter, adapters=(f"{adapter}:1", "c:1")), folders)
    assert scores_of(adapter, folders) is None


def test_the_same_question_is_kept_once_and_damaged_reports_are_passed_over(
    folders: UserFolders,
) -> None:
    first = keep_report(report(), folders)
    assert keep_report(report(seconds={"making": 3.0}), folders) == first
    for name, text in (("torn", '{"task": "t"'), ("other", "[]"), ("bytes", "\xff")):
        place = reports_root(folders) / name / "report.json"
        place.parent.mkdir()
        place.write_text(text, encoding="latin-1")
    part = json.loads(report(seed=3).model_dump_json()) | {"n": 2, "stopped": True}
    place.write_text(json.dumps(part), encoding="utf-8")
    (kept,) = kept_reports(folders)
    assert kept.seconds == {"making": 3.0}


def score(about: Any, value: float, share: bool = True, name: str = "x") -> Score:
    return Score(about=about, name=name, value=value, share=share)


def test_overall_counts_every_score_of_a_group_and_mixes_no_scales(tmp_path: Path) -> None:
    drawn = DrawnSet(task="t", sheet=tmp_path, panels=(), draft=Draft(summary="", panels=("a",)))
    scores = (
        score("adherence", 1.0), score("adherence", 0.0, name="y"), score("adherence", 1.0),
        score("consistency", 0.7, share=False),
        score("diversity", 1.0), score("diversity", 0.2, share=False, name="picture"),
        score("whole", 1.0),
    )  # fmt: skip
    judged = [JudgedSet(folder=tmp_path, seed=n, drawn=drawn, scores={"m": scores}) for n in (0, 1)]
    found = overall(judged, 0)
    assert list(found) == ["adherence", "consistency", "diversity"]
    assert found["adherence"].value == pytest.approx(2 / 3, abs=1e-4)
    assert found["consistency"].value == pytest.approx(0.7)
    assert (found["diversity"].value, found["diversity"].n) == (1.0, 2), "shares only"
    mixed = (score("adherence", 0.3, False), score("adherence", 0.9, False, "y"))
    one = JudgedSet(folder=tmp_path, seed=0, drawn=drawn, scores={"m": mixed})
    assert overall([one], 0) == {}
