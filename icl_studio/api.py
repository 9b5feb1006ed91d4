"""The public face of ICL Studio for plugins; versioned by ``API_VERSION``.

Third-party plugins, and our own ``icl_tasks``, import this module and nothing else of
ours. What is here changes only together with ``API_VERSION``.
"""

from __future__ import annotations

from .domain.caption import CaptionParts, CaptionTemplate
from .domain.geometry import Box, CanvasRule, Size
from .domain.layout import QUAD, Layout, Panel
from .domain.model import AdapterSource, ModelSpec, Sampling
from .domain.task import TaskExample, TaskSpec
from .engines.captioners import CaptionAsk, Captioner, CaptionerOptions, CaptionerSpec
from .engines.metrics import Draft, DrawnSet, Metric, MetricOptions, MetricSpec, Score
from .engines.protocol import EngineSpec
from .hookspecs import API_VERSION, hookimpl

__all__ = [
    "API_VERSION",
    "QUAD",
    "AdapterSource",
    "Box",
    "CanvasRule",
    "CaptionAsk",
    "CaptionParts",
    "CaptionTemplate",
    "Captioner",
    "CaptionerOptions",
    "CaptionerSpec",
    "Draft",
    "DrawnSet",
    "EngineSpec",
    "Layout",
    "Metric",
    "MetricOptions",
    "MetricSpec",
    "ModelSpec",
    "Panel",
    "Sampling",
    "Score",
    "Size",
    "TaskExample",
    "TaskSpec",
    "hookimpl",
]
