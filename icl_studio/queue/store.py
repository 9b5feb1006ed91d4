"""Adding jobs, and everything a list, a window or a script asks about them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..domain.request import SetRequest
from ..errors import InternalError, NotFound, QueueProblem
from . import sql
from .brief import Brief
from .database import Database
from .job import Attempt, Job, JobError, JobRow, NewJob, load_key, now, share_key, work_of
from .kinds import asked_class, check_kind
from .states import STATES, State

STEP = 2**20
"""Distance between two neighbours in the order, so that others fit between them."""

Order = Literal["turn", "newest"]


class Progress(NamedTuple):
    """How far a running job is; ``eta`` in seconds, ``preview`` a picture's path."""

    phase: str
    step: int
    total: int
    eta: float | None
    preview: str | None


class Filter(NamedTuple):
    """Which jobs: all conditions must hold. ``text`` is looked for in name, summary, group, id."""

    states: tuple[State, ...] = ()
    group: str | None = None
    task: str | None = None
    kind: str | None = None
    text: str = ""


EVERYTHING = Filter()


class Store:
    """What there is in the queue. Reading never waits for writers (WAL)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, jobs: Sequence[NewJob]) -> tuple[str, ...]:
        """Append ``jobs`` in this order; all or none. Their ids, which their sets will have.

        Raises :class:`QueueProblem` for a kind that cannot run yet, an id that is taken, and
        a dependency that is not in the queue (jobs added together may need each other).
        """
        for kind in {job.kind for job in jobs}:
            check_kind(kind)
        for job in jobs:
            if not isinstance(job.request, asked_class(job.kind)):
                raise InternalError(f"A {job.kind} job cannot be asked with {type(job.request)}.")
        ids = [job.id for job in jobs]
        if len(set(ids)) != len(ids):
            raise QueueProblem("Two of these jobs have the same id.", fix="Add each job once.")
        created = now()
        with self.database.write() as connection:
            self._check_new(ids, {need for job in jobs for need in job.needs})
            last = connection.execute(sql.LAST_POSITION).fetchone()["last"]
            values = (_values(job, last + STEP * n, created) for n, job in enumerate(jobs, 1))
            connection.executemany(sql.ADD, values)
            needs = [{"job": job.id, "needs": need} for job in jobs for need in job.needs]
            connection.executemany(sql.ADD_NEED, needs)
        return tuple(ids)

    def _check_new(self, ids: Sequence[str], needs: Iterable[str]) -> None:
        taken = self.database.rows(sql.KNOWN, {"ids": json.dumps(ids)})
        if taken:
            raise QueueProblem(
                f"The job {taken[0]['id']} is in the queue already.", fix="Add each job once."
            )
        wanted = sorted(set(needs) - set(ids))
        known = {row["id"] for row in self.database.rows(sql.KNOWN, {"ids": json.dumps(wanted)})}
        for need in wanted:
            if need not in known:
                raise QueueProblem(
                    f"A job needs {need}, which is not in the queue.",
                    fix="Add the job that it needs first.",
                )

    def get(self, id: str) -> Job:
        """The whole job called ``id``; raises :class:`NotFound`."""
        row = self.database.row(sql.JOB, {"id": id})
        if row is None:
            raise NotFound(
                f"There is no job {id!r} in the queue.", fix="See `icl-studio queue list`."
            )
        needs = tuple(need["needs"] for need in self.database.rows(sql.NEEDS, {"job": id}))
        origin = json.loads(row["origin"])
        return Job(**_row_fields(row, ("payload", "set_name")), needs=needs, origin=origin)

    def find(self, word: str) -> tuple[str, ...]:
        """Ids that ``word`` means: a job's id, a unique start or end of one, or a group's name.

        Raises :class:`NotFound` for none and for more than one that are no group.
        """
        if self.database.row(sql.JOB, {"id": word}) is not None:
            return (word,)
        group = self.database.rows(sql.IDS_IN_GROUP, {"group": word}) if word else []
        if group:
            return tuple(row["id"] for row in group)
        likes = {"start": f"{_escaped(word)}%", "end": f"%{_escaped(word)}"}
        found = self.database.rows(sql.IDS_LIKE, likes) if len(word) >= 3 else []
        if len(found) == 1:
            return (found[0]["id"],)
        if found:
            some = ", ".join(row["id"] for row in found[:5])
            raise NotFound(f"Several jobs fit {word!r}: {some}.", fix="Give more of the id.")
        raise NotFound(
            f"There is no job or group {word!r} in the queue.", fix="See `icl-studio queue list`."
        )

    def page(
        self,
        which: Filter = EVERYTHING,
        *,
        offset: int = 0,
        limit: int = -1,
        order: Order = "turn",
    ) -> list[JobRow]:
        """A page of jobs, in the order of their turns or newest first; -1 is all."""
        where, parameters = _where(which)
        statement = sql.LIST.format(where=where, order=sql.ORDERS[order])
        parameters |= {"limit": limit, "offset": offset}
        return [JobRow(**_row_fields(row)) for row in self.database.rows(statement, parameters)]

    def count(self, which: Filter = EVERYTHING) -> int:
        """How many jobs there are of a kind, for a page's scroll bar."""
        where, parameters = _where(which)
        row = self.database.row(sql.COUNT.format(where=where), parameters)
        return int(row["n"]) if row else 0

    def ids(self, states: Iterable[State]) -> tuple[str, ...]:
        """Ids of all jobs in ``states``, in the order of their turns."""
        rows = self.database.rows(sql.IDS_IN_STATE, {"states": json.dumps(list(states))})
        return tuple(row["id"] for row in rows)

    def summary(self) -> dict[State, int]:
        """How many jobs are in each state; every state is named."""
        found = {row["state"]: row["n"] for row in self.database.rows(sql.SUMMARY)}
        return {state: found.get(state, 0) for state in STATES}

    def groups(self) -> dict[str, Counter[State]]:
        """Each group with its jobs by state, oldest first; ``""`` are jobs without a group."""
        found: dict[str, Counter[State]] = {}
        for row in self.database.rows(sql.GROUPS):
            found.setdefault(row["group"], Counter())[row["state"]] += row["n"]
        return found

    def changes(self) -> int:
        """A number that grows with every change of any job: cheap to poll, say twice a second.

        Progress does not count; ask :meth:`progress` for that.
        """
        return self._counter("changes")

    @property
    def paused(self) -> bool:
        """Whether the whole queue is paused: nothing is claimed, what runs goes on."""
        return bool(self._counter("paused"))

    def progress(self) -> dict[str, Progress]:
        """How far every running job is, by its id."""
        rows = self.database.rows(sql.PROGRESS)
        return {row["job"]: Progress(*tuple(row)[1:]) for row in rows}

    def attempts(self, id: str) -> list[Attempt]:
        """Every attempt at a job, first to last."""
        rows = self.database.rows(sql.ATTEMPTS, {"job": id})
        return [Attempt(**{k: row[k] for k in Attempt.model_fields}) for row in rows]

    def _counter(self, name: str) -> int:
        row = self.database.row(sql.COUNTER, {"name": name})
        return int(row["value"]) if row else 0


