"""What the queue costs a set, over a bare loop of the engine and of saving; and its memory.

The loop loads the engine once and calls encode, denoise, decode and ``save_set`` for each
set in this process. The queue makes the same sets: claims, a worker process, events,
progress, settling. Both are timed from the first step to the last set, in turns. Target: at
most 3 %. "enqueue to first step" adds a job to the queue of a warm worker that waits for one.

    python benchmarks/queue_overhead.py [--model tiny] [--jobs 200]
"""

from __future__ import annotations

import argparse
import importlib
import threading
import time
from typing import Any

import psutil
from queue_work import Workshop, arguments, show, workshop

from icl_studio.domain.events import Event, Finished, Progress
from icl_studio.engines.protocol import DenoiseItem, EngineOptions
from icl_studio.generate.planning import choose_engine
from icl_studio.models.locate import locate
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.running import Run
from icl_studio.queue.store import Store
from icl_studio.sets.hashes import HashCache
from icl_studio.sets.receipt import build_receipt
from icl_studio.sets.record import new_set_id
from icl_studio.sets.save import save_set
from icl_studio.worker.executor import this_machine


def bare(place: Workshop, requests: list[Any]) -> float:
    """Seconds of the loop, without loading."""
    located = locate(place.model(), place.folders)
    spec = choose_engine(requests[0].engine, place.registry)
    module, _, name = spec.factory.partition(":")
    engine = getattr(importlib.import_module(module), name)(located, EngineOptions())
    hashes = HashCache(place.home / "bare-hashes.sqlite")
    build_receipt(engine.facts, located, (), requests[0], hashes, {}, 1)  # hashes the weights
    begun = time.perf_counter()
    for request in requests:
        (conditioning,) = engine.encode([request.caption])
        item = DenoiseItem(
            conditioning=conditioning,
            canvas=request.layout.canvas,
            seed=request.seed,
            sampling=request.sampling,
        )
        (sheet,) = engine.decode(engine.denoise([item]))
        receipt = build_receipt(engine.facts, located, (), request, hashes, {}, 1)
        save_set(place.home / "bare", new_set_id(), request, sheet, receipt)
    taken = time.perf_counter() - begun
    engine.close()
    return taken


def queued(place: Workshop, requests: list[Any]) -> tuple[float, list[int], list[int]]:
    """Seconds from the first encoding to the last set; memory of worker and of this process."""
    with Database(queue_file(place.folders)) as database:
        Store(database).add([NewJob(request=request, out=place.out) for request in requests])
    moments: list[float] = []
    own: list[int] = []
    theirs: list[int] = []
    process = psutil.Process()

    def on_event(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "encode" and not moments:
            moments.append(time.perf_counter())
        if isinstance(event, Finished):
            moments.append(time.perf_counter())
            own.append(process.memory_info().rss)
            theirs.extend(child.memory_info().rss for child in process.children()[:1])

    place.run(on_event=on_event)
    return moments[-1] - moments[0], own, theirs


def first_step(place: Workshop, requests: list[Any]) -> float:
    """Milliseconds from adding a job to its first step, on a warm worker that waits."""
    stepped = threading.Event()
    ended = threading.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "denoise" and event.step == 1:
            stepped.set()
        if isinstance(event, Finished):
            ended.set()

    places = this_machine(place.folders, EngineOptions())
    run = Run(place.folders, place.registry, places, stay=True, on_event=on_event)
    thread = threading.Thread(target=run.go)
    thread.start()
    found = []
    with Database(queue_file(place.folders)) as database:
        for request in requests:
            stepped.clear()
            ended.clear()
            begun = time.perf_counter()
            Store(database).add([NewJob(request=request, out=place.out)])
            stepped.wait(120)
            found.append(time.perf_counter() - begun)
            ended.wait(120)
            time.sleep(0.3)
    run.stop()
    thread.join()
    return sorted(found[1:])[len(found[1:]) // 2] * 1000


def growth(memory: list[int]) -> str:
    """Memory after a tenth of the jobs and at the end."""
    early = memory[len(memory) // 10]
    return f"{early / 2**20:.0f} to {memory[-1] / 2**20:.0f} MiB"


def measure(args: argparse.Namespace) -> dict[str, Any]:
    with workshop(args) as place:
        model = place.model()
        seeds = iter(range(10**6))

        def some(count: int) -> list[Any]:
            return [place.request("film-storyboard", model, next(seeds)) for _ in range(count)]

        pairs = []
        for _ in range(args.pairs):
            alone = bare(place, some(args.jobs_a_pair))
            pairs.append((alone, queued(place, some(args.jobs_a_pair))[0]))
        ratios = sorted(ours / alone for alone, ours in pairs)
        extra = sorted((ours - alone) / args.jobs_a_pair * 1000 for alone, ours in pairs)
        rows: dict[str, Any] = {
            "seconds a set, bare loop": pairs[0][0] / args.jobs_a_pair,
            "queue / bare loop, median": ratios[len(ratios) // 2],
            "ms a set more, median": extra[len(extra) // 2],
            "enqueue to first step on a warm worker, ms": first_step(place, some(6)),
        }
        _, own, theirs = queued(place, some(args.jobs))
        rows[f"memory over {args.jobs} jobs, this process"] = growth(own)
        rows["… worker"] = growth(theirs)
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="for the look at memory")
    parser.add_argument("--jobs-a-pair", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=3)
    args = parser.parse_args()
    show(f"queue overhead, {args.model}", measure(args), as_json=args.json)


if __name__ == "__main__":
    main()
