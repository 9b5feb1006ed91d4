"""Loads a plugin that is being checked, in an interpreter of its own, and says how it went.

Started by :func:`icl_studio.plugins.check.run_plugin`. One JSON object on stdin (``paths``,
``entry_points``, ``distribution``, ``version``), one on stdout.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, EntryPoints

from .discovery import installed
from .registry import gather
from .source import HEAVY


def main() -> None:
    """Answer one order."""
    order = json.load(sys.stdin)
    names = order["entry_points"]
    sys.path[:0] = order["paths"]
    checked = [EntryPoint(name, value, "icl_studio") for name, value in names.items()]
    ours = [e for e in installed()[0] if e.dist is not None and e.dist.name == "icl-studio"]
    registry = gather(EntryPoints([*ours, *checked]))
    plugins = []
    for info in registry.plugins:
        if info.name in names and info.distribution != "icl-studio":
            update = {"distribution": order["distribution"], "version": order["version"]}
            plugins.append(info.model_copy(update=update).model_dump(mode="json"))
    heavy = sorted(name for name in HEAVY if name in sys.modules)
    sys.stdout.write("\n" + json.dumps({"plugins": plugins, "heavy": heavy}) + "\n")
