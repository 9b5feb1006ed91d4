"""Making a set again from its record, and saying whether it comes out the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..domain.events import Event
from ..engines.protocol import EngineOptions
from ..errors import JobCancelled
from ..paths import UserFolders
from ..plugins import Registry
from ..sets.library import Entry
from ..sets.pictures import open_picture
from ..sets.record import read_record
from ..sets.verify import Verdict, check_verifiable, compare
from ..worker.protocol import GenerateJob
from .planning import Place, plan
from .running import run


def verify_set(
    entry: Entry,
    registry: Registry,
    folders: UserFolders,
    *,
    engine: str | None = None,
    options: EngineOptions | None = None,
    planned: Callable[[Sequence[GenerateJob]], None] = lambda _: None,
    downloading: Callable[[int, int], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_stop: Callable[[], None] | None = None,
) -> Verdict:
    """Make the set of ``entry`` once more, singly, and compare the sheets; blocks meanwhile.

    It is made in a temporary folder: the set itself is not touched. ``engine`` and
    ``options`` None are those that made it. Raises what planning raises, the failure of the
    job, ``JobCancelled``, and ``UserError`` for a set that no single request drew.
    """
    folder, record = entry
    check_verifiable(record)
    asked = record.request.model_copy(update={"engine": engine or record.receipt.engine})
    own = EngineOptions(device=record.receipt.device, dtype=record.receipt.dtype)
    with tempfile.TemporaryDirectory(prefix="icl-studio-", ignore_cleanup_errors=True) as scratch:
        place = Place(out=Path(scratch), options=options or own)
        jobs = plan([asked], registry, folders, place, downloading)
        planned(jobs)
        outcome = run(jobs, folders, on_event, on_stop=on_stop)
        if outcome.error is not None:
            raise outcome.error
        if outcome.cancelled:
            raise JobCancelled
        anew = Path(outcome.made[0][1].folder)
        again = read_record(anew)
        return compare(record, folder, open_picture(anew / again.sheet), again.receipt)
