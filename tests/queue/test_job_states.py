"""States of a job: one table says what there is; code, database and documents agree with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from icl_studio.errors import QueueProblem
from icl_studio.queue import control, kinds
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database
from icl_studio.queue.job import NewJob
from icl_studio.queue.states import ACTIONS, STATES, State, sources, states_table
from icl_studio.queue.store import Store
from icl_studio.queue.turns import Worker

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "queue.md"
MakeJob = Callable[..., NewJob]


def in_state(store: Store, claims: Claims, job: NewJob, state: State) -> str:
    """A job brought into ``state`` on the ways there are."""
    (id,) = store.add([job])
    if state == "paused":
        control.pause(store, [id])
    elif state == "cancelled":
        control.cancel(store, [id])
    elif state != "waiting":
        for _ in range(3 if state == "quarantined" else 1):
            claim = claims.claim(Worker("here"))
            assert claim is not None
            if state == "quarantined":
                claims.begin(claim, id, None)
                claims.died(claim, id, "died", "exit code 70")
            elif state in ("done", "failed"):
                claims.settle(claim, id, state)  # type: ignore[arg-type]
    assert store.get(id).state == state
    return id


def test_every_state_is_named_and_done_is_the_end() -> None:
    assert set(STATES) == set(get_args(State))
    assert all("done" not in action.sources for action in ACTIONS.values())
    reachable = {"waiting"} | {action.target for action in ACTIONS.values()}
    assert reachable == set(STATES)


def test_the_document_prints_the_table() -> None:
    assert states_table() in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("action", ["pause", "resume", "cancel", "retry"])
@pytest.mark.parametrize("state", STATES)
def test_a_user_may_do_what_the_table_says_and_nothing_else(
    store: Store, claims: Claims, new_job: MakeJob, state: State, action: str
) -> None:
    id = in_state(store, claims, new_job(), state)
    act = getattr(control, action)
    if state not in sources(action):  # type: ignore[arg-type]
        with pytest.raises(QueueProblem, match=f"is {state} and cannot be"):
            act(store, [id])
        assert store.get(id).state == state
        return
    act(store, [id])
    job = store.get(id)
    if state == "running":  # its worker hears of it
        assert (job.state, job.wish) == ("running", action)
    else:
        assert job.state == ACTIONS[action].target  # type: ignore[index]


def test_the_database_itself_knows_no_other_state(
    database: Database, store: Store, new_job: MakeJob
) -> None:
    (id,) = store.add([new_job()])
    with pytest.raises(sqlite3.IntegrityError), database.write() as connection:
        connection.execute("UPDATE jobs SET state = 'lost' WHERE id = ?", (id,))


def test_kinds_without_a_runner_are_refused_by_name(
    store: Store, new_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {kind: carried for kind, carried in kinds.KINDS.items() if kind != "export"}
    monkeypatch.setattr(kinds, "KINDS", fewer)
    with pytest.raises(QueueProblem, match="'export' cannot be queued in this version"):
        store.add([new_job(kind="export")])
    assert store.count() == 0


def test_a_job_is_frozen(new_job: MakeJob) -> None:
    with pytest.raises(ValueError, match="frozen"):
        new_job().priority = 3
