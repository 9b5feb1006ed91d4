"""``queue add`` and ``queue template``: shot lists in, and one to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import AppContext, JsonOption, context, emit_json, out, warn
from .queued import opened

if TYPE_CHECKING:
    from ..queue.awaited import Awaited
    from ..queue.job import NewJob
    from ..queue.store import Store
    from ..shotlists.checking import Checked, Defaults


def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A shot list (CSV, TSV, XLSX, JSON, JSONL), or a stored request."
        ),
    ],
    partial: Annotated[
        bool, typer.Option("--partial", help="Queue the good rows although others are not.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the whole list; queue nothing.")
    ] = False,
    task: Annotated[str | None, typer.Option(help="The task of rows that name none.")] = None,
    model: Annotated[str | None, typer.Option(help="The model of rows that name none.")] = None,
    engine: Annotated[str | None, typer.Option(help="The engine of rows that name none.")] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS=VALUES",
            help="Every set for each value: seed=1..4, guidance=2,3.5, steps, lora-weight, "
            "model, engine. Can be repeated.",
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Name of the group; the file's unless given.")
    ] = None,
    priority: Annotated[
        int | None, typer.Option(min=-100, max=100, help="Of rows that name none.")
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(metavar="JOB", help="Wait until this job or group is done. Can be repeated."),
    ] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Add the jobs as paused.")] = False,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Keep the sets in this folder.", metavar="FOLDER")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check a shot list as a whole and queue a job for each of its sets.

    Any problem, named with its row and column, keeps the whole list out; --partial lets the
    good rows in.
    """
    from ..queue.awaited import Awaited
    from ..shotlists.checking import Defaults

    app = context()
    with opened(app) as store:
        awaited = Awaited(store)
        given = Defaults(
            task, model or app.settings.model, engine or app.settings.engine, priority or 0
        )
        checked = _checked(app, file, given, sweep or [], awaited)
        _report(checked, file, partial)
        needs = tuple(id for word in after or () for id in store.find(word))
        name = _free_group(store, group or file.stem)
        jobs = _jobs(app, checked, name, (needs, awaited), paused, out_folder)
        ids = () if dry_run else store.add(jobs)
    if as_json:
        answer: dict[str, Any] = {"jobs": list(ids), "sets": len(jobs), "group": name}
        emit_json(answer | {"rows": checked.rows, "problems": checked.problems})
        return 0
    what = "would be queued" if dry_run else "queued"
    out.print(f"{len(jobs)} sets from {checked.rows} rows {what} as {name!r}.", markup=False)
    if not dry_run:
        out.print("Make them: icl-studio queue run")
    return 0


def template(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task's id.")],
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write .csv, .tsv, .xlsx, .json or .jsonl."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model it is written for.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a filled example of a shot list; without --to, TASK.csv here."""
    from ..models.find import find_model
    from ..paths import expanded
    from ..shotlists.example import example_rows, write_example

    app = context()
    spec = app.registry.task(task)
    family = find_model(model or app.settings.model, app.registry).family
    file = expanded(to) if to else Path(f"{task}.csv")
    write_example(file, example_rows(spec, family))
    if as_json:
        emit_json({"file": file.absolute()})
    else:
        out.print(str(file), markup=False, soft_wrap=True)


def _checked(
    app: AppContext,
    file: Path,
    given: Defaults,
    sweep: list[str],
    awaited: Awaited,
) -> Checked:
    from ..paths import expanded
    from ..shotlists.checking import check_list
    from ..shotlists.sweeps import parse_axis

    axes = [parse_axis(text) for text in sweep]
    stored = _stored(app, expanded(file), awaited, given.priority)
    if stored is not None:
        from ..errors import UserError

        if axes:
            raise UserError("A sweep is for shot lists.", fix="Leave out --sweep.")
        return stored
    return check_list(expanded(file), app.registry, app.folders, given, axes, awaited)


def _stored(app: AppContext, file: Path, awaited: Awaited, priority: int) -> Checked | None:
    """One set, where ``file`` is a request's JSON, a set or a PNG; None for a shot list."""
    from ..shotlists.checking import Checked, Wanted, is_stored_request

    if not is_stored_request(file):
        return None
    from ..generate.asking import Wishes, changed_request
    from ..generate.stored import read_request

    asked = awaited.request(read_request(file))
    request = changed_request(asked, app.registry, app.folders, Wishes())
    return Checked((Wanted(request, 1, priority, origin={"file": file.name}),), (), 1, 0)


def _report(checked: Checked, file: Path, partial: bool) -> None:
    """Every problem in one report: an error, or with ``partial`` warnings."""
    from ..errors import RequestInvalid

    if not checked.problems:
        return
    if partial and checked.sets:
        for problem in checked.problems:
            warn(str(problem))
        return
    bad = f"{checked.bad_rows} of {checked.rows} rows" if checked.bad_rows else "Its columns"
    raise RequestInvalid(
        f"{file.name} was not queued. {bad} cannot be used.",
        problems=checked.problems,
        fix="Mend them, or queue the good rows with --partial."
        if checked.sets
        else "Mend them; `icl-studio queue template TASK` writes a list to start from.",
    )


def _free_group(store: Store, name: str) -> str:
    """``name``, or ``name-2`` … where another list has queued jobs under it."""
    taken, free, n = store.groups(), name[:100], 2
    while free in taken:
        free, n = f"{name[:100]}-{n}", n + 1
    return free


def _jobs(
    app: AppContext,
    checked: Checked,
    group: str,
    waiting: tuple[tuple[str, ...], Awaited],
    paused: bool,
    out_folder: Path | None,
) -> list[NewJob]:
    from ..paths import expanded
    from ..queue.job import NewJob

    needs, awaited = waiting
    place = (expanded(out_folder) if out_folder else app.sets_root).absolute()
    return [
        NewJob(
            request=wanted.request,
            out=place,
            set_name=app.settings.set_name,
            group=group,
            priority=wanted.priority,
            not_before=wanted.hold,
            needs=tuple(dict.fromkeys((*needs, *awaited.needs(wanted.request.adapters)))),
            paused=paused,
            origin=wanted.origin,
        )
        for wanted in checked.sets
    ]
