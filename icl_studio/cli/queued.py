"""What the ``queue`` commands share: the open queue, and naming jobs in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, emit_json, out

if TYPE_CHECKING:
    from ..queue.store import Store

JobsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[JOB…]", help="Ids, parts of ids, or names of groups."),
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, or part of it.")]


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


def told(as_json: bool, ids: Sequence[str], what: str) -> None:
    """Say what was done to jobs."""
    if as_json:
        emit_json({"jobs": list(ids)})
    else:
        out.print(f"{len(ids)} job{'' if len(ids) == 1 else 's'} {what}.", markup=False)
