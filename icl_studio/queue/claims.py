"""Who works on which jobs: claims under a lease, and how each ends.

Which jobs a worker gets is decided in :mod:`.turns`.

**The lease.** A claim has a number; only its holder, by that number, can settle its jobs, so
that a holder that was given up cannot overwrite what its successor did. When a lease is over
is told by :mod:`.studios`, without any clock.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ..domain.events import Progress as ProgressEvent
from . import sql
from .database import Database
from .job import Job, JobError, now
from .kinds import KINDS
from .retries import CRASHES_UNTIL_QUARANTINE, quarantine_error
from .states import State
from .store import STEP, Store
from .turns import WINDOW, Worker, choose, members

CLAIM_SIZE: Final = 8

Ending = Literal["done", "failed", "cancelled", "paused", "waiting"]
Death = Literal["died", "hung", "lost"]


class Claim(NamedTuple):
    """Jobs that one worker has taken, to be carried out in this order."""

    number: int
    worker: Worker
    jobs: tuple[Job, ...]


class Claims:
    """Claims, their progress and their ends. One instance a thread, as its database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = Store(database)

    def claim(
        self,
        worker: Worker,
        *,
        size: int = CLAIM_SIZE,
        closed: Collection[Path] = (),
        affinity: bool = True,
        kinds: Sequence[str] | None = None,
    ) -> Claim | None:
        """Take the jobs that ``worker`` should do next; None when none can run now.

        ``closed`` are results folders that cannot be written at present. ``affinity=False``
        is first in, first out, one by one. ``kinds`` are those the worker does, None all.
        """
        places = json.dumps([str(path) for path in closed])
        moment: dict[str, object] = {
            "now": now(),
            "closed": places,
            "kinds": json.dumps(list(KINDS if kinds is None else kinds)),
        }
        # A look without the lock: an idle worker must not hold up those that work.
        if self._store.paused or self._database.row(sql.HEAD, moment) is None:
            return None
        with self._database.write() as connection:
            head = connection.execute(sql.HEAD, moment).fetchone()
            if head is None or self._store.paused:
                return None
            ids = [head["id"]]
            chosen = head
            if affinity:
                window = {"priority": head["priority"], "window": head["position"] + WINDOW * STEP}
                chosen = choose(connection, worker, head, {**moment, **window})
                ids = members(connection, chosen, {**moment, **window}, size)
            # Given up while it was stuck, a studio that came to life again is back with this.
            me = {"id": worker.studio, "pid": os.getpid(), "began": now()}
            connection.execute(sql.JOIN, me)
            number = connection.execute(sql.NEXT_CLAIM).fetchone()["value"]
            holder = worker._replace(load_key=chosen["load_key"], share_key=chosen["share_key"])
            values = {"studio": worker.studio, "worker": worker.number, "claim": number}
            for id in ids:
                connection.execute(sql.CLAIM, {**values, "id": id})
            keys = {"load_key": holder.load_key, "share_key": holder.share_key}
            connection.execute(sql.SET_WORKER, {**values, **keys})
        return Claim(number, holder, tuple(self._store.get(id) for id in ids))

    def begin(self, claim: Claim, id: str, log: Path | None) -> None:
        """Work on a claimed job begins: from here on its worker's death counts against it."""
        values = {"id": id, "claim": claim.number, "now": now()}
        with self._database.write() as connection:
            row = connection.execute(sql.BEGIN_ATTEMPT, values).fetchone()
            if row is not None:
                attempt = {"number": row["attempts"], "log": str(log) if log else None}
                who = {"studio": claim.worker.studio, "worker": claim.worker.number}
                connection.execute(sql.ADD_ATTEMPT, {**values, **attempt, **who})

    def settle(
        self,
        claim: Claim,
        id: str,
        state: Ending,
        *,
        error: JobError | None = None,
        folder: str | None = None,
        seconds: float | None = None,
        evidence: str = "",
    ) -> bool:
        """End the work on a job of ``claim``; False when its lease was over before.

        ``waiting`` gives it back without blame: the run was stopped, its folder cannot be
        written at present, or its place was lost, which ``evidence`` says.
        """
        outcome = state if state != "waiting" else "lost" if evidence else "stopped"
        with self._database.write() as connection:
            return _settle(
                connection,
                id,
                claim.number,
                state,
                outcome=outcome,
                error=error,
                folder=folder,
                seconds=seconds,
                evidence=evidence,
            )

    def died(self, claim: Claim, id: str, how: Death, evidence: str) -> State | None:
        """The worker ended under a job: it waits again, or is quarantined the third time.

        Only a job on which work had begun is blamed. None when the lease was over before.
        """
        with self._database.write() as connection:
            return _died(connection, id, claim.number, how, evidence)

    def wishes(self, claim: Claim) -> dict[str, str]:
        """Jobs of ``claim`` that are to be stopped: ``cancel`` or ``pause`` by id."""
        rows = self._database.rows(sql.WISHES, {"claim": claim.number})
        return {row["id"]: row["wish"] for row in rows}

    def tell(self, event: ProgressEvent) -> None:
        """Store how far a job is, for whoever looks; wakes nobody."""
        values = event.model_dump(include={"job", "phase", "step", "total", "eta", "preview"})
        with self._database.write(tell=False) as connection:
            connection.execute(sql.TELL_PROGRESS, values)

    def still_to_come(self, closed: Collection[Path] = ()) -> tuple[int, int, int]:
        """How many jobs run, could run now or when their time has come, and wait at all."""
        places = json.dumps([str(path) for path in closed])
        row = self._database.row(
            sql.STILL_TO_COME, {"closed": places, "kinds": json.dumps(list(KINDS))}
        )
        return (row["running"], row["ready"], row["waiting"]) if row else (0, 0, 0)


