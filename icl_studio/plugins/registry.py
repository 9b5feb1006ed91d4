"""The registry: every task, model, engine, metric and captioner, and every plugin's state."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ..domain.model import ModelSpec
from ..domain.problems import Problem
from ..domain.task import TaskSpec
from ..engines.captioners import CaptionerSpec
from ..engines.metrics import MetricSpec
from ..engines.protocol import EngineSpec
from ..errors import NotFound
from ..paths import UserFolders
from ..settings import Settings
from .guard import LoadGuard
from .info import PluginInfo
from .manager import build_plugin_manager
from .shipped import with_shipped_adapters
from .specs import Spec, specs_of
from .user_tasks import load_task_files

T = TypeVar("T")


@dataclass(frozen=True)
class Registry:
    """What this start found, by id, and what it says of each plugin. Never changes."""

    tasks: Mapping[str, TaskSpec]
    models: Mapping[str, ModelSpec]
    engines: Mapping[str, EngineSpec]
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    captioners: Mapping[str, CaptionerSpec] = field(default_factory=dict)
    plugins: tuple[PluginInfo, ...] = ()

    def task(self, id: str) -> TaskSpec:
        """The task called ``id``; raises :class:`NotFound` with the nearest names."""
        return self._named("task", self.tasks, id)

    def model(self, id: str) -> ModelSpec:
        """The registered model called ``id``; raises :class:`NotFound`."""
        return self._named("model", self.models, id)

    def engine(self, id: str) -> EngineSpec:
        """The engine called ``id``; raises :class:`NotFound`."""
        return self._named("engine", self.engines, id)

    def metric(self, id: str) -> MetricSpec:
        """The metric called ``id``; raises :class:`NotFound`."""
        return self._named("metric", self.metrics, id)

    def captioner(self, id: str) -> CaptionerSpec:
        """The captioner called ``id``; raises :class:`NotFound`."""
        return self._named("captioner", self.captioners, id)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with broken plugins, each under its plugin's name."""
        return tuple(
            Problem(where=f"plugin {info.label}", what=info.error, fix=info.fix)
            for info in self.plugins
            if info.state == "broken"
        )

    def _named(self, noun: str, known: Mapping[str, T], id: str) -> T:
        if id in known:
            return known[id]
        near = difflib.get_close_matches(id.lower(), known, n=3, cutoff=0.4)
        fix = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
        if not known:
            fix = f"No plugin gives a {noun}: see `icl-studio plugins list`."
        elif any(info.state != "ok" for info in self.plugins):
            fix += " Some plugins are not loaded: see `icl-studio plugins list`."
        raise NotFound(f"There is no {noun} called {id!r}.", fix=fix)


def load_registry(folders: UserFolders, settings: Settings, *, safe_mode: bool = False) -> Registry:
    """Load every plugin and task file that can be used. Raises nothing over a bad plugin.

    Order decides who owns an id: our own plugins, the others by name, then task files.
    ``safe_mode`` imports only our own plugins; task files, which hold no code, stay.
    """
    return gather(
        None,
        disabled=settings.disabled_plugins,
        safe_mode=safe_mode,
        guard=LoadGuard(folders.cache),
        tasks=folders.tasks,
    )


def gather(
    entry_points: Iterable[EntryPoint] | None,
    *,
    disabled: Collection[str] = (),
    safe_mode: bool = False,
    guard: LoadGuard | None = None,
    tasks: Path | None = None,
) -> Registry:
    """The registry of ``entry_points`` (None: all installed) and of the files in ``tasks``."""
    manager, infos = build_plugin_manager(
        entry_points, disabled=disabled, safe_mode=safe_mode, guard=guard
    )
    shelf = _Shelf()
    plugins = []
    for info in infos:
        if info.state != "ok":
            plugins.append(info)
            continue
        with guard.loading(info) if guard and not info.own else contextlib.nullcontext():
            offered, found = specs_of(manager, info)
        if info.own:
            offered = [
                (noun, with_shipped_adapters(spec) if isinstance(spec, TaskSpec) else spec)
                for noun, spec in offered
            ]
        # What returned one wrong thing is not trusted with another: all of it stays out.
        plugins.append(info.broken(*found) if found else shelf.take(info, offered))
    for info, task in load_task_files(tasks, disabled) if tasks else ():
        plugins.append(shelf.take(info, [("task", task)]) if task else info)
    return shelf.registry(tuple(plugins))


@dataclass
class _Shelf:
    """Specs by noun and id, with the plugin that owns each."""

    specs: dict[str, dict[str, Spec]] = field(default_factory=dict)
    owners: dict[tuple[str, str], PluginInfo] = field(default_factory=dict)

    def take(self, info: PluginInfo, offered: Sequence[tuple[str, Spec]]) -> PluginInfo:
        """Add what ``info`` offers; an id that is taken stays with its first owner."""
        provides: list[str] = []
        duplicates: list[Problem] = []
        for noun, spec in offered:
            owner = self.owners.get((noun, spec.id))
            if owner is not None:
                duplicates.append(_taken(noun, spec.id, owner, info))
                continue
            self.owners[noun, spec.id] = info
            self.specs.setdefault(noun, {})[spec.id] = spec
            provides.append(f"{noun} {spec.id}")
        info = info.model_copy(update={"provides": tuple(provides)})
        return info.broken(*duplicates) if duplicates else info

    def registry(self, plugins: tuple[PluginInfo, ...]) -> Registry:
        def of(noun: str, kind: type[T]) -> Mapping[str, T]:
            found = self.specs.get(noun, {})
            return MappingProxyType({k: v for k, v in found.items() if isinstance(v, kind)})

        return Registry(
            tasks=of("task", TaskSpec),
            models=of("model", ModelSpec),
            engines=of("engine", EngineSpec),
            metrics=of("metric", MetricSpec),
            captioners=of("captioner", CaptionerSpec),
            plugins=plugins,
        )


def _taken(noun: str, id: str, owner: PluginInfo, info: PluginInfo) -> Problem:
    """``info`` also declares what ``owner`` owns."""
    if owner is info:
        what = f"{info.label} declares it twice; the first one is used."
        return Problem(where=f"{noun} {id}", what=what, fix="Its author removes one.")
    return Problem(
        where=f"{noun} {id}",
        what=f"{info.label} declares it, but {owner.label} already has it; that of "
        f"{owner.name} is used.",
        fix=f"Disable or uninstall one of {owner.name} and {info.name}, or have its author "
        f"rename the {noun}.",
    )
