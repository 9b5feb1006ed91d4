"""The engine of a worker, loaded once and kept warm while jobs ask for the same."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ..engines.named import plugged
from ..engines.protocol import Engine, EngineOptions, EngineSpec, LocatedModel

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
    return plugged(
        spec.factory,
        f"The engine {spec.id!r}",
        fix="Run `icl-studio doctor` to see what is wrong, or choose another --engine.",
        missing=spec.missing(),
    )
