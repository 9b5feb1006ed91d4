"""Adapters that travel with ICL Studio: `resources/adapters/FAMILY/TASK.safetensors`.

A task of ours uses such a file by default on models of that family, as it uses the published LoRA
on FLUX.1. Where there is no file there is no adapter, and nothing else changes.
"""

from __future__ import annotations

from ..domain.model import AdapterSource
from ..domain.task import TaskSpec
from ..paths import resource

FOLDER = "adapters"


def with_shipped_adapters(task: TaskSpec) -> TaskSpec:
    """``task`` with the shipped adapter of each family that it has none of its own for.

    The source is relative to the resources, the same on every machine.
    """
    families = {adapter.family for adapter in task.adapters}
    found = tuple(
        AdapterSource(family=folder.name, source=f"{folder.name}/{task.id}.safetensors")
        for folder in sorted(resource(FOLDER).glob("*"))
        if folder.name not in families and (folder / f"{task.id}.safetensors").is_file()
    )
    return task.model_copy(update={"adapters": task.adapters + found}) if found else task
