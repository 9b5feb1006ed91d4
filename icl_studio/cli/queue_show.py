"""``queue list``, ``show``, ``log``, ``stats`` and ``grid``: looking at the queue."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonOption, context, emit_json, out
from .queued import JobArgument, named, one_named, opened

if TYPE_CHECKING:
    from ..queue.job import Job, JobRow
    from ..queue.store import Progress


class StateChoice(StrEnum):
    """The states of :mod:`icl_studio.queue.states`; a test keeps the two the same."""

    waiting = "waiting"
    paused = "paused"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"
    quarantined = "quarantined"


class KindChoice(StrEnum):
    """The kinds of :mod:`icl_studio.queue.kinds`; a test keeps the two the same."""

    generate = "generate"
    train = "train"
    export = "export"
    build = "build"
    evaluate = "evaluate"
    caption = "caption"


def list_jobs(
    state: Annotated[
        list[StateChoice] | None, typer.Option(help="Only these; can be repeated.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Only this group.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    kind: Annotated[KindChoice | None, typer.Option(help="Only jobs of this kind.")] = None,
    text: Annotated[str, typer.Option(help="Only what has this in name, summary or group.")] = "",
    limit: Annotated[
        int | None, typer.Option(min=0, help="At most this many: 50, with --json all; 0 is all.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="Leave out this many first.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List the jobs in the order of their turns."""
    from ..queue.store import Filter

    which = Filter(
        tuple(s.value for s in state or ()), group, task, kind.value if kind else None, text
    )
    most = limit if limit is not None else 0 if as_json else 50
    with opened(context()) as store:
        rows = store.page(which, offset=offset, limit=most or -1)
        total, progress, paused = store.count(which), store.progress(), store.paused
    if as_json:
        emit_json([_as_json(row) for row in rows])
        return
    if not rows:
        out.print("No jobs. Queue some: icl-studio queue add FILE")
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "kind", "state", "task", "group", "seed", "what", box=None, pad_edge=False)
    for row in rows:
        how = _how(row, progress.get(row.id))
        what = row.name or row.summary
        seed = str(row.seed) if row.kind == "generate" else ""
        group_name = escape(row.group)
        table.add_row(row.id, row.kind, how, row.task, group_name, seed, escape(what[:48]))
    out.print(table)
    if total > offset + len(rows):
        out.print(f"… and {total - offset - len(rows)} more: --limit 0 shows all.")
    if paused:
        out.print("The queue is paused: icl-studio queue resume")


def show(job: JobArgument, as_json: JsonOption = False) -> None:
    """Show all of a job: what it makes, how it stands, why it failed."""
    with opened(context()) as store:
        id = one_named(store, job)
        found = store.get(id)
        progress = store.progress().get(id)
    if as_json:
        row = found.model_dump(mode="json", exclude={"payload"})
        emit_json(row | {"sets": _sets(found), "request": found.brief or found.request})
        return
    place = f"priority {found.priority}" if found.priority else "no priority"
    rows = [
        ("state", _how(found, progress)),
        ("group", f"{found.group or 'none'}, {place}"),
        ("kind", found.kind),
        ("task", found.task),
        *_asked(found),
        ("attempts", f"{found.attempts}, {found.crashes} of them ended their worker"),
        ("added", _time(found.created)),
        ("results", str(found.folder or found.out)),
        *((f"was {place}", text) for place, text in found.origin.get("choices", {}).items()),
    ]
    if found.blocked_by:
        rows.insert(1, ("waits for", found.blocked_by))
    if found.error:
        rows.insert(1, ("error", f"{found.error.message} {found.error.fix}".strip()))
    from rich.markup import escape
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    for name, value in rows:
        facts.add_row(name, escape(value))
    out.print(found.id, style="bold", markup=False)
    out.print(facts)


def _asked(job: Job) -> list[tuple[str, str]]:
    """What a job is to do, as names and values."""
    if job.brief is not None:
        return [("model", job.model), ("summary", job.summary), *job.brief.facts]
    request = job.request
    return [
        ("summary", request.parts.summary),
        *zip(request.layout.names, request.parts.panels, strict=False),
        ("model", f"{request.model}, seed {request.seed}, {request.sampling.steps} steps"),
    ]


def log_of(job: JobArgument, as_json: JsonOption = False) -> None:
    """Show every attempt at a job: when, how it ended, and the evidence."""
    with opened(context()) as store:
        id = one_named(store, job)
        attempts = store.attempts(id)
    if as_json:
        emit_json(attempts)
        return
    if not attempts:
        out.print("No work on this job has begun yet.")
    for one in attempts:
        ended = _time(one.ended) if one.ended else "now"
        line = f"{one.number}. {_time(one.began)} to {ended}: {one.outcome or 'under way'}"
        out.print(line, markup=False, soft_wrap=True)
        for text in (one.evidence, f"log: {one.log}" if one.log else ""):
            if text:
                out.print(f"   {text}", markup=False, soft_wrap=True)


def stats(as_json: JsonOption = False) -> None:
    """Count the jobs by state, and say how long sets take and the rest will take."""
    from ..queue.history import estimate, pace_by_model

    with opened(context()) as store:
        counts, models, ahead = store.summary(), pace_by_model(store), estimate(store)
        paused = store.paused
    if as_json:
        emit_json({"states": counts, "paused": paused, "models": models, "ahead": ahead})
        return
    for state, count in counts.items():
        out.print(f"{state:12} {count}")
    for found in models:
        out.print(
            f"{found.model}: {found.jobs} sets, {found.seconds:.1f} s each, "
            f"{found.attempts} attempts",
            markup=False,
            soft_wrap=True,
        )
    if ahead.jobs:
        known = ahead.jobs - ahead.unknown
        out.print(f"ahead: about {ahead.seconds / 60:.0f} min for {known} of {ahead.jobs} jobs")


def grid(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="A group, or a job.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="Where the picture is written.")],
    width: Annotated[int, typer.Option(min=64, max=2048, help="Pixels of one sheet.")] = 384,
    as_json: JsonOption = False,
) -> None:
    """Put the finished sheets of a group on one picture, each with what was swept over."""
    from ..paths import expanded
    from ..queue.grid import write_grid

    with opened(context()) as store:
        jobs = [store.get(id) for id in named(store, [group])]
    count = write_grid(jobs, expanded(to), width)
    if as_json:
        emit_json({"file": expanded(to).absolute(), "sheets": count})
    else:
        out.print(str(to), markup=False, soft_wrap=True)


def _as_json(row: JobRow) -> dict[str, Any]:
    """A job as ``queue list --json`` promises it; one that makes no set says its kind as well."""
    kind = {} if row.kind == "generate" else {"kind": row.kind}
    return {
        "id": row.id,
        "state": row.state,
        "task": row.task,
        "attempts": row.attempts,
        "error": row.error,
        "sets": _sets(row),
        **kind,
    }


def _sets(row: JobRow) -> list[str]:
    made = row.kind == "generate" and row.state == "done" and row.folder
    return [str(row.folder)] if made else []


def _how(row: JobRow, progress: Progress | None) -> str:
    """A state with what matters beside it."""
    if row.state == "running" and progress:
        return f"running, {progress.phase} {progress.step}/{progress.total}"
    if row.state == "waiting" and row.blocked_by:
        return "waiting for another"
    if row.state == "waiting" and row.not_before and row.not_before > _now():
        return f"held until {_time(row.not_before)}"
    return row.state


def _now() -> int:
    from ..queue.job import now

    return now()


def _time(millis: int) -> str:
    return f"{datetime.fromtimestamp(millis / 1000):%Y-%m-%d %H:%M:%S}"
