"""Out of memory: what an engine can do about it, cheapest first, and what would fit if nothing.

Each rung is a :class:`~icl_studio.engines.protocol.Measure` of the engine. What changes no
pixel comes first. The rungs that were needed are remembered while the worker lives, so that the
next sheet of that kind does not run into the same wall.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..domain.geometry import Size
from ..engines.exhaustion import is_out_of_memory
from ..engines.protocol import Engine, Measure, Thrifty, Verb
from ..errors import JobCancelled, OutOfMemory, UserError
from .protocol import GenerateJob

log = logging.getLogger(__name__)
T = TypeVar("T")
_DOING: dict[Verb, str] = {
    "encode": "read the texts",
    "denoise": "draw",
    "decode": "develop the picture",
}


class Ladder:
    """The measures that a worker's jobs needed so far, by what was loaded and by canvas."""

    def __init__(self) -> None:
        self._taken: dict[object, list[Measure]] = {}
        self._drawn: dict[object, Size] = {}

    def begin(self, engine: Engine, job: GenerateJob) -> None:
        """Have what jobs like ``job`` needed act from the start; may raise ``OutOfMemory``."""
        if isinstance(engine, Thrifty):
            engine.use_measures([measure.id for measure in self._acting(job)])

    def climb(
        self,
        engine: Engine,
        job: GenerateJob,
        verb: Verb,
        action: Callable[[], T],
        tell: Callable[[str], None],
    ) -> T:
        """What ``action`` returns; when memory runs out, again after the next measure.

        ``job`` stands for all that share its model and canvas; ``tell`` hears of every measure.
        Raises :class:`OutOfMemory` that says what was tried and what would fit, and whatever
        else ``action`` raises.
        """
        climbed: list[Measure] = []
        taken = self._taken.setdefault(_kind(job), [])
        while True:
            try:
                result = action()
            except JobCancelled:
                raise
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                ours = isinstance(error, UserError)
                log.warning("out of memory in %s", verb, exc_info=None if ours else error)
                measure = self._next(engine, job, verb)
                if measure is None:
                    told = self._exhausted(error, engine, job, verb)
                    taken[:] = [one for one in taken if one not in climbed]
                    raise told from error
            else:
                if verb == "decode":
                    self._note_drawn(job)
                return result
            taken.append(measure)
            climbed.append(measure)
            tell(f"There was too little memory to {_DOING[verb]}: {measure.told}")
            self.begin(engine, job)

    def changing(self, job: GenerateJob) -> tuple[str, ...]:
        """The measures that act for ``job`` and may change its pixels, for the receipt."""
        return tuple(measure.id for measure in self._acting(job) if measure.changes_pixels)

    def _acting(self, job: GenerateJob) -> list[Measure]:
        taken = self._taken.get(_kind(job), [])
        return [measure for measure in taken if not (measure.changes_pixels and job.request.exact)]

    def _next(self, engine: Engine, job: GenerateJob, verb: Verb) -> Measure | None:
        """The first measure for ``verb`` that has not been taken and may be."""
        acting = self._acting(job)
        for measure in engine.measures if isinstance(engine, Thrifty) else ():
            allowed = not (measure.changes_pixels and job.request.exact)
            if verb in measure.relieves and measure not in acting and allowed:
                return measure
        return None

    def _exhausted(
        self, error: Exception, engine: Engine, job: GenerateJob, verb: Verb
    ) -> OutOfMemory:
        """Why nothing more can be done for this job, and what would fit."""
        told = [error.message if isinstance(error, UserError) else "Memory ran out."]
        tried = [measure.id for measure in self._acting(job) if verb in measure.relieves]
        told.append(f"Saving memory by {' and '.join(tried)} did not help." if tried else "")
        canvas = job.request.layout.canvas
        drawn = self._drawn.get(_loaded(job))
        if drawn is not None and drawn.tokens < canvas.tokens:
            fix = f"A sheet of {drawn} was drawn here: make panels of {canvas} as much smaller."
        else:
            half = Size(*(max(16, side * 7 // 10 // 16 * 16) for side in canvas))
            fix = f"Make its panels smaller: a sheet of {half} needs about half of {canvas}."
        if job.request.exact and self._would_change(engine, verb):
            fix += " Without --exact it could be developed in tiles."
        return OutOfMemory(" ".join(filter(None, told)), fix=f"{fix} Or close other programs.")

    def _would_change(self, engine: Engine, verb: Verb) -> bool:
        found: Sequence[Measure] = engine.measures if isinstance(engine, Thrifty) else ()
        return any(measure.changes_pixels and verb in measure.relieves for measure in found)

    def _note_drawn(self, job: GenerateJob) -> None:
        canvas, before = job.request.layout.canvas, self._drawn.get(_loaded(job))
        if before is None or before.tokens < canvas.tokens:
            self._drawn[_loaded(job)] = canvas


def _loaded(job: GenerateJob) -> object:
    return (job.engine.id, job.model, job.options)


def _kind(job: GenerateJob) -> object:
    return (_loaded(job), job.request.layout.canvas)
