"""Held-out requests: sets that no training ever saw, in sentences that it never saw either."""

import random

from icl_studio.api import Draft
from icl_studio.errors import NotFound
from icl_tiny.captions import write_parts
from icl_tiny.world.layouts import LAYOUTS
from icl_tiny.world.sampling import random_set, to_plain


def held_out_requests(task: str, count: int, seed: int) -> list[Draft]:
    """`count` requests for `task`; request i follows from `task`, `seed` and i alone.

    Combinations of attributes are those that the world's hash rule keeps out of training, the
    sentence forms those of evaluation. Raises `NotFound` for a task that the world does not have.
    """
    if task not in LAYOUTS:
        raise NotFound(
            f"The embedded model's world has no sets of the task {task!r}.",
            fix=f"It has: {', '.join(LAYOUTS)}. Or give --requests FILE and a --metric.",
        )
    return [_request(task, seed, index) for index in range(count)]


def _request(task: str, seed: int, index: int) -> Draft:
    rng = random.Random(f"evaluation/{task}/{seed}/{index}")
    collage = random_set(rng, task, True)
    summary, panels = write_parts(rng, collage, task, evaluation=True)
    return Draft(summary=summary, panels=tuple(panels), truth=to_plain(collage))
