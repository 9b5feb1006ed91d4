"""From a draft to jobs: a request for each seed, checked as every request is."""

from __future__ import annotations

import secrets
from pathlib import Path

from ...domain.caption import CaptionParts
from ...domain.problems import Problem
from ...domain.request import MAX_SEED
from ...errors import RequestInvalid
from ...generate.asking import Wishes, new_request
from ...paths import UserFolders
from ...plugins import Registry
from ...queue.job import NewJob
from ...shotlists.choices import has_choices
from .draft import Draft, Texts
from .judging import made_choices

PRIORITY = 10
"""Somebody waits for these before the screen: they go before a batch."""


def first_seed(draft: Draft) -> int:
    """The seed of the first set; drawn anew in the mode ``random``."""
    if draft.seed_mode == "random":
        return secrets.randbelow(MAX_SEED + 2 - draft.count)
    return draft.seed


def jobs_of(
    draft: Draft,
    seed: int,
    registry: Registry,
    folders: UserFolders,
    out: Path,
    set_name: str,
) -> list[NewJob]:
    """``count`` jobs with the seeds from ``seed`` on; each makes its choices by its own seed.

    Raises :class:`RequestInvalid` with every problem, ``NotFound`` for a task or model that is
    gone, and what :func:`~icl_studio.generate.asking.new_request` raises.
    """
    task = registry.task(draft.task)
    if seed + draft.count - 1 > MAX_SEED:
        raise RequestInvalid(
            f"{draft.count} sets from seed {seed} would go past the last seed, {MAX_SEED}.",
            fix="Start at a smaller seed.",
        )
    typed = draft.typed(len(task.layout.panels))
    jobs = []
    for number in range(seed, seed + draft.count):
        found: list[Problem] = []
        texts, wild = made_choices(draft, task, number, folders.data / "wildcards", found)
        if found:
            raise RequestInvalid("The texts cannot be used.", problems=found)
        request = new_request(
            registry,
            folders,
            draft.task,
            CaptionParts(summary=texts.summary, panels=texts.panels),
            Wishes(
                model=draft.model,
                adapters=draft.adapters,
                seed=number,
                steps=draft.steps,
                guidance=draft.guidance,
                exact=draft.exact,
                engine=draft.engine,
            ),
        )
        origin = {"choices": _choices(typed)} if wild else {}
        jobs.append(
            NewJob(request=request, out=out, set_name=set_name, priority=PRIORITY, origin=origin)
        )
    return jobs


def _choices(typed: Texts) -> dict[str, str]:
    """The texts that had choices, as they stood, by place."""
    places = ("summary", *(f"panel{n}" for n in range(1, len(typed.panels) + 1)))
    return {place: typed.at(place) for place in places if has_choices(typed.at(place))}
