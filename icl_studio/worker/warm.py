"""The engine of a worker, loaded once and kept warm while jobs ask for the same."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

from ..engines.protocol import Engine, EngineOptions, EngineSpec, LocatedModel
from ..errors import IclStudioError, PluginProblem

log = logging.getLogger(__name__)

_Key = tuple[EngineSpec, LocatedModel, EngineOptions]
_Stamp = tuple[tuple[Path, int, int], ...]


class WarmEngine:
    """Holds at most one engine: two models seldom fit into one device's memory."""

    def __init__(self) -> None:
        self._key: _Key | None = None
        self._stamp: _Stamp = ()
        self._engine: Engine | None = None

    def get(self, spec: EngineSpec, model: LocatedModel, options: EngineOptions) -> Engine:
        """The engine for exactly these; loads it unless it is the warm one.

        A warm engine whose weight files were replaced since it read them is loaded again,
        so that a receipt never names weights that did not make the picture. Raises what
        the factory raises, and :class:`PluginProblem` when the engine cannot be found.
        """
        key = (spec, model, options)
        if self._engine is not None and self._key == key and self._stamp == _stamp(self._engine):
            return self._engine
        self.drop()
        engine = _factory(spec)(model, options)
        self._key, self._engine, self._stamp = key, engine, _stamp(engine)
        return self._engine

    def drop(self) -> None:
        """Free the device's memory; the next :meth:`get` loads anew."""
        engine, self._engine, self._key = self._engine, None, None
        if engine is None:
            return
        try:
            engine.close()
        except Exception:
            # An engine that cannot even close is only dropped.
            log.exception("an engine did not close")


def _stamp(engine: Engine) -> _Stamp:
    """Name, size and time of every weight file that ``engine`` read."""
    found = []
    for path in engine.facts.files:
        try:
            facts = path.stat()
        except OSError:
            continue
        found.append((path, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def _factory(spec: EngineSpec) -> Any:
    """The callable that ``spec`` names, imported here and nowhere else."""
    missing = spec.missing()
    if missing:
        raise PluginProblem(
            f"The engine {spec.id!r} needs {', '.join(missing)}, which is not installed.",
            fix="Run `icl-studio doctor` to see what to install, or choose another --engine.",
        )
    module, _, name = spec.factory.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except IclStudioError:
        raise
    except Exception as error:
        # Whatever a plugin's module raises while it is imported is that plugin's problem.
        log.exception("the engine %s cannot be imported", spec.id)
        raise PluginProblem(
            f"The engine {spec.id!r} cannot be loaded from {spec.factory}: "
            f"{type(error).__name__}: {error}",
            fix="Run `icl-studio doctor`, or choose another --engine.",
        ) from error
