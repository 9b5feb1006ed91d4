"""What this task promises; run with ``pytest`` after ``pip install -e .``."""

import pytest
from icl_comic_strip.plugin import TASK

from icl_studio.api import CanvasRule


@pytest.mark.parametrize("example", TASK.examples, ids=lambda example: example.summary[:20])
def test_an_example_is_written_as_a_joint_caption_and_read_back(example):
    caption = TASK.caption.render(example.parts)
    assert caption.startswith(example.summary)
    assert TASK.caption.parse(caption) == example.parts


def test_the_canvas_suits_flux():
    assert CanvasRule().problems(TASK.layout.canvas, TASK.layout.boxes) == []


def test_the_panels_fill_the_canvas():
    assert TASK.layout.gutters == ()
