"""Requests to evaluate with that come from a file or from a task's own examples."""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..domain.problems import Problem
from ..domain.request import problems_of
from ..domain.task import TaskSpec
from ..engines.metrics import Draft
from ..errors import NotFound, RequestInvalid

MOST_BYTES = 8 * 2**20
_DRAFTS: TypeAdapter[tuple[Draft, ...]] = TypeAdapter(tuple[Draft, ...])
_SHAPE = 'Write a JSON list of {"summary": "…", "panels": ["…", …]}.'


def read_drafts(file: Path, task: TaskSpec) -> tuple[Draft, ...]:
    """The requests in ``file``, a JSON list of ``{"summary", "panels"}``, each fit for ``task``.

    Raises ``NotFound`` for a file that cannot be read and ``RequestInvalid`` naming the entry and
    key of everything that is wrong.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise NotFound(f"{file} cannot be read: {error}.", fix="Give a file of requests.") from None
    if len(raw) > MOST_BYTES:
        raise RequestInvalid(f"{file} has more than {MOST_BYTES:,} bytes.", fix="Split it.")
    try:
        # Through JSON, so that lists become the tuples of the domain.
        drafts = _DRAFTS.validate_json(json.dumps(json.loads(raw.decode("utf-8-sig"))))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise RequestInvalid(f"{file} is not valid JSON: {error}.", fix=_SHAPE) from None
    except ValidationError as error:
        problems = problems_of(error)[:10]
        raise RequestInvalid(
            f"{file} holds no requests that can be used.", problems=problems, fix=_SHAPE
        ) from None
    if not drafts:
        raise RequestInvalid(f"{file} holds no requests: its list is empty.", fix=_SHAPE)
    found = [problem for n, draft in enumerate(drafts, 1) for problem in misfits(draft, task, n)]
    if found:
        raise RequestInvalid(
            f"Not all requests in {file} fit the task {task.id!r}.", problems=found[:10]
        )
    return drafts


def examples(task: TaskSpec, family: str) -> tuple[Draft, ...]:
    """The examples of ``task`` for models of ``family``, else those for any model; maybe none."""
    fitting = [one for one in task.examples if one.family == family]
    fitting = fitting or [one for one in task.examples if not one.family]
    return tuple(Draft(summary=one.summary, panels=one.panels) for one in fitting)


def repeated(drafts: tuple[Draft, ...], count: int) -> tuple[Draft, ...]:
    """``count`` requests: ``drafts`` in turn, as often as need be (each time with another seed)."""
    return tuple(islice(cycle(drafts), count))


def misfits(draft: Draft, task: TaskSpec, number: int) -> list[Problem]:
    """What keeps request ``number`` from being asked of ``task``."""
    from ..domain.caption import CaptionParts

    found = task.caption.problems(CaptionParts(summary=draft.summary, panels=draft.panels))
    return [one.model_copy(update={"where": f"request {number}, {one.where}"}) for one in found]
