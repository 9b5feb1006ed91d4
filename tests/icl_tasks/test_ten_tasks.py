"""The ten tasks are those that the authors of In-Context LoRA published (arXiv 2410.23775)."""

from __future__ import annotations

import re

import pytest

from icl_studio.api import CanvasRule, TaskSpec
from icl_tasks.plugin import TASKS
from icl_tiny.captions import known_words

QUAD = "[TOP-LEFT] [TOP-RIGHT] [BOTTOM-LEFT] [BOTTOM-RIGHT]"
PUBLISHED = {
    # id: canvas, panel, rows x cols, FLUX tokens, what the caption carries in brackets
    "couple-profile": ((2048, 1024), (1024, 1024), 8192, "[LEFT] [RIGHT]"),
    "film-storyboard": (
        (1024, 1536),
        (1024, 512),
        6144,
        "[MOVIE-SHOTS] [SCENE-1] [SCENE-2] [SCENE-3]",
    ),
    "font-design": ((1792, 1216), (896, 608), 8512, QUAD),
    "home-decoration": ((1344, 1728), (672, 864), 9072, QUAD),
    "portrait-illustration": ((1152, 1088), (576, 1088), 4896, "[LEFT] [RIGHT]"),
    "portrait-photography": ((1344, 1728), (672, 864), 9072, f"[FOUR-PANEL] {QUAD}"),
    "ppt-templates": ((1984, 1152), (992, 576), 8928, QUAD),
    "sandstorm-visual-effect": ((1408, 1600), (1408, 800), 8800, "[SANDSTORM-PSA] [TOP] [BOTTOM]"),
    "sparklers-visual-effect": (
        (960, 1088),
        (960, 544),
        4080,
        "[REAL-SPARKLERS-OVERLAYS] [TOP] [BOTTOM]",
    ),
    "visual-identity-design": ((1472, 1024), (736, 1024), 5888, "[LEFT]"),
}
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+(?:['-][a-z]+)*", text.lower())


def test_there_are_ten():
    assert {task.id for task in TASKS} == set(PUBLISHED)
    assert len(TASKS) == 10


@each_task
def test_canvas_panels_tokens_and_markers_are_the_published_ones(task: TaskSpec):
    canvas, panel, tokens, markers = PUBLISHED[task.id]
    assert task.layout.canvas == canvas
    assert {box.size for box in task.layout.boxes} == {panel}
    assert task.layout.canvas.tokens == tokens
    assert task.layout.gutters == ()
    assert CanvasRule().problems(task.layout.canvas, task.layout.boxes) == []
    caption = task.caption.render(task.examples[0].parts)
    assert re.findall(r"\[[A-Z0-9-]+\]", caption) == markers.split()


@each_task
def test_panels_run_row_by_row_under_the_names_of_their_markers(task: TaskSpec):
    boxes = task.layout.boxes
    assert list(boxes) == sorted(boxes, key=lambda box: (box.y0, box.x0))
    if task.id == "visual-identity-design":
        assert task.layout.names == ("LEFT", "RIGHT")
    else:
        assert task.caption.openings == tuple(f"[{name}]" for name in task.layout.names)


@each_task
def test_the_lora_and_the_sampling_are_the_published_ones(task: TaskSpec):
    [adapter] = task.adapters
    assert adapter.source == f"ali-vilab/In-Context-LoRA/{task.id}.safetensors"
    assert (adapter.family, adapter.weight) == ("flux.1", 1.0)
    assert (task.sampling.steps, task.sampling.guidance) == (20, 3.5)


@each_task
def test_one_example_for_flux_and_one_for_the_embedded_model(task: TaskSpec):
    full, small = task.examples
    assert (full.family, small.family) == ("", "tiny")
    assert 60 <= len(words(task.caption.render(full.parts))) <= 120


@each_task
def test_the_embedded_model_knows_every_word_of_its_example(task: TaskSpec):
    example = task.example_for("tiny")
    known = set(known_words())
    unknown = [w for w in words(" ".join((example.summary, *example.panels))) if w not in known]
    assert unknown == []


def test_no_example_is_used_twice():
    summaries = [example.summary for task in TASKS for example in task.examples]
    assert len(set(summaries)) == len(summaries)
