"""A task hangs together or is refused; JSON carries it whole."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from icl_studio.domain.layout import QUAD
from icl_studio.domain.task import TaskSpec
from icl_tasks.plugin import TASKS

PAIR = {
    "id": "before-after",
    "title": "Before and after",
    "layout": {"rows": 1, "cols": 2, "panel": [512, 512], "names": ["LEFT", "RIGHT"]},
    "caption": {"openings": ["[LEFT]", "[RIGHT]"], "summary_joint": ";"},
}


def changed(**changes: object) -> str:
    return json.dumps({**PAIR, **changes})


def test_a_task_is_written_by_hand_in_a_few_lines_of_json():
    task = TaskSpec.model_validate_json(json.dumps(PAIR))
    assert task.layout.canvas == (1024, 512)
    assert (task.sampling.steps, task.sampling.guidance) == (20, 3.5)
    assert task.adapters == task.examples == ()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_json_carries_a_task_whole(task: TaskSpec):
    assert TaskSpec.model_validate_json(task.model_dump_json()) == task


ADAPTER = {"family": "flux.1", "source": "a.safetensors"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"caption": {"openings": ["[LEFT]"]}}, "2 panels, the caption 1 parts"),
        ({"layout": {"rows": 1, "cols": 2, "panel": [500, 512]}}, "not a multiple of 64"),
        ({"layout": {"rows": 1, "cols": 2, "panel": [32768, 65024]}}, "longer than"),
        ({"examples": [{"summary": "S", "panels": ["one"]}]}, "example 1 does not fit"),
        ({"examples": [{"summary": "", "panels": ["a", "b"]}]}, "is empty"),
        ({"adapters": [ADAPTER, ADAPTER]}, "two adapters are given for one model family"),
        ({"id": "Before After"}, "pattern"),
        ({"title": ""}, "at least 1"),
        ({"sampling": {"steps": 0}}, "greater than or equal to 1"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_does_not_hang_together_is_refused_with_the_reason(changes: dict, said: str):
    with pytest.raises(ValidationError, match=said):
        TaskSpec.model_validate_json(changed(**changes))


def test_an_adapter_is_given_to_its_own_family_only():
    task = TaskSpec.model_validate_json(changed(adapters=[ADAPTER]))
    assert task.adapter_for("flux.1").source == "a.safetensors"
    assert task.adapter_for("tiny") is None


def test_an_example_for_the_family_goes_before_one_for_any():
    examples = [
        {"summary": "for any", "panels": ["a", "b"]},
        {"summary": "for tiny", "panels": ["a", "b"], "family": "tiny"},
    ]
    task = TaskSpec.model_validate_json(changed(examples=examples))
    assert task.example_for("tiny").summary == "for tiny"
    assert task.example_for("flux.1").summary == "for any"
    only_tiny = TaskSpec.model_validate_json(changed(examples=examples[1:]))
    assert only_tiny.example_for("flux.1") is None


def test_the_quad_runs_row_by_row():
    assert QUAD == ("TOP-LEFT", "TOP-RIGHT", "BOTTOM-LEFT", "BOTTOM-RIGHT")
