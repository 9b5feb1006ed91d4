"""Sheets that have been denoised, kept on disk until their set is saved.

A claim is denoised as a whole before any of it is decoded; what a death or a stop in between
leaves here is not denoised again when the job's turn comes once more.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..engines.protocol import Engine, Portable
from ..sets.hashes import HashCache
from ..sets.receipt import build_receipt
from .run import Run
from .shelf import Shelf

LIMIT = 2**30
"""Bytes on disk; a sheet of 1024x1536 takes 0.8 MB in bfloat16."""

_NOT_PIXELS = {"seconds", "batch", "measures"}


class Latents:
    """The latents of jobs by their id, each under all that made it; for one thread.

    What was kept counts only for the same request, engine, device, precision, versions, weights
    and adapters: a job that was edited meanwhile is denoised anew.
    """

    def __init__(self, folder: Path | None, hashes: HashCache, limit: int = LIMIT) -> None:
        self._shelf = Shelf(folder, limit)
        self._hashes = hashes

    def origin(self, engine: Engine, run: Run) -> str:
        """One digest of all that jobs of the group of ``run`` share and that changes pixels."""
        job = run.job
        receipt = build_receipt(
            engine.facts, job.model, job.adapters, job.request, self._hashes, {}, 1
        )
        told = receipt.model_dump(mode="json", exclude={*_NOT_PIXELS, "seed"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def keep(self, engine: Portable, run: Run, origin: str) -> None:
        """Keep the latents that ``run`` has now."""
        head = {"of": _of(run, origin), "batch": run.batch, "seconds": run.seconds}
        data = json.dumps(head).encode() + b"\n" + engine.to_bytes(run.latents)
        self._shelf.put(run.job.id, data)

    def restore(self, engine: Portable, run: Run, origin: str) -> bool:
        """Give ``run`` what was kept of it; False when there is nothing that counts."""
        data = self._shelf.get(run.job.id)
        if data is None:
            return False
        line, _, rest = data.partition(b"\n")
        head: dict[str, Any] = json.loads(line)
        if head["of"] != _of(run, origin):
            return False
        try:
            run.latents = engine.from_bytes(rest)
        except ValueError:  # whole, but another version's
            return False
        run.batch = head["batch"]
        run.seconds.update(head["seconds"])
        return True

    def drop(self, job: str) -> None:
        """The set of ``job`` stands: nothing of it is needed any more."""
        self._shelf.drop(job)


def _of(run: Run, origin: str) -> str:
    return f"{origin} {run.job.request.digest}"
