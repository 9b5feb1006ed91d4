"""A whole plugin written around one task: its data as JSON, its LoRA beside it, a test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..domain.task import TaskSpec
from ..errors import StorageProblem
from .scaffold import new_plugin

MODULE = '''"""The plugin: one task, its data in ``task.json``{beside}."""

from importlib.resources import files

from icl_studio.api import {imports}TaskSpec, hookimpl

ICL_STUDIO_API = 1
"""The API this module was written for; ICL Studio leaves out what it cannot serve."""

HERE = files(__package__)
TASK = TaskSpec.model_validate_json(HERE.joinpath("task.json").read_text(encoding="utf-8"))
{adapter}

@hookimpl
def icl_studio_tasks() -> list[TaskSpec]:
    """The tasks of this plugin."""
    return [TASK]
'''
ADAPTER = """LORA = AdapterSource(family={family!r}, source=str(HERE.joinpath({file!r})))
TASK = TASK.model_copy(update={{"adapters": (LORA,)}})
"""
TEST = '''"""What this task promises; run with ``pytest`` after ``pip install -e .``."""

from pathlib import Path

from {package}.plugin import TASK

from icl_studio.api import CanvasRule


def test_an_example_is_written_as_a_joint_caption_and_read_back():
    for example in TASK.examples:
        assert TASK.caption.parse(TASK.caption.render(example.parts)) == example.parts


def test_the_canvas_suits_flux():
    assert CanvasRule().problems(TASK.layout.canvas, TASK.layout.boxes) == []


def test_its_adapters_are_there():
    assert all(Path(adapter.source).is_file() for adapter in TASK.adapters)
'''
README = """# {title}

A task for ICL Studio: {panels}.

```
pip install .
icl-studio tasks {id}
```

`{package}/task.json` is the task: layout, caption form, example. Change it, run
`icl-studio plugins check .`, and ship the wheel that `python -m build` makes.
"""


def write_task_plugin(
    task: TaskSpec, parent: Path, adapter: tuple[Path, str] | None = None
) -> Path:
    """Write ``parent/icl-<id>``, a plugin that brings ``task`` and, with it, its LoRA.

    ``adapter`` is the LoRA's file and the family of models it is for; its licence is that of the
    base it was trained on, which the plugin's author has to heed. Raises
    :class:`~icl_studio.errors.PluginProblem` for a name that no plugin can have or a folder that
    exists, :class:`StorageProblem`.
    """
    folder = new_plugin(task.id, parent)
    package = f"icl_{task.id.replace('-', '_')}"
    place = folder / package
    data = task.model_copy(update={"adapters": ()}).model_dump(mode="json")
    lines = ""
    try:
        if adapter is not None:
            file, family = adapter
            shutil.copyfile(file, place / f"{task.id}.safetensors")
            lines = ADAPTER.format(family=family, file=f"{task.id}.safetensors")
        module = MODULE.format(
            beside=" and its LoRA beside it" if adapter else "",
            imports="AdapterSource, " if adapter else "",
            adapter=lines,
        )
        test = folder / "tests" / f"test_{task.id.replace('-', '_')}.py"
        readme = README.format(
            title=task.title, panels=", ".join(task.layout.names), id=task.id, package=package
        )
        for path, text in (
            (place / "task.json", json.dumps(data, indent=2, ensure_ascii=False) + "\n"),
            (place / "plugin.py", module),
            (test, TEST.format(package=package)),
            (folder / "README.md", readme),
        ):
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageProblem(
            f"{folder} cannot be written: {error.strerror or error}.",
            fix="Choose another folder with --plugin.",
        ) from error
    return folder
