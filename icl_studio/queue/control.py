"""What a user may do with jobs: pause, resume, cancel, retry, edit, move, duplicate, clear.

Each function does what it can for every job named and refuses the first that it cannot,
without having changed any. A running job is not torn from its worker: the wish is noted,
the worker hears of it within a second and stops between two steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import Final, Literal, NamedTuple

from ..domain.request import SetRequest
from ..errors import QueueProblem
from ..sets.record import new_set_id
from . import sql
from .awaited import Awaited
from .job import Job, JobError, NewJob
from .kinds import Kind
from .states import ACTIONS, ActionName, State, sources
from .store import STEP, Store, request_values

Finished = Literal["done", "failed", "cancelled", "quarantined"]


def pause(store: Store, ids: Iterable[str]) -> None:
    """Pass these jobs over until they are resumed; running ones stop and start anew later."""
    _change(store, ids, "pause")


def resume(store: Store, ids: Iterable[str]) -> None:
    """Let paused jobs wait for their turn again."""
    _change(store, ids, "resume")


def cancel(store: Store, ids: Iterable[str]) -> None:
    """Call these jobs off."""
    _change(store, ids, "cancel")


class Retried(NamedTuple):
    """What a job was before it was tried again, for :func:`.undo.take_back`.

    ``payload`` and ``attempts`` are what it is asked and how often it was begun when it waits
    again: by them is known whether anything has come in between.
    """

    id: str
    state: State
    error: JobError | None
    crashes: int
    finished: int | None
    attempts: int
    payload: str


def retry(
    store: Store, ids: Iterable[str], changed: dict[str, SetRequest] | None = None
) -> tuple[Retried, ...]:
    """Try failed, cancelled or quarantined jobs again, with another request where one is given.

    Their count of crashes starts anew; the log of their attempts stays. What they were before.
    """
    before = []
    with store.database.write() as connection:
        for id in dict.fromkeys(ids):
            was = _check(store, id, "retry")
            payload = was.payload
            if changed and id in changed:
                _check_makes_a_set(was, "changed")
                _replace(store, connection, id, changed[id])
                payload = store.get(id).payload
            connection.execute(sql.RETRY, {"id": id, "sources": json.dumps(sources("retry"))})
            outcome = (was.state, was.error, was.crashes, was.finished)
            before.append(Retried(id, *outcome, was.attempts, payload))
    return tuple(before)


def edit(store: Store, id: str, request: SetRequest) -> None:
    """Replace the request of a job that waits or is paused."""
    with store.database.write() as connection:
        job = store.get(id)
        if job.state not in ("waiting", "paused"):
            raise _refused(job, "edited", "Only waiting and paused jobs can be edited.")
        _check_makes_a_set(job, "edited")
        _replace(store, connection, id, request)


def _replace(store: Store, connection: Connection, id: str, request: SetRequest) -> None:
    """Another request for a job; it waits for the LoRAs that other jobs are to tune for it.

    And no more for those that it does not name any longer: else who takes another LoRA
    because the training failed would wait for that training for ever.
    """
    awaited, job = Awaited(store), store.get(id)
    request = awaited.request(request)
    connection.execute(sql.EDIT, {**request_values(request), "id": id})
    before, after = ({Path(u.source) for u in r.adapters} for r in (job.request, request))
    for need in job.needs:
        brief = store.get(need).brief
        if brief is not None and brief.result in before - after:
            connection.execute(sql.DROP_NEED, {"job": id, "needs": need})
    for need in awaited.needs(request.adapters):
        connection.execute(sql.ADD_NEED, {"job": id, "needs": need})


def schedule(
    store: Store,
    ids: Iterable[str],
    *,
    priority: int | None = None,
    not_before: int | None = None,
    at_once: bool = False,
) -> None:
    """Give jobs a priority, hold them until ``not_before``, or with ``at_once`` hold no more."""
    named = list(ids)
    with store.database.write() as connection:
        for id in named:
            job = store.get(id)
            held = None if at_once else job.not_before if not_before is None else not_before
            values = {"priority": job.priority if priority is None else priority}
            connection.execute(sql.SCHEDULE, {**values, "not_before": held, "id": id})


def move(store: Store, ids: Sequence[str], where: Literal["first", "last"] | str) -> None:
    """Put jobs, in the order named, first or last among their priority, or before a job.

    Before a job of another priority they take that priority.
    """
    with store.database.write() as connection:
        jobs = [store.get(id) for id in ids]
        if where in ("first", "last"):
            for priority in {job.priority for job in jobs}:
                some = [job for job in jobs if job.priority == priority]
                edge = connection.execute(sql.EDGE, {"priority": priority}).fetchone()
                start = edge["first"] - STEP * len(some) if where == "first" else edge["last"]
                first = 0 if where == "first" else 1
                for n, job in enumerate(some, first):
                    values = {"id": job.id, "priority": priority, "position": start + STEP * n}
                    connection.execute(sql.PLACE, values)
            return
        if where in ids:
            raise QueueProblem("A job cannot be moved before itself.", fix="Name another job.")
        low, high, priority = _gap(store, where, len(jobs))
        for n, job in enumerate(jobs, 1):
            position = low + (high - low) * n // (len(jobs) + 1)
            values = {"id": job.id, "priority": priority, "position": position}
            connection.execute(sql.PLACE, values)


def _gap(store: Store, before: str, count: int) -> tuple[int, int, int]:
    """Two positions with room for ``count`` jobs between them, the second that of ``before``."""
    for _ in range(2):
        target = store.get(before)
        values = {"priority": target.priority, "position": target.order}
        row = store.database.row(sql.NEIGHBOUR_BEFORE, values)
        known = row is not None and row["position"] is not None
        low = row["position"] if row is not None and known else target.order - STEP * (count + 1)
        if target.order - low > count:
            break
        store.database.rows(sql.RENUMBER, {"step": STEP * (count + 1)})
    return low, target.order, target.priority


def duplicate(store: Store, ids: Iterable[str], seed: int | None = None) -> tuple[str, ...]:
    """Append copies with ids of their own, hence sets of their own; with ``seed``, if given.

    A copy is held and waits for other jobs as what it was made from.
    """
    copies = []
    for id in ids:
        job = store.get(id)
        _check_makes_a_set(job, "duplicated")
        request = job.request if seed is None else job.request.with_seed(seed)
        copies.append(
            NewJob(
                id=new_set_id(),
                kind=job.kind,
                request=request,
                out=job.out,
                set_name=job.set_name,
                group=job.group,
                priority=job.priority,
                not_before=job.not_before,
                needs=job.needs,
                origin={**job.origin, "duplicate_of": id},
            )
        )
    return store.add(copies)


def clear(store: Store, states: Sequence[Finished] = ("done", "cancelled")) -> int:
    """Take finished jobs off the list; how many. Their sets stay. What others need stays too."""
    before = store.count()
    values = {"states": json.dumps(states)}
    with store.database.write() as connection:
        connection.execute(sql.FORGET_NEEDS_OF, values)
        connection.execute(sql.REMOVE, values)
    return before - store.count()


def pause_queue(store: Store, paused: bool = True) -> None:
    """Claim nothing any more (what runs goes on), or with False go on."""
    with store.database.write() as connection:
        connection.execute(sql.SET_COUNTER, {"name": "paused", "value": int(paused)})


def _change(store: Store, ids: Iterable[str], action: ActionName) -> None:
    named = list(ids)
    target = ACTIONS[action].target
    values = {"target": target, "sources": json.dumps(sources(action))}
    with store.database.write() as connection:
        for id in named:
            if _check(store, id, action).state == "running":
                wish = {"paused": "pause", "cancelled": "cancel"}[target]
                connection.execute(sql.WISH, {"id": id, "wish": wish})
            else:
                connection.execute(sql.MOVE_STATE, {**values, "id": id})


def _check(store: Store, id: str, action: ActionName) -> Job:
    """The job, if ``action`` leads out of it; raises :class:`QueueProblem` otherwise."""
    job = store.get(id)
    if job.state not in ACTIONS[action].sources:
        done = {"pause": "paused", "resume": "resumed", "cancel": "cancelled", "retry": "retried"}
        allowed = ", ".join(sources(action))
        fix = f"That is for jobs that are {allowed}."
        if job.state == "done" and action == "retry":
            fix = "Its set stands. `icl-studio queue duplicate` makes another one."
        raise _refused(job, done.get(action, action), fix)
    return job


def _check_makes_a_set(job: Job, what: str) -> None:
    if job.kind != "generate":
        raise QueueProblem(
            f"The job {job.id} is of the kind {job.kind} and cannot be {what}.",
            fix=f"Cancel it and queue another: `icl-studio {COMMANDS[job.kind]} … --queue`.",
        )


COMMANDS: Final[dict[Kind, str]] = {
    "generate": "make",
    "train": "train",
    "export": "engines export",
    "build": "engines build",
    "evaluate": "evaluate",
    "caption": "dataset caption",
}
"""The command that asks for work of a kind."""


def _refused(job: Job, what: str, fix: str) -> QueueProblem:
    return QueueProblem(f"The job {job.id} is {job.state} and cannot be {what}.", fix=fix)
