"""Sets that stand although their jobs are not done: found, and the jobs marked done.

That happens when a studio died between the rename of a set (the commit) and the note in the
database, and when the database was restored from an older copy. The rename counts.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..sets.library import Library
from ..sets.locks import sweep
from . import sql
from .job import now
from .store import Store


def find_finished(store: Store, ids: Collection[str] | None = None) -> dict[str, Path]:
    """Mark jobs (of ``ids``; None: all) whose sets stand as done; the sets' folders by id.

    One pass through each results folder. A running job is marked too: its worker, or a
    successor of it, will find the same set and be told that the job is done.
    """
    places: dict[str, set[str]] = {}
    for row in store.database.rows(sql.UNFINISHED):
        if ids is None or row["id"] in ids:
            places.setdefault(row["out"], set()).add(row["id"])
    found: dict[str, Path] = {}
    for out, wanted in places.items():
        found |= Library(Path(out)).find_ids(wanted)
    if found:
        moment = now()
        with store.database.write() as connection:
            for id, folder in found.items():
                connection.execute(sql.FOUND, {"id": id, "folder": str(folder), "now": moment})
                ending = {"id": id, "now": moment, "outcome": "done", "evidence": "found finished"}
                connection.execute(sql.END_ATTEMPT, ending)
                connection.execute(sql.DROP_PROGRESS, {"id": id})
    return found


def tidy(store: Store) -> None:
    """Remove what killed workers have left in the results folders.

    Saving a set does that too; but after the last set of a night nothing is saved any more.
    """
    for row in store.database.rows(sql.RESULTS_FOLDERS):
        sweep(Path(row["out"]))
