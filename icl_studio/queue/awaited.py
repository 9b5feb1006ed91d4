"""LoRA files that a job in the queue is still to tune: naming them, and waiting for them.

A request names the file that will stand (a train job knows it beforehand), and its job needs
the train job. So nothing in a request changes when the file is there, and a request that is
stored, shared or replayed names a file like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..domain.model import AdapterUse
from ..domain.request import SetRequest
from ..errors import NotFound
from . import sql
from .kinds import KINDS, asked_class
from .store import Store

PREFIX: Final = "job:"


class Awaited:
    """The files to come as the queue stands now: ask once, use for a whole list."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = files_to_come(store)

    def __call__(self, use: AdapterUse) -> AdapterUse | None:
        """``use`` with its file, if a job makes that or ``job:ID`` names one; else None.

        Raises :class:`NotFound` for a job that there is not, or that tunes nothing.
        """
        if use.source.startswith(PREFIX):
            return use.model_copy(update={"source": str(self._named(use.source))})
        return use if self._job_of(use) else None

    def known(self, use: AdapterUse) -> AdapterUse:
        """``use`` with its file where a job makes that, else as it is."""
        return self(use) or use

    def request(self, request: SetRequest) -> SetRequest:
        """``request`` with the files of the jobs that its LoRAs name; raises as a call does."""
        adapters = tuple(map(self.known, request.adapters))
        return request.model_copy(update={"adapters": adapters})

    def needs(self, adapters: tuple[AdapterUse, ...]) -> tuple[str, ...]:
        """The jobs that make the files of ``adapters`` and are not done."""
        return tuple(dict.fromkeys(job for use in adapters if (job := self._job_of(use))))

    def _job_of(self, use: AdapterUse) -> str | None:
        return self._files.get(str(Path(use.source)))

    def _named(self, source: str) -> Path:
        word = source.removeprefix(PREFIX)
        ids = self._store.find(word)
        job = self._store.get(ids[0])
        result = job.brief.result if job.brief is not None and len(ids) == 1 else None
        if result is None or result.suffix != ".safetensors":
            raise NotFound(
                f"{source} tunes no LoRA.", fix="Name a train job: see `icl-studio queue list`."
            )
        return result


def files_to_come(store: Store) -> Mapping[str, str]:
    """Paths of the files that jobs in the queue make, each with its job; done ones left out."""
    found = {}
    for row in store.database.rows(sql.RESULTS_TO_COME):
        if row["kind"] in KINDS:
            result = asked_class(row["kind"]).model_validate_json(row["payload"]).result
            if result is not None:
                found[str(result)] = row["id"]
    return found