def give_up(database: Database, studio: str, evidence: str) -> list[tuple[str, State]]:
    """End all leases of a studio that is gone, and forget it; its jobs and their new states."""
    found: list[tuple[str, State]] = []
    with database.write() as connection:
        jobs: Sequence[sqlite3.Row] = connection.execute(
            sql.JOBS_OF_STUDIO, {"studio": studio}
        ).fetchall()
        for job in jobs:
            state = _died(connection, job["id"], job["claim"], "lost", evidence)
            if state is not None:
                found.append((job["id"], state))
        connection.execute(sql.DROP_STUDIO, {"id": studio})
    return found


def _settle(
    connection: sqlite3.Connection,
    id: str,
    claim: int,
    state: State,
    *,
    outcome: str,
    error: JobError | None = None,
    folder: str | None = None,
    seconds: float | None = None,
    evidence: str = "",
    crash: bool = False,
) -> bool:
    moment = now()
    values = {
        "id": id,
        "claim": claim,
        "state": state,
        "error": error.model_dump_json() if error else None,
        "folder": folder,
        "finished": None if state in ("waiting", "paused") else moment,
        "seconds": seconds,
        "crash": int(crash),
    }
    if connection.execute(sql.SETTLE, values).fetchone() is None:
        return False
    told = evidence or (error.message if error else "")
    ending = {"id": id, "now": moment, "outcome": outcome, "evidence": told}
    connection.execute(sql.END_ATTEMPT, ending)
    connection.execute(sql.DROP_PROGRESS, {"id": id})
    return True


def _died(
    connection: sqlite3.Connection, id: str, claim: int, how: Death, evidence: str
) -> State | None:
    begun = connection.execute(sql.OPEN_ATTEMPT, {"id": id}).fetchone() is not None
    held = connection.execute(sql.HELD, {"id": id, "claim": claim}).fetchone()
    if held is None:
        return None
    # A stop that was asked for came before its worker heard of it.
    wish = {"pause": "paused", "cancel": "cancelled"}.get(held["wish"], "waiting")
    state: State = wish  # type: ignore[assignment]
    error = None
    if begun and state == "waiting" and held["crashes"] + 1 >= CRASHES_UNTIL_QUARANTINE:
        state, error = "quarantined", quarantine_error(id, how, evidence)
    _settle(connection, id, claim, state, outcome=how, error=error, evidence=evidence, crash=begun)
    return state
