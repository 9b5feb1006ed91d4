"""What docs/plugins.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icl_studio.domain.task import TaskSpec
from icl_studio.plugins.scaffold import new_plugin

DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_the_task_in_the_docs_is_a_task():
    [text] = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert TaskSpec.model_validate_json(text).layout.canvas == (1536, 768)


@pytest.mark.parametrize("field", ["openings", "prefix", "summary_form", "roles"])
def test_the_fields_of_a_caption_are_there(field: str):
    assert f"`{field}`" in DOCS.read_text(encoding="utf-8")


def test_plugins_new_writes_what_the_docs_name(tmp_path: Path):
    text = DOCS.read_text(encoding="utf-8")
    folder = new_plugin("mood-board", tmp_path)
    assert f"pip install -e {folder.name}" in text
    example = (folder / "icl_mood_board" / "plugin.py").read_text(encoding="utf-8")
    for shown in re.findall(r'--(?:summary|panel) "(.*?)"', text):
        assert shown in example
