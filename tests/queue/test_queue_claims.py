"""Who works on which jobs: order, affinity without starvation, leases that end without a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_studio.domain.request import SetRequest
from icl_studio.engines.protocol import LocatedModel
from icl_studio.queue import control
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database
from icl_studio.queue.job import NewJob, now
from icl_studio.queue.store import Store
from icl_studio.queue.studios import Studio, Watch, reap
from icl_studio.queue.turns import WINDOW, Worker

MakeJob = Callable[..., NewJob]
HERE = Worker("here")


@pytest.fixture
def two_models(fake_model: Callable[..., LocatedModel]) -> tuple[LocatedModel, LocatedModel]:
    return fake_model("eins"), fake_model("zwei")


def drain(claims: Claims, worker: Worker = HERE, **how: Any) -> list[list[str]]:
    """All claims of one worker that finishes everything, as lists of ids."""
    found = []
    while (claim := claims.claim(worker, **how)) is not None:
        worker = claim.worker
        for job in claim.jobs:
            assert claims.settle(claim, job.id, "done", folder="x")
        found.append([job.id for job in claim.jobs])
    return found


def test_jobs_that_share_model_adapters_and_canvas_are_claimed_together(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    one, two = two_models
    jobs = [new_job(one if n % 2 else two, seed=n) for n in range(6)]
    ids = store.add(jobs)
    assert drain(claims) == [[ids[0], ids[2], ids[4]], [ids[1], ids[3], ids[5]]]


def test_a_claim_has_a_limit_and_a_change_of_steps_is_another_claim(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    one, _ = two_models
    store.add([new_job(one, steps=2 + n // 5) for n in range(10)])
    assert [len(ids) for ids in drain(claims, size=4)] == [4, 1, 4, 1]


def test_first_in_first_out_is_there_for_comparison(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    ids = store.add([new_job(two_models[n % 2]) for n in range(4)])
    assert drain(claims, affinity=False) == [[id] for id in ids]


def test_priority_goes_before_what_is_loaded(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    one, two = two_models
    warm = store.add([new_job(one) for _ in range(3)])
    claim = claims.claim(HERE, size=1)
    assert claim is not None and claim.jobs[0].id == warm[0]
    (urgent,) = store.add([new_job(two, priority=1)])
    after = claims.claim(claim.worker, size=1)
    assert after is not None and after.jobs[0].id == urgent


def test_a_lone_job_sees_at_most_so_many_later_ones_begin_before_it(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    """The documented bound, with a queue that suits the loaded model for far longer."""
    one, two = two_models
    template = new_job(one)
    shared = [template.model_copy(update={"id": f"shared-{n}"}) for n in range(3 * WINDOW)]
    lone = new_job(two)
    order = store.add([*shared[:2], lone, *shared[2:]])
    begun = [id for ids in drain(claims) for id in ids]
    assert sorted(begun) == sorted(order)
    before = begun[: begun.index(lone.id)]
    later = set(order[3:])
    overtaken = len(later & set(before))
    assert WINDOW // 2 < overtaken <= WINDOW


def test_a_worker_that_must_load_prefers_what_no_other_has_loaded(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any, database: Database
) -> None:
    one, two = two_models
    ids = store.add([*(new_job(one) for _ in range(20)), new_job(two)])
    first = claims.claim(Worker("here", 0), size=2)
    second = claims.claim(Worker("here", 1), size=2)
    assert first is not None and [job.id for job in first.jobs] == list(ids[:2])
    assert second is not None and [job.id for job in second.jobs] == [ids[-1]]


def test_several_workers_share_what_there_is(
    store: Store, claims: Claims, new_job: MakeJob, two_models: Any
) -> None:
    store.add([new_job(two_models[0]) for _ in range(8)])
    sizes = []
    for n in range(4):
        claim = claims.claim(Worker("here", n))
        sizes.append(len(claim.jobs) if claim else 0)
    assert sizes == [8, 0, 0, 0]  # nobody else was there when the first one asked
    for id in store.ids(["running"]):
        control.cancel(store, [id])


def test_hold_needs_pause_and_closed_folders(
    store: Store, claims: Claims, new_job: MakeJob, out: Path
) -> None:
    held, first = store.add([new_job(not_before=now() + 60_000), new_job()])
    (second,) = store.add([new_job(needs=(first,))])
    assert claims.claim(HERE, closed=[out.absolute()]) is None
    control.pause_queue(store)
    assert claims.claim(HERE) is None
    control.pause_queue(store, False)
    assert store.get(second).blocked_by == first
    claim = claims.claim(HERE)
    assert claim is not None and [job.id for job in claim.jobs] == [first]
    assert claims.claim(HERE) is None
    claims.settle(claim, first, "failed")
    assert claims.claim(HERE) is None
    assert claims.still_to_come() == (0, 1, 2)  # the held one will come, the other not
    control.retry(store, [first])
    assert drain(claims) == [[first], [second]]
    control.schedule(store, [held], at_once=True)
    assert drain(claims) == [[held]]


def test_a_job_that_ended_a_worker_is_tried_alone(
    store: Store, claims: Claims, new_job: MakeJob
) -> None:
    ids = store.add([new_job(seed=n) for n in range(3)])
    claim = claims.claim(HERE)
    assert claim is not None and len(claim.jobs) == 3
    claims.begin(claim, ids[0], None)
    for id in ids:
        assert claims.died(claim, id, "died", "exit code 70") == "waiting"
    assert [store.get(id).crashes for id in ids] == [1, 0, 0]
    assert drain(claims, claim.worker) == [[ids[0]], [ids[1], ids[2]]]


def test_only_the_holder_of_a_lease_can_settle(
    store: Store, claims: Claims, new_job: MakeJob
) -> None:
    (id,) = store.add([new_job()])
    late = claims.claim(Worker("one"))
    assert late is not None
    claims.died(late, id, "lost", "given up")
    holder = claims.claim(Worker("two"))
    assert holder is not None
    assert not claims.settle(late, id, "failed")
    assert claims.died(late, id, "died", "late") is None
    assert store.get(id).state == "running"
    assert claims.settle(holder, id, "done", folder="x")


def test_a_wish_that_no_worker_heard_any_more_is_granted(
    store: Store, claims: Claims, new_job: MakeJob
) -> None:
    one, two = store.add([new_job(), new_job()])
    claim = claims.claim(HERE)
    assert claim is not None
    control.cancel(store, [one])
    control.pause(store, [two])
    assert claims.wishes(claim) == {one: "cancel", two: "pause"}
    assert claims.died(claim, one, "died", "") == "cancelled"
    assert claims.died(claim, two, "died", "") == "paused"


def test_the_leases_of_a_dead_studio_end_at_once_and_of_a_living_one_never(
    database: Database, store: Store, claims: Claims, new_job: MakeJob
) -> None:
    ids = store.add([new_job(), new_job()])
    with Studio(database.file, beat_seconds=30) as alive:
        claim = claims.claim(Worker(alive.id), size=1)
        assert claim is not None
        claims.claim(Worker("dead"), size=1)  # a studio of which no lock is held
        assert reap(database) == [(ids[1], "waiting")]
        assert [store.get(id).state for id in ids] == ["running", "waiting"]
    assert store.get(ids[0]).state == "waiting"  # given back when it ended


def test_a_studio_that_lives_but_does_not_beat_is_given_up(
    database: Database, store: Store, claims: Claims, new_job: MakeJob
) -> None:
    (id,) = store.add([new_job()])
    with Studio(database.file, beat_seconds=60) as stuck:
        assert claims.claim(Worker(stuck.id)) is not None
        watch = Watch(stuck_seconds=0.2)
        end = time.monotonic() + 20
        while store.get(id).state == "running":
            assert time.monotonic() < end
            reap(database, watch=watch)
            time.sleep(0.05)
        again = claims.claim(Worker(stuck.id))  # it came to life again, and is back
        assert again is not None and again.jobs[0].id == id


def test_no_lease_asks_a_clock(
    database: Database,
    store: Store,
    claims: Claims,
    new_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set back by a year and forward by two: a living studio keeps its claim."""
    (id,) = store.add([new_job()])
    with Studio(database.file, beat_seconds=0.05) as alive:
        claim = claims.claim(Worker(alive.id))
        assert claim is not None
        watch = Watch(stuck_seconds=5)
        for years in (-1, 2):
            shifted = now() + years * 365 * 86_400_000
            for module in ("claims", "studios", "store"):
                monkeypatch.setattr(f"icl_studio.queue.{module}.now", lambda at=shifted: at)
            monkeypatch.setattr(time, "time", lambda at=shifted: at / 1000)
            for _ in range(3):
                assert reap(database, watch=watch) == []
                time.sleep(0.02)
        assert claims.settle(claim, id, "done", folder="x")


def test_a_sleeping_laptop_gives_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    watch = Watch(stuck_seconds=60)
    assert watch.look({"a": 5}) == []
    moment += 8 * 3600
    assert watch.look({"a": 5}) == []
    for _ in range(30):
        moment += 3
        gone = watch.look({"a": 5})
    assert gone == ["a"]


def test_requests_that_share_a_key_share_what_a_claim_needs(
    request_of: Callable[..., SetRequest], two_models: Any
) -> None:
    from icl_studio.queue.job import load_key, share_key

    one, two = two_models
    base = request_of(one)
    assert share_key(base) == share_key(request_of(one, seed=99, name="other"))
    for other in (request_of(one, steps=3), request_of(one, exact=True), request_of(two)):
        assert share_key(base) != share_key(other)
    assert load_key(base) == load_key(request_of(one, steps=3)) != load_key(request_of(two))
