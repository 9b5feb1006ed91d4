"""Taking back a retry: while nobody has taken the job, and never under a worker's hands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.domain.request import SetRequest
from icl_studio.errors import QueueProblem
from icl_studio.paths import UserFolders
from icl_studio.queue import control, undo
from icl_studio.queue.claims import Claim, Claims
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import Job, JobError, NewJob
from icl_studio.queue.store import Store
from icl_studio.queue.turns import Worker

MakeJob = Callable[..., NewJob]
REASON = JobError(type="OutOfMemory", message="The card is full.", fix="Make it smaller.")


def claimed(claims: Claims) -> Claim:
    claim = claims.claim(Worker("here"), affinity=False)
    assert claim is not None
    return claim


@pytest.fixture
def failed(store: Store, claims: Claims, new_job: MakeJob) -> Callable[[], str]:
    """A job that was tried once and failed with a reason."""

    def make() -> str:
        (id,) = store.add([new_job()])
        claim = claimed(claims)
        claims.begin(claim, id, None)
        claims.settle(claim, id, "failed", error=REASON)
        return id

    return make


def without_place(job: Job) -> dict[str, object]:
    return job.model_dump(exclude={"order"})


def test_a_retry_that_nobody_has_taken_is_taken_back_whole(
    store: Store, claims: Claims, failed: Callable[[], str], new_job: MakeJob
) -> None:
    lost = failed()
    (poison, off) = store.add([new_job(), new_job()])
    control.cancel(store, [off])
    for _ in range(3):
        claim = claimed(claims)
        claims.begin(claim, poison, None)
        claims.died(claim, poison, "died", "exit code 70")
    ids = [lost, poison, off]
    before = [without_place(store.get(id)) for id in ids]
    assert [job["state"] for job in before] == ["failed", "quarantined", "cancelled"]
    retried = control.retry(store, ids)
    assert {store.get(id).state for id in ids} == {"waiting"}
    changes = store.changes()
    assert undo.take_back(store, retried) == (tuple(ids), {})
    assert [without_place(store.get(id)) for id in ids] == before
    assert store.changes() > changes  # windows hear of it
    control.retry(store, ids)  # and it can be tried again as ever
    assert claims.claim(Worker("here")) is not None


def test_a_job_that_a_worker_has_claimed_stays_with_it(
    store: Store, claims: Claims, failed: Callable[[], str]
) -> None:
    first, second = failed(), failed()
    retried = control.retry(store, [first, second])
    claim = claimed(claims)
    assert [job.id for job in claim.jobs] == [first]
    taken = undo.take_back(store, retried)
    assert taken == ((second,), {first: "running"})
    assert store.get(second).error == REASON
    assert claims.settle(claim, first, "done", folder="set")  # the lease was not touched
    assert undo.take_back(store, retried[:1]) == ((), {first: "done"})


def test_a_job_that_was_begun_and_waits_again_is_not_taken_back(
    store: Store, claims: Claims, failed: Callable[[], str]
) -> None:
    id = failed()
    retried = control.retry(store, [id])
    claim = claimed(claims)
    claims.begin(claim, id, None)
    claims.settle(claim, id, "waiting")  # the run was stopped between two steps
    assert undo.take_back(store, retried) == ((), {id: "waiting"})
    assert store.get(id).error is None


def test_what_was_changed_paused_or_cleared_in_between_is_left_as_it_is(
    store: Store,
    failed: Callable[[], str],
    request_of: Callable[..., SetRequest],
) -> None:
    changed, paused, cleared = failed(), failed(), failed()
    retried = control.retry(store, [changed, paused, cleared])
    control.edit(store, changed, request_of(seed=99))
    control.pause(store, [paused])
    control.cancel(store, [cleared])
    control.clear(store)
    kept = {changed: "waiting", paused: "paused", cleared: None}
    assert undo.take_back(store, retried) == ((), kept)
    assert store.get(changed).seed == 99


@pytest.mark.parametrize("turn", range(2))
def test_in_a_race_with_a_claim_a_job_is_made_or_taken_back_never_both(
    folders: UserFolders, store: Store, failed: Callable[[], str], turn: int
) -> None:
    ids = [failed() for _ in range(8)]
    retried = control.retry(store, ids)
    got: list[str] = []
    start = threading.Barrier(2)

    def work() -> None:
        with Database(queue_file(folders)) as database:
            start.wait()
            while (claim := Claims(database).claim(Worker("other"), affinity=False)) is not None:
                got.extend(job.id for job in claim.jobs)

    thread = threading.Thread(target=work)
    thread.start()
    start.wait()
    back = [id for was in reversed(retried) for id in undo.take_back(store, [was]).back]
    thread.join()
    assert sorted([*got, *back]) == sorted(ids)
    assert {store.get(id).state for id in got} <= {"running"}
    assert {store.get(id).state for id in back} <= {"failed"}


def test_a_retry_that_is_refused_changes_nothing_and_gives_nothing_to_take_back(
    store: Store, failed: Callable[[], str], new_job: MakeJob, tmp_path: Path
) -> None:
    lost = failed()
    (waits,) = store.add([new_job()])
    with pytest.raises(QueueProblem, match="is waiting and cannot be retried"):
        control.retry(store, [lost, waits])
    assert store.get(lost).error == REASON
