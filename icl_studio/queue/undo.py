"""Taking back what :mod:`.control` has done, as far as the queue has not gone on meanwhile.

What was before is kept by whoever may want it back; the queue itself remembers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import sql
from .control import Retried, move, schedule
from .states import State
from .store import Store


class Stood(NamedTuple):
    """Where a job stood: its priority, and the job that came after it (None: the last)."""

    id: str
    priority: int
    before: str | None


def stood(store: Store, ids: Sequence[str]) -> tuple[Stood, ...]:
    """Where these jobs stand now, for :func:`put_back`; by neighbours, as numbers may change."""
    found = []
    for job in sorted(map(store.get, ids), key=lambda job: (-job.priority, job.order)):
        row = store.database.row(sql.NEXT, {"priority": job.priority, "position": job.order})
        found.append(Stood(job.id, job.priority, row["id"] if row is not None else None))
    return tuple(found)


def put_back(store: Store, places: Sequence[Stood]) -> None:
    """Move jobs back to where they stood, as near as the queue still allows it.

    A job whose next one has been cleared from the queue keeps its priority and goes last.
    """
    for place in reversed(places):
        there = place.before if store.database.row(sql.JOB, {"id": place.before}) else None
        schedule(store, [place.id], priority=place.priority)
        move(store, [place.id], there or "last")


class TakenBack(NamedTuple):
    """Jobs that are as they were before they were tried again, and those that stay as they are.

    ``kept`` says what each of these is by now; None for one that is not in the queue any more.
    """

    back: tuple[str, ...]
    kept: dict[str, State | None]


def take_back(store: Store, retried: Sequence[Retried]) -> TakenBack:
    """Make jobs what they were before :func:`.control.retry`: state, reason and crashes.

    Only those on which nothing has happened since: one that a worker has claimed, that was
    begun and waits again, or that was changed or paused in between, stays what it is. Look and
    change are one statement under the write lock, under which jobs are claimed too: a job is
    either taken back or made, never both.
    """
    back: list[str] = []
    kept: dict[str, State | None] = {}
    with store.database.write() as connection:
        for was in retried:
            values = {
                **was._asdict(),
                "error": None if was.error is None else was.error.model_dump_json(),
            }
            if connection.execute(sql.TAKE_BACK_RETRY, values).fetchone() is not None:
                back.append(was.id)
            else:
                row = connection.execute(sql.JOB, {"id": was.id}).fetchone()
                kept[was.id] = row["state"] if row is not None else None
    return TakenBack(tuple(back), kept)
