"""What a plugin's hooks returned, checked before anything else may rely on it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import pluggy

from ..domain.model import ModelSpec
from ..domain.problems import Problem
from ..domain.task import TaskSpec
from ..engines.captioners import CaptionerSpec
from ..engines.metrics import MetricSpec
from ..engines.protocol import EngineSpec
from .info import PluginInfo, raised
from .manager import ASK_AUTHOR, call_foreign

MAX_SPECS = 1000
"""More specs than this from one hook is a mistake, such as an endless generator."""

Spec = TaskSpec | ModelSpec | EngineSpec | MetricSpec | CaptionerSpec


class Kind(NamedTuple):
    """One hook: its name, what a user calls its specs, and their type."""

    hook: str
    noun: str
    spec: (
        type[TaskSpec] | type[ModelSpec] | type[EngineSpec] | type[MetricSpec] | type[CaptionerSpec]
    )


KINDS = (
    Kind("icl_studio_tasks", "task", TaskSpec),
    Kind("icl_studio_models", "model", ModelSpec),
    Kind("icl_studio_engines", "engine", EngineSpec),
    Kind("icl_studio_metrics", "metric", MetricSpec),
    Kind("icl_studio_captioners", "captioner", CaptionerSpec),
)


def specs_of(
    manager: pluggy.PluginManager, info: PluginInfo
) -> tuple[list[tuple[str, Spec]], list[Problem]]:
    """What the plugin ``info.name`` offers, as (noun, spec), and what is wrong with it.

    Hooks are called plugin by plugin, not through pluggy's own multicall: there, the first
    exception would hide the results of all others.
    """
    plugin = manager.get_plugin(info.name)
    offered: list[tuple[str, Spec]] = []
    found: list[Problem] = []
    for kind in KINDS:
        for impl in getattr(manager.hook, kind.hook).get_hookimpls():
            if impl.plugin is not plugin:
                continue
            specs, problems = _called(kind, impl.function)
            offered += [(kind.noun, spec) for spec in specs]
            found += problems
    return offered, found


def _called(kind: Kind, function: Any) -> tuple[list[Spec], list[Problem]]:
    """The specs that one hook gives, and what is wrong with them."""
    try:
        result = call_foreign(lambda: _listed(function()))
    except KeyboardInterrupt:
        raise
    # A hook may raise anything, SystemExit included, and must not stop the others.
    except BaseException as error:  # noqa: BLE001
        return [], raised(f"{kind.hook}()", error, ASK_AUTHOR)
    if result is None or isinstance(result, type):
        what = f"must return a list of {kind.spec.__name__}."
        return [], [Problem(where=f"{kind.hook}()", what=what, fix=ASK_AUTHOR)]
    if len(result) > MAX_SPECS:
        what = f"returns more than {MAX_SPECS} specs."
        return [], [Problem(where=f"{kind.hook}()", what=what, fix=ASK_AUTHOR)]
    specs: list[Spec] = []
    problems: list[Problem] = []
    for index, item in enumerate(result, 1):
        where = f"{kind.hook}() item {index}"
        if not isinstance(item, kind.spec):
            what = f"is {_a(item)}, not a {kind.spec.__name__}."
            problems.append(Problem(where=where, what=what, fix=ASK_AUTHOR))
            continue
        try:
            # Checked once more: model_construct() and model_copy() skip validation.
            specs.append(kind.spec.model_validate(item.model_dump(warnings=False)))
        # Foreign subclasses may fail in their own ways.
        except Exception as error:  # noqa: BLE001
            problems += raised(where, error, ASK_AUTHOR)
    return specs, problems


def _listed(result: object) -> list[object] | None:
    """The items of ``result``; None when it has none to give."""
    if isinstance(result, (str, bytes, dict)) or not isinstance(result, Iterable):
        return None
    return list(islice(result, MAX_SPECS + 1))


def _a(item: object) -> str:
    name = type(item).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
