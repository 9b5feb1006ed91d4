"""Loading plugins one by one: import, API version, hooks. What fails is left out by name."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import sys
from collections.abc import Callable, Collection, Iterable
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from .. import hookspecs
from ..domain.problems import Problem
from ..hookspecs import API_ATTRIBUTE, API_VERSION, PROJECT
from .discovery import Candidate, candidates, installed
from .guard import LoadGuard
from .info import PluginInfo, raised

PREFIX = f"{PROJECT}_"
ASK_AUTHOR = "Update the plugin, or report it to its author."


def build_plugin_manager(
    entry_points: Iterable[EntryPoint] | None = None,
    *,
    disabled: Collection[str] = (),
    safe_mode: bool = False,
    guard: LoadGuard | None = None,
) -> tuple[pluggy.PluginManager, list[PluginInfo]]:
    """A plugin manager with every sound plugin registered, and what is said of each plugin.

    ``entry_points`` None means all that are installed. Disabled plugins are listed but not
    imported; ``safe_mode`` imports only those that come with ICL Studio; ``guard``
    remembers plugins that take the program down. A plugin that cannot be used is listed as
    broken with what and what to do. Only ``KeyboardInterrupt`` passes.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    infos = []
    found, unreadable = installed() if entry_points is None else (entry_points, [])
    for candidate in candidates(found):
        info = candidate.info
        if info.state == "ok":
            info = _not_wanted(candidate, disabled, safe_mode, guard) or info
        if info.state == "ok":
            with guard.loading(info) if guard and not info.own else contextlib.nullcontext():
                info = _load(manager, candidate)
        infos.append(info)
    return manager, [*infos, *unreadable]


def call_foreign(call: Callable[[], Any]) -> Any:
    """``call()`` with its prints sent to stderr: stdout belongs to ``--json``."""
    with contextlib.redirect_stdout(sys.stderr):
        return call()


def hook_names() -> tuple[str, ...]:
    """The hooks that a plugin may implement, as documented in :mod:`icl_studio.hookspecs`."""
    return tuple(
        name
        for name, value in vars(hookspecs).items()
        if name.startswith(PREFIX) and hasattr(value, f"{PROJECT}_spec")
    )


def _not_wanted(
    candidate: Candidate, disabled: Collection[str], safe_mode: bool, guard: LoadGuard | None
) -> PluginInfo | None:
    """The plugin marked as left out, if settings, safe mode or an earlier crash say so."""
    info = candidate.info
    if info.name in disabled:
        fix = f"Enable it with `icl-studio plugins enable {info.name}`."
        return info.disabled(Problem(where="", what="disabled in the settings.", fix=fix))
    if safe_mode and not info.own:
        fix = "Start without --safe-mode to load it."
        return info.disabled(Problem(where="", what="left out by safe mode.", fix=fix))
    suspicion = None if info.own or guard is None else guard.suspicion(info)
    return info.model_copy(update={"crashed": True}).broken(suspicion) if suspicion else None


def _load(manager: pluggy.PluginManager, candidate: Candidate) -> PluginInfo:
    """Import the plugin, check it and register its hooks, or say why not."""
    info = candidate.info
    try:
        plugin = call_foreign(candidate.entry_point.load)
        found = _version_problems(plugin) or _hook_problems(plugin)
        if not found:
            manager.register(plugin, name=info.name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        fix = f"Install what it needs, or reinstall {info.distribution or 'the plugin'}."
        return info.broken(*raised(f"importing {info.module}", error, fix))
    except pluggy.PluginValidationError as error:
        return info.broken(*raised("hooks", error, ASK_AUTHOR))
    # A plugin may raise anything, SystemExit included, and must not stop the others.
    except BaseException as error:  # noqa: BLE001
        return info.broken(*raised(f"importing {info.module}", error, ASK_AUTHOR))
    if found:
        return info.broken(*found)
    return info.model_copy(update={"hooks": _implemented(manager, plugin)})


def _version_problems(plugin: Any) -> list[Problem]:
    wanted = getattr(plugin, API_ATTRIBUTE, None)
    if wanted == API_VERSION and isinstance(wanted, int) and not isinstance(wanted, bool):
        return []
    if wanted is None:
        what = f"does not say which API it was written for ({API_ATTRIBUTE} is missing)."
        fix = f"Its author adds `{API_ATTRIBUTE} = {API_VERSION}` to the module."
    elif isinstance(wanted, int) and wanted > API_VERSION:
        what = f"was written for API {wanted}; this ICL Studio has API {API_VERSION}."
        fix = "Update ICL Studio, or install an older version of the plugin."
    else:
        what = f"was written for API {wanted!r}; this ICL Studio has API {API_VERSION}."
        fix = "Update the plugin."
    return [Problem(where=API_ATTRIBUTE, what=what, fix=fix)]


def _hook_problems(plugin: Any) -> list[Problem]:
    """Hooks that would never be called, or not as their author thinks."""
    known = hook_names()
    found = []
    marked = 0
    for name, value in inspect.getmembers(plugin, callable):
        mark = getattr(value, f"{PROJECT}_impl", None)
        options = mark if isinstance(mark, dict) else None
        if options is None and not name.startswith(PREFIX):
            continue
        target = (options or {}).get("specname") or name
        if target not in known:
            near = difflib.get_close_matches(target, known, n=1, cutoff=0.5)
            fix = f"Did its author mean {near[0]}?" if near else f"Hooks are {', '.join(known)}."
            found.append(Problem(where=target, what="is not a hook of this API.", fix=fix))
        elif options is None:
            what = "lacks the @hookimpl decorator, so it would never be called."
            found.append(Problem(where=name, what=what, fix="Its author adds @hookimpl."))
        elif options.get("hookwrapper") or options.get("wrapper"):
            what = "wraps the hook of other plugins, which this API does not allow."
            found.append(Problem(where=name, what=what, fix="Its author uses a plain @hookimpl."))
        else:
            marked += 1
    if not found and not marked:
        fix = f"Its author implements one of {', '.join(known)}."
        found.append(Problem(where="hooks", what="it implements no hook.", fix=fix))
    return found


def _implemented(manager: pluggy.PluginManager, plugin: Any) -> tuple[str, ...]:
    callers = manager.get_hookcallers(plugin) or []
    return tuple(sorted(caller.name for caller in callers))
