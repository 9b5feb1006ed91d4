"""How many sheets are denoised together: found by trying, remembered on disk."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..domain.problems import Frozen
from ..engines.protocol import Engine
from .protocol import AUTO, GenerateJob

log = logging.getLogger(__name__)

MOST = 8
"""Sheets that are tried together at most where nobody said how many."""
WORTH = 0.95
"""A larger batch is worth it when a sheet takes at most this share of its time in a smaller."""
_WEEK = 7 * 24 * 3600.0
_ENTRIES = 500


class Known(Frozen):
    """What was found out for one kind of sheet: ``seconds`` a step and sheet by batch size, and
    the smallest size that did ``not_fit``, with the time of that: another program may have had
    the memory, so it is tried again after a week."""

    seconds: dict[int, float] = Field(default_factory=dict)
    not_fit: int | None = None
    since: float = 0.0

    @property
    def too_many(self) -> int | None:
        """The size that is not worth trying just now."""
        return None if time.time() - self.since > _WEEK else self.not_fit


class BatchSizes:
    """Batch sizes per model, engine, device, precision, memory preset and canvas.

    One JSON file, replaced as a whole; of two workers that write at once one's finding is lost,
    and found again. A file that cannot be read or written is done without.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known: dict[str, Known] = _read(file)

    def choose(self, kind: str, asked: int) -> int:
        """How many sheets to try next: of ``asked`` as many as fit; for :data:`AUTO` twice as
        many as before while that has paid, then what was quickest."""
        known = self._known.get(kind, Known())
        most = asked or MOST
        if known.too_many is not None:
            most = min(most, known.too_many - 1)
        if asked != AUTO:
            return max(1, most)
        if not known.seconds:
            return 1
        largest, best = max(known.seconds), min(known.seconds, key=known.seconds.__getitem__)
        smaller = [seconds for size, seconds in known.seconds.items() if size < largest]
        paid = not smaller or known.seconds[largest] <= WORTH * min(smaller)
        return max(1, min(most, 2 * largest if paid else best))

    def took(self, kind: str, size: int, seconds: float) -> None:
        """A step of ``size`` sheets took ``seconds`` for each of them."""
        known = self._known.get(kind, Known())
        if known.seconds.get(size) is None:
            told = {**known.seconds, size: seconds}
            self._note(kind, known.model_copy(update={"seconds": told}))

    def did_not_fit(self, kind: str, size: int) -> None:
        """Memory ran out with ``size`` sheets together."""
        known = self._known.get(kind, Known())
        if size > 1 and (known.too_many is None or size < known.too_many):
            fits = {of: seconds for of, seconds in known.seconds.items() if of < size}
            self._note(kind, Known(seconds=fits, not_fit=size, since=time.time()))

    def _note(self, kind: str, known: Known) -> None:
        self._known.pop(kind, None)  # what was used last stands last
        self._known[kind] = known
        while len(self._known) > _ENTRIES:
            del self._known[next(iter(self._known))]
        if self._file is None:
            return
        data = {name: one.model_dump() for name, one in self._known.items()}
        spare = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}.partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            spare.write_text(json.dumps(data), encoding="utf-8")
            os.replace(spare, self._file)  # noqa: PTH105
        except OSError as error:
            log.warning("batch sizes are not kept: %s", error)
            with suppress(OSError):
                spare.unlink()


def kind_of(engine: Engine, job: GenerateJob) -> str:
    """What a batch size depends on, as a key: who computes what, where, at which size.

    LoRAs count by their number: each costs a little memory, its content none.
    """
    facts, canvas = engine.facts, job.request.layout.canvas
    told = (
        facts.engine,
        facts.device_name or facts.device,
        facts.dtype,
        job.options.memory,
        job.model.spec.id,
        str(job.model.folder),
        tuple(canvas),
        len(job.adapters),
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _read(file: Path | None) -> dict[str, Known]:
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8")) if file else {}
        return {str(name): Known.model_validate(one) for name, one in data.items()}
    except (OSError, ValueError, AttributeError, ValidationError):
        return {}