def brief_values(brief: Brief, kind: str, id: str) -> dict[str, Any]:
    """The columns that follow from a brief. Such a job is claimed by itself."""
    return {
        "payload": brief.model_dump_json(),
        "task": brief.task,
        "name": brief.name,
        "summary": brief.summary[:200],
        "seed": 0,
        "model": brief.model,
        "load_key": kind,
        "share_key": f"{kind} {id}",
        "work": 0,
    }


def request_values(request: SetRequest) -> dict[str, Any]:
    """The columns that follow from a request."""
    return {
        "payload": request.model_dump_json(),
        "task": request.task,
        "name": request.name,
        "summary": request.parts.summary[:200],
        "seed": request.seed,
        "model": request.model,
        "load_key": load_key(request),
        "share_key": share_key(request),
        "work": work_of(request),
    }


def _values(job: NewJob, position: int, created: int) -> dict[str, Any]:
    asked = job.request
    return {
        **(brief_values(asked, job.kind, job.id) if isinstance(asked, Brief) else {}),
        **(request_values(asked) if isinstance(asked, SetRequest) else {}),
        "id": job.id,
        "kind": job.kind,
        "state": "paused" if job.paused else "waiting",
        "group": job.group,
        "priority": job.priority,
        "position": position,
        "not_before": job.not_before,
        "out": str(job.out.absolute()),
        "set_name": job.set_name,
        "origin": json.dumps(job.origin, ensure_ascii=False),
        "created": created,
    }


def _row_fields(row: sqlite3.Row, more: Sequence[str] = ()) -> dict[str, Any]:
    fields = {name: row[name] for name in (*JobRow.model_fields, *more)}
    if fields["error"] is not None:
        fields["error"] = JobError.model_validate_json(fields["error"])
    return fields | {"out": Path(fields["out"]), "folder": _path(fields["folder"])}


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _where(which: Filter) -> tuple[str, dict[str, Any]]:
    """The conditions of a filter as SQL, and what they are filled with."""
    parameters: dict[str, Any] = {}
    if len(which.states) == 1:  # an equality lets the index give the order as well
        parameters["state"] = which.states[0]
    elif which.states:
        parameters["states"] = json.dumps(which.states)
    named = {"group": which.group, "task": which.task, "kind": which.kind}
    parameters |= {name: value for name, value in named.items() if value is not None}
    if which.text:
        parameters["text"] = f"%{_escaped(which.text)}%"
    return " AND ".join(sql.FILTERS[name] for name in parameters) or "1", parameters


def _escaped(text: str) -> str:
    """``text`` for LIKE, in which ``%`` and ``_`` stand for themselves."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
