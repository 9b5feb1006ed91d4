"""Sources of plugins for tests, and how to find one in a registry."""

from __future__ import annotations

from icl_studio.plugins import PluginInfo, Registry

TASK = """
from icl_studio.api import CaptionTemplate, Layout, TaskSpec, hookimpl

ICL_STUDIO_API = 1

def task(id, **more):
    return TaskSpec(
        id=id,
        title=id,
        layout=Layout.grid(1, 2, (512, 512), ("LEFT", "RIGHT")),
        caption=CaptionTemplate(openings=("[LEFT]", "[RIGHT]")),
        **more,
    )
"""
GOOD = TASK + "\n@hookimpl\ndef icl_studio_tasks():\n    return [task('good-task')]\n"


def info(registry: Registry, name: str) -> PluginInfo:
    """The one plugin called ``name``."""
    [found] = [plugin for plugin in registry.plugins if plugin.name == name]
    return found
