"""Ten thousand jobs: adding, listing, filtering, counting, claiming. No engine is run.

python benchmarks/queue_store.py [--jobs 10000]
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from queue_work import arguments, show, workshop

from icl_studio.queue import control
from icl_studio.queue.claims import Claims
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Filter, Store
from icl_studio.queue.turns import Worker

WORKERS = 4


def milliseconds(action: Callable[[], Any], times: int = 20) -> float:
    """The median over ``times`` calls."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        found.append((time.perf_counter() - begun) * 1000)
    return sorted(found)[times // 2]


def claims_a_second(file: Any, size: int, jobs: int) -> float:
    """Jobs claimed and settled a second by four workers, each with its own connection."""
    done = [0] * WORKERS

    def work(number: int) -> None:
        worker = Worker("benchmark", number)
        with Database(file) as database:
            claims = Claims(database)
            while sum(done) < jobs and (claim := claims.claim(worker, size=size)) is not None:
                worker = claim.worker
                for job in claim.jobs:
                    claims.settle(claim, job.id, "done", folder="x", seconds=1.0)
                done[number] += len(claim.jobs)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begun)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    args = parser.parse_args()
    with workshop(args) as place, Database(queue_file(place.folders)) as database:
        models = [place.model(name) for name in ("one", "two", "three")]
        templates = [place.request("film-storyboard", model, 0) for model in models]
        jobs = [
            NewJob(request=templates[n % 3].with_seed(n), out=place.out, group=f"list-{n % 20}")
            for n in range(args.jobs)
        ]
        store = Store(database)
        begun = time.perf_counter()
        ids = store.add(jobs)
        rows: dict[str, Any] = {"adding all of them, seconds": time.perf_counter() - begun}
        control.cancel(store, ids[::7])
        last = args.jobs - 60
        waiting = Filter(states=("waiting",))
        rows |= {
            "first page of 50, ms": milliseconds(lambda: store.page(limit=50)),
            "last page of 50, ms": milliseconds(lambda: store.page(offset=last, limit=50)),
            "a page of one state, ms": milliseconds(lambda: store.page(waiting, limit=50)),
            "a page of one group, ms": milliseconds(
                lambda: store.page(Filter(group="list-3"), limit=50)
            ),
            "a page by text, ms": milliseconds(
                lambda: store.page(Filter(text="list-19"), limit=50)
            ),
            "counting one state, ms": milliseconds(lambda: store.count(waiting)),
            "summary of all states, ms": milliseconds(store.summary),
            "has anything changed, ms": milliseconds(store.changes),
            "all of them, as a script lists them, ms": milliseconds(store.page, 3),
        }
        file = queue_file(place.folders)
        rows["jobs claimed and settled a second, 4 workers, one by one"] = claims_a_second(
            file, 1, 300
        )
        rows["… eight at a time"] = claims_a_second(file, 8, 300)
    show(f"queue of {args.jobs:,} jobs", rows, as_json=args.json)


if __name__ == "__main__":
    main()
