"""What the ``queue`` commands share: the open queue, and naming jobs in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, emit_json, out

if TYPE_CHECKING:
    from ..queue.brief import Brief
    from ..queue.job import NewJob
    from ..queue.kinds import Kind
    from ..queue.store import Store

JobsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[JOB…]", help="Ids, parts of ids, or names of groups."),
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or part of it.")]


AfterOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="JOB", help="With --queue: wait until this job or group is done. Can be repeated."
    ),
]
QueueOption = Annotated[
    bool, typer.Option("--queue", help="Add it to the queue instead of doing it now.")
]


@contextmanager
def opened(app: AppContext) -> Iterator[Store]:
    """The user's queue; created when it is not there yet."""
    from ..queue.database import Database, queue_file
    from ..queue.store import Store

    with Database(queue_file(app.folders)) as database:
        yield Store(database)


def named(store: Store, words: Sequence[str] | None) -> list[str]:
    """The ids that ``words`` mean, each once; raises ``NotFound``, ``UserError`` for none."""
    from ..errors import UserError

    if not words:
        raise UserError("Which jobs?", fix="Name jobs or groups: see `icl-studio queue list`.")
    return list(dict.fromkeys(id for word in words for id in store.find(word)))


def one_named(store: Store, word: str) -> str:
    """The one job that ``word`` means; raises ``NotFound`` for none and for a group of several."""
    from ..errors import NotFound

    found = named(store, [word])
    if len(found) > 1:
        raise NotFound(f"{word!r} is a group of {len(found)} jobs.", fix="Name one of its jobs.")
    return found[0]


def enqueue(app: AppContext, jobs: Sequence[NewJob], after: Sequence[str] | None) -> list[str]:
    """Add ``jobs``, each to wait for those that ``after`` names as well; their ids."""
    with opened(app) as store:
        needs = tuple(id for word in after or () for id in store.find(word))
        wanted = [
            job.model_copy(update={"needs": tuple(dict.fromkeys((*job.needs, *needs)))})
            for job in jobs
        ]
        return list(store.add(wanted))


def enqueue_engine(
    app: AppContext, kind: Kind, brief: Brief, after: Sequence[str] | None, as_json: bool
) -> None:
    """Add the export or build that ``brief`` tells, and say so."""
    from ..queue.job import NewJob

    (id,) = enqueue(app, [NewJob(kind=kind, request=brief, out=app.folders.engines)], after)
    if as_json:
        emit_json({"job": id})
    else:
        out.print(f"Queued as {id}. Start it: icl-studio queue run", markup=False, soft_wrap=True)


def no_queue(after: Sequence[str] | None) -> None:
    """Refuse ``--after`` without ``--queue``: what is done at once waits for nothing."""
    from ..errors import UserError

    if after:
        raise UserError("--after is for --queue.", fix="Add --queue.")


def told(as_json: bool, ids: Sequence[str], what: str) -> None:
    """Say what was done to jobs."""
    if as_json:
        emit_json({"jobs": list(ids)})
    else:
        out.print(f"{len(ids)} job{'' if len(ids) == 1 else 's'} {what}.", markup=False)
