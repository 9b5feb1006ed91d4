"""What is added stays, in order; lists, filters and pages say what there is."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from icl_studio.domain.request import SetRequest
from icl_studio.errors import NotFound, QueueBusy, QueueProblem, StorageProblem
from icl_studio.paths import UserFolders
from icl_studio.queue import control, sql, undo
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob, now
from icl_studio.queue.migrations import FIRST, back_up, version_of
from icl_studio.queue.store import Filter, Store
from icl_studio.queue.turns import Worker

MakeJob = Callable[..., NewJob]


def test_a_job_comes_back_as_it_was_added(store: Store, new_job: MakeJob, out: Path) -> None:
    job = new_job(group="nacht", priority=3, origin={"file": "Liste ü.csv", "row": 2}, name="Nr. 1")
    assert store.add([job]) == (job.id,)
    found = store.get(job.id)
    assert found.request == job.request
    assert found.out == out.absolute()
    assert (found.state, found.group, found.priority) == ("waiting", "nacht", 3)
    assert found.origin == {"file": "Liste ü.csv", "row": 2}
    assert (found.task, found.name, found.seed) == ("film-storyboard", "Nr. 1", 7)


def test_jobs_survive_the_program(folders: UserFolders, new_job: MakeJob) -> None:
    with Database(queue_file(folders)) as database:
        ids = Store(database).add([new_job(seed=seed) for seed in range(5)])
    with Database(queue_file(folders)) as database:
        assert tuple(row.id for row in Store(database).page()) == ids


def test_all_are_added_or_none(store: Store, new_job: MakeJob) -> None:
    first = new_job()
    store.add([first])
    with pytest.raises(QueueProblem, match="is in the queue already"):
        store.add([new_job(), first])
    with pytest.raises(QueueProblem, match="needs nobody-1"):
        store.add([new_job(), new_job(needs=("nobody-1",))])
    assert store.count() == 1


def test_pages_filters_and_counts(store: Store, new_job: MakeJob) -> None:
    jobs = [
        new_job(seed=n, group="a" if n % 2 else "b", name=f"Blatt {n} 100%", priority=n // 5)
        for n in range(10)
    ]
    store.add(jobs)
    control.cancel(store, [jobs[0].id])
    turn = [row.seed for row in store.page()]
    assert turn == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]
    assert [row.seed for row in store.page(offset=3, limit=4)] == turn[3:7]
    assert [row.seed for row in store.page(order="newest", limit=2)] == [9, 8]
    assert store.count(Filter(group="a")) == 5
    assert store.count(Filter(states=("waiting",), group="b")) == 4
    assert store.count(Filter(states=("waiting", "cancelled"))) == 10
    assert [row.seed for row in store.page(Filter(text="4 100%"))] == [4]
    assert store.count(Filter(text="_")) == 0
    assert store.summary()["waiting"] == 9 and store.summary()["cancelled"] == 1
    assert store.groups()["b"] == {"waiting": 4, "cancelled": 1}


def test_the_counter_of_changes_tells_a_window_when_to_look(store: Store, new_job: MakeJob) -> None:
    seen = [store.changes()]
    (id,) = store.add([new_job()])
    seen.append(store.changes())
    control.pause(store, [id])
    seen.append(store.changes())
    assert seen == sorted(set(seen))
    store.page()
    assert store.changes() == seen[-1]


def test_a_job_is_named_by_its_id_a_part_of_it_or_its_group(store: Store, new_job: MakeJob) -> None:
    one, two = store.add([new_job(group="nacht"), new_job(group="nacht")])
    assert store.find(one) == (one,)
    assert store.find(two[-6:]) == (two,)
    assert store.find("nacht") == (one, two)
    with pytest.raises(NotFound, match="Several jobs fit"):
        store.find(one[:4])
    for word in ("", "%", "nothing"):
        with pytest.raises(NotFound):
            store.find(word)


def test_moving_reordering_and_priority(store: Store, new_job: MakeJob) -> None:
    a, b, c, d = store.add([new_job() for _ in range(4)])

    def order() -> list[str]:
        return [row.id for row in store.page()]

    control.move(store, [d], "first")
    assert order() == [d, a, b, c]
    control.move(store, [d, a], "last")
    assert order() == [b, c, d, a]
    control.move(store, [a, b], d)
    assert order() == [c, a, b, d]
    control.schedule(store, [d], priority=5)
    assert order() == [d, c, a, b]
    control.move(store, [b], d)
    assert order() == [b, d, c, a]
    with pytest.raises(QueueProblem, match="before itself"):
        control.move(store, [a], a)


def test_moved_jobs_are_put_back_beside_those_they_stood_with(
    store: Store, new_job: MakeJob
) -> None:
    a, b, c, d, e = store.add([new_job() for _ in range(5)])

    def order() -> list[str]:
        return [row.id for row in store.page()]

    control.schedule(store, [d, e], priority=2)
    for ids, where in (([b, c], "last"), ([c, a], d), ([e], "first"), ([b, e], "last")):
        before, stood = order(), undo.stood(store, ids)
        control.move(store, ids, where)
        undo.put_back(store, stood)
        assert order() == before
    stood = undo.stood(store, [a])
    control.move(store, [a], "last")
    control.cancel(store, [b])
    control.clear(store)
    undo.put_back(store, stood)
    assert order() == [d, e, c, a]


def test_any_number_of_moves_into_one_gap(store: Store, new_job: MakeJob) -> None:
    first, *rest = store.add([new_job() for _ in range(3)])
    for _ in range(40):  # halves the gap each time, until it must be widened
        rest.reverse()
        control.move(store, [rest[0]], rest[1])
        assert [row.id for row in store.page()] == [first, *rest]


def test_editing_replaces_the_request_of_a_job_that_waits(
    store: Store, claims: Claims, new_job: MakeJob, request_of: Callable[..., SetRequest]
) -> None:
    (id,) = store.add([new_job()])
    control.edit(store, id, request_of(seed=99))
    assert store.get(id).request.seed == store.page()[0].seed == 99
    claims.claim(Worker("here"))
    with pytest.raises(QueueProblem, match="is running and cannot be edited"):
        control.edit(store, id, request_of(seed=1))


def test_retrying_with_changes_starts_the_count_of_crashes_anew(
    store: Store, claims: Claims, new_job: MakeJob, request_of: Callable[..., SetRequest]
) -> None:
    (id,) = store.add([new_job()])
    for _ in range(3):
        claim = claims.claim(Worker("here"))
        assert claim is not None
        claims.begin(claim, id, Path("worker.log"))
        claims.died(claim, id, "died", "was ended by SIGSEGV")
    assert store.get(id).state == "quarantined"
    error = store.get(id).error
    assert error is not None and "SIGSEGV" in error.message
    control.retry(store, [id], {id: request_of(steps=9)})
    job = store.get(id)
    assert (job.state, job.crashes, job.error, job.attempts) == ("waiting", 0, None, 3)
    assert job.request.sampling.steps == 9
    assert [attempt.outcome for attempt in store.attempts(id)] == ["died"] * 3


def test_a_copy_is_another_job_and_so_another_set(store: Store, new_job: MakeJob) -> None:
    (id,) = store.add([new_job()])
    (copy,) = control.duplicate(store, [id])
    (other,) = control.duplicate(store, [id], seed=8)
    assert len({id, copy, other}) == 3
    assert store.get(copy).request == store.get(id).request
    assert store.get(other).seed == 8
    assert store.get(copy).origin["duplicate_of"] == id


def test_clearing_keeps_what_others_still_need(
    store: Store, claims: Claims, new_job: MakeJob
) -> None:
    (first,) = store.add([new_job()])
    (second, other) = store.add([new_job(needs=(first,)), new_job()])
    control.cancel(store, [first, other])
    assert control.clear(store) == 1
    assert [row.id for row in store.page()] == [first, second]
    control.cancel(store, [second])
    assert control.clear(store) == 2
    assert store.count() == 0


def test_ten_thousand_jobs_are_indexed(store: Store) -> None:
    """What a window asks again and again is answered from an index, not by reading all jobs."""
    turn, state = sql.ORDERS["turn"], sql.FILTERS["state"]
    questions = {
        sql.LIST.format(where="1", order=turn): {"limit": 50, "offset": 0},
        sql.LIST.format(where=state, order=turn): {"state": "done", "limit": 50, "offset": 0},
        sql.COUNT.format(where=state): {"state": "done"},
        sql.HEAD: {"now": now(), "closed": "[]", "kinds": '["generate"]'},
        sql.SUMMARY: {},
    }
    for statement, parameters in questions.items():
        plan = store.database.rows(f"EXPLAIN QUERY PLAN {statement}", parameters)
        told = "\n".join(row["detail"] for row in plan)
        assert "INDEX jobs_" in told, (statement, told)
        assert "USE TEMP B-TREE" not in told, (statement, told)


def test_an_older_database_is_copied_then_brought_up_to_date(
    tmp_path: Path, new_job: MakeJob
) -> None:
    file = tmp_path / "käfer" / "queue.sqlite"
    with Database(file) as database:
        (id,) = Store(database).add([new_job()])
    second = (*FIRST,), ("ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",)
    with Database(file, migrations=second) as database:
        assert database.rows("SELECT colour FROM jobs")[0]["colour"] == "red"
        assert Store(database).get(id).state == "waiting"
    (copy,) = file.parent.glob("*.backup")
    with closing(sqlite3.connect(copy)) as old:
        assert version_of(old) == 1
        assert old.execute("SELECT id FROM jobs").fetchall() == [(id,)]
    with pytest.raises(StorageProblem, match="newer ICL Studio"):
        Database(file)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, new_job: MakeJob) -> None:
    file = tmp_path / "queue.sqlite"
    with Database(file) as database:
        Store(database).add([new_job()])
    broken = FIRST, ("ALTER TABLE jobs ADD COLUMN colour TEXT", "NONSENSE")
    with pytest.raises(sqlite3.OperationalError):
        Database(file, migrations=broken)
    with Database(file) as database:
        assert Store(database).count() == 1


def test_a_copy_made_while_others_write_is_whole(
    database: Database, store: Store, new_job: MakeJob, tmp_path: Path
) -> None:
    store.add([new_job()])
    with closing(sqlite3.connect(database.file)) as raw:
        back_up(raw, tmp_path / "copy.sqlite")
    with Database(tmp_path / "copy.sqlite") as copy:
        assert Store(copy).count() == 1


def test_what_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "queue.sqlite"
    file.write_bytes(b"This is a letter to my aunt. " * 200)
    with pytest.raises(StorageProblem, match=r"damaged.*|not a database") as said:
        Database(file)
    assert ".backup" in said.value.fix
    assert file.read_bytes().startswith(b"This is a letter")


def test_a_database_held_by_another_program_is_waited_for_then_said(
    folders: UserFolders, store: Store, new_job: MakeJob
) -> None:
    with closing(sqlite3.connect(queue_file(folders), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Database(queue_file(folders), busy_seconds=0.2) as database:
            begun = time.monotonic()
            with pytest.raises(QueueBusy, match="Another program holds the queue"):
                Store(database).add([new_job()])
            assert time.monotonic() - begun >= 0.2
            assert Store(database).page() == []  # reading goes on
        other.execute("COMMIT")
    assert len(store.add([new_job()])) == 1


def test_times_are_utc_and_order_nothing(
    store: Store, claims: Claims, new_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = store.add([new_job()])
    monkeypatch.setattr("icl_studio.queue.store.now", lambda: 1000)  # set back by decades
    (second,) = store.add([new_job()])
    assert [row.id for row in store.page()] == [first, second]
    assert store.get(second).created == 1000
    claim = claims.claim(Worker("here"), size=1)
    assert claim is not None and claim.jobs[0].id == first


def test_json_of_a_row_is_plain(store: Store, new_job: MakeJob) -> None:
    store.add([new_job()])
    assert json.loads(store.page()[0].model_dump_json())["state"] == "waiting"
