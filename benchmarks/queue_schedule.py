"""Forty mixed sets over four tasks, three LoRAs and two models: scheduled, and in order.

They are queued as people queue: in no order that suits a machine. Each way runs the same
jobs with one worker, cold. What scheduling saves is loading; how much depends on how long a
load takes beside a set, so both are told: ``--load`` and ``--step`` of the fake engine, or
``--model tiny`` for the embedded model, where only LoRAs and canvases change.

    python benchmarks/queue_schedule.py [--load 3] [--step 0.02]
"""

from __future__ import annotations

import random
import time
from typing import Any

from queue_work import Workshop, arguments, show, workshop

from icl_studio.domain.events import Event, Started
from icl_studio.domain.model import AdapterUse
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Store

TASKS = ("film-storyboard", "visual-identity-design", "font-design", "portrait-photography")


def loras(place: Workshop) -> list[AdapterUse]:
    """Three LoRA files: random ones of the model's own shapes, or empty ones for the fake."""
    found = []
    for n in range(3):
        path = place.home / f"lora-{n}.safetensors"
        if place.args.model == "fake":
            path.write_bytes(b"\2" + b"\0" * 7 + b"{}")
        else:
            from icl_engines.testing.lora import write_random_lora
            from icl_studio.models.locate import locate

            write_random_lora(path, locate(place.model(), place.folders).folder, seed=n)
        found.append(AdapterUse(source=str(path)))
    return found


def jobs(place: Workshop, count: int) -> list[NewJob]:
    uses = loras(place)
    models = [place.model("one"), place.model("two")]
    mixed = [
        (TASKS[n % 4], uses[n % 3], models[n % 2 if place.args.model == "fake" else 0], n)
        for n in range(count)
    ]
    random.Random(0).shuffle(mixed)
    return [
        NewJob(request=place.request(task, model, n, adapters=(use,)), out=place.out)
        for task, use, model, n in mixed
    ]


def seconds(place: Workshop, count: int, **how: Any) -> tuple[float, int]:
    """Seconds for all, and how many groups were begun."""
    with Database(queue_file(place.folders)) as database:
        Store(database).add(jobs(place, count))
    started: list[Event] = []
    begun = time.perf_counter()
    report = place.run(
        on_event=lambda event: started.append(event) if isinstance(event, Started) else None, **how
    )
    assert len(report.done) == count
    return time.perf_counter() - begun, len(started)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=40)
    args = parser.parse_args()
    with workshop(args) as place:
        in_order, _ = seconds(place, args.count, affinity=False, claim_size=1)
        scheduled, _ = seconds(place, args.count)
    rows = {
        "first in, first out, seconds": in_order,
        "scheduled, seconds": scheduled,
        "scheduled / first in, first out": scheduled / in_order,
    }
    if args.model == "fake":
        rows |= {"seconds of a load": args.load, "seconds of a set": args.step * args.steps}
    show(f"{args.count} mixed sets, {args.model}", rows, as_json=args.json)


if __name__ == "__main__":
    main()
