"""Drawn data sets: the released format, nothing held out, ready for `dataset check` and `train`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from icl_studio.api import TaskSpec
from icl_studio.cli.main import main
from icl_tasks.plugin import TASKS
from icl_tiny import datasets
from icl_tiny.world import LAYOUTS, is_held_out


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_sets_of_every_task_have_its_form_and_nothing_held_out(task: TaskSpec) -> None:
    sets = list(datasets.drawn_sets(task.id, 12))
    assert len({collage.panels for collage, _, _ in sets}) == 12
    for collage, sheet, caption in sets:
        assert sheet.size == LAYOUTS[task.id].canvas
        assert len(task.caption.parse(caption).panels) == LAYOUTS[task.id].count
        assert task.caption.render(task.caption.parse(caption)) == caption
        assert not any(is_held_out(panel) for panel in collage.panels)


def test_data_sets_of_one_seed_are_nested_and_of_another_are_others() -> None:
    def captions(n: int, seed: int = 0) -> list[str]:
        return [caption for _, _, caption in datasets.drawn_sets("font-design", n, seed)]

    assert captions(3) == captions(6)[:3]
    assert not set(captions(6)) & set(captions(6, seed=1))


@pytest.mark.parametrize("task", ["sandstorm-visual-effect", "film-storyboard"])
def test_the_house_trains_on_them_without_a_complaint(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mit ümlaut"
    assert datasets.main([task, "--n", "4", "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir())[:2] == ["0001.png", "0001.txt"]
    with Image.open(out / "0004.png") as sheet:
        assert sheet.size == LAYOUTS[task].canvas
    capsys.readouterr()
    words = ["dataset", "check", str(out), "--task", task, "--model", "tiny", "--json"]
    assert main([*words, "--batch", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    problems = [p for item in told["items"] for p in item["problems"]]
    assert not [p for p in problems if p["level"] == "error"], problems
    assert len(told["items"]) == 4


def test_what_stands_is_not_touched_and_what_is_asked_wrongly_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert datasets.main(["font-design", "--n", "2", "--out", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == ["mine.txt"]
    for words in (["font-design", "--n", "0"], ["comic-strip", "--n", "3"]):
        with pytest.raises(SystemExit):
            datasets.main([*words, "--out", str(tmp_path / "x")])
