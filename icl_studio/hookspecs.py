"""The whole plugin contract, on one page.

A plugin is an importable module named by an entry point of the group ``icl_studio``::

    [project.entry-points.icl_studio]
    comic-strip = "my_package.plugin"

The module says which API it was written for and implements any of the hooks below, each
returning plain, frozen specs (:mod:`icl_studio.api`). Hooks run in the window's process,
so they must be quick and import nothing heavy: what needs torch is named as
``"module:callable"`` in a spec and resolved in a worker. A plugin never gets a handle on
the queue or the window. A plugin that raises, wants another API version, duplicates a name
or returns something malformed is listed with its own error and left out.

::

    from icl_studio.api import TaskSpec, hookimpl

    ICL_STUDIO_API = 1

    @hookimpl
    def icl_studio_tasks() -> list[TaskSpec]:
        return [TaskSpec(...)]
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from .domain.model import ModelSpec
from .domain.task import TaskSpec
from .engines.captioners import CaptionerSpec
from .engines.metrics import MetricSpec
from .engines.protocol import EngineSpec

PROJECT = "icl_studio"
ENTRY_POINT_GROUP = "icl_studio"
API_VERSION = 1
API_ATTRIBUTE = "ICL_STUDIO_API"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def icl_studio_tasks() -> Iterable[TaskSpec]:  # type: ignore[empty-body]
    """The tasks that this plugin adds: kinds of sets, each with layout, caption and adapters.

    First caller: ``icl-studio tasks``. Ids are unique over all plugins.
    """


@hookspec
def icl_studio_models() -> Iterable[ModelSpec]:  # type: ignore[empty-body]
    """The base models that this plugin knows by name.

    First caller: ``icl-studio models``. A model may also be named by folder or hub id.
    """


@hookspec
def icl_studio_engines() -> Iterable[EngineSpec]:  # type: ignore[empty-body]
    """The engines that this plugin can run models with.

    First caller: the worker, when a job is generated.
    """


@hookspec
def icl_studio_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """The metrics that this plugin can judge sets with.

    First caller: ``icl-studio evaluate``. A metric's factory, and its requests, are resolved in
    a process of their own, never in the window's.
    """


@hookspec
def icl_studio_captioners() -> Iterable[CaptionerSpec]:  # type: ignore[empty-body]
    """The captioners that this plugin can describe sets of a data set with.

    First caller: ``icl-studio dataset caption``. A captioner's factory is resolved in a worker.
    """
