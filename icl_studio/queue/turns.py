"""Whose turn it is: which jobs a worker takes next.

Strictly by priority; within one, by order, with one exception: a worker may take a job that
stands behind others when it shares what the worker holds in memory, as long as it stands at
most :data:`WINDOW` places behind the first job that could run. So jobs that share a model
follow each other, and yet no job sees more than ``WINDOW`` later ones begin before it:
whatever is claimed while it waits stands at most so far behind the first, and the first is
it or stands before it.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from . import sql

WINDOW: Final = 48
"""Places behind the first job from which a worker may take what suits it."""


class Worker(NamedTuple):
    """A worker as the queue knows it: its studio, its number there, what it holds."""

    studio: str
    number: int = 0
    load_key: str = ""
    share_key: str = ""


def choose(
    connection: sqlite3.Connection,
    worker: Worker,
    head: sqlite3.Row,
    values: dict[str, object],
) -> sqlite3.Row:
    """The first job that shares most with what ``worker`` holds, else ``head``, the first of all.

    A worker that has to load anew prefers a model that no other worker has loaded. ``values``
    are the parameters of the window's statements.
    """
    if head["share_key"] == worker.share_key:
        return head
    keys = {"share_key": worker.share_key, "load_key": worker.load_key}
    values = {**values, **keys, "studio": worker.studio, "worker": worker.number}
    for statement in (sql.FIRST_SHARING, sql.FIRST_LOADED, sql.FIRST_NOT_LOADED):
        found: sqlite3.Row | None = connection.execute(statement, values).fetchone()
        if found is not None:
            return found
    return head


def members(
    connection: sqlite3.Connection,
    chosen: sqlite3.Row,
    values: dict[str, object],
    size: int,
) -> list[str]:
    """``chosen`` and the jobs that go with it; fewer where other workers want some too.

    A job that ended a worker before is taken alone, so that it takes no others along.
    """
    if chosen["crashes"]:
        return [chosen["id"]]
    keys = {name: chosen[name] for name in ("share_key", "kind", "position")}
    values = {**values, **keys}
    fitting = connection.execute(sql.COUNT_MEMBERS, values).fetchone()["n"]
    workers = max(1, connection.execute(sql.COUNT_WORKERS).fetchone()["n"])
    values["limit"] = max(1, min(size, -(-fitting // workers)))
    return [row["id"] for row in connection.execute(sql.MEMBERS, values)]
