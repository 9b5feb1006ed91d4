"""What may be done with queued jobs: pause, resume, cancel, retry, edit, move, copy, clear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, JsonOption, context, emit_json, out
from .queued import JobArgument, JobsArgument, named, one_named, opened, told

if TYPE_CHECKING:
    from ..domain.request import SetRequest
    from ..generate.asking import Wishes
    from ..queue.store import Store

SeedOption = Annotated[int | None, typer.Option(help="Another seed.")]
StepsOption = Annotated[int | None, typer.Option(help="Other sampling steps.")]
GuidanceOption = Annotated[float | None, typer.Option(help="Another guidance.")]
LoraOption = Annotated[
    list[str] | None,
    typer.Option(metavar="FILE[:WEIGHT]", help="Other LoRAs, or none; can be repeated."),
]
ModelOption = Annotated[str | None, typer.Option(help="Another model.")]
EngineOption = Annotated[str | None, typer.Option(help="Another engine.")]


def pause_jobs(jobs: JobsArgument = None, as_json: JsonOption = False) -> None:
    """Pass jobs over until they are resumed; without any, pause the whole queue."""
    from ..queue import control

    with opened(context()) as store:
        if not jobs:
            control.pause_queue(store)
            if as_json:
                emit_json({"paused": True})
            else:
                out.print("The queue is paused; what runs goes on.")
            return
        ids = named(store, jobs)
        control.pause(store, ids)
    told(as_json, ids, "paused")


def resume_jobs(jobs: JobsArgument = None, as_json: JsonOption = False) -> None:
    """Let paused jobs wait for their turn again; without any, resume the queue and all of them."""
    from ..queue import control

    with opened(context()) as store:
        ids = named(store, jobs) if jobs else list(store.ids(["paused"]))
        if not jobs:
            control.pause_queue(store, False)
        control.resume(store, ids)
    told(as_json, ids, "resumed")


def cancel_jobs(
    jobs: JobsArgument = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All that wait, are paused or run.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Call jobs off; a running one stops between two steps."""
    from ..queue import control
    from ..queue.states import sources

    with opened(context()) as store:
        ids = list(store.ids(sources("cancel"))) if everything else named(store, jobs)
        control.cancel(store, ids)
    told(as_json, ids, "cancelled")


def retry_jobs(
    jobs: JobsArgument = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that failed or are quarantined.")
    ] = False,
    seed: SeedOption = None,
    steps: StepsOption = None,
    guidance: GuidanceOption = None,
    lora: LoraOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try failed, cancelled or quarantined jobs again, as they are or changed."""
    from ..queue import control

    app = context()
    wishes = _wishes(seed, steps, guidance, lora, model, engine)
    with opened(app) as store:
        ids = list(store.ids(["failed", "quarantined"])) if failed else named(store, jobs)
        changed = {id: _changed(app, store, id, wishes) for id in ids} if _any(wishes) else None
        control.retry(store, ids, changed)
    told(as_json, ids, "will be tried again")


def edit_job(
    job: JobArgument,
    summary: Annotated[str | None, typer.Option(help="Another summary.")] = None,
    panel: Annotated[
        list[str] | None, typer.Option(help="All panel texts anew, once per panel.")
    ] = None,
    request: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What this file asks for, instead of what was asked."),
    ] = None,
    seed: SeedOption = None,
    steps: StepsOption = None,
    guidance: GuidanceOption = None,
    lora: LoraOption = None,
    model: ModelOption = None,
    engine: EngineOption = None,
    name: Annotated[str | None, typer.Option(help="Another label.")] = None,
    priority: Annotated[int | None, typer.Option(min=-100, max=100, help="Higher first.")] = None,
    hold: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before: '2026-11-23 02:00'.")
    ] = None,
    at_once: Annotated[bool, typer.Option("--now", help="Hold it no longer.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Change a job that waits or is paused; its priority and time always."""
    from dataclasses import replace

    from ..queue import control
    from ..queue.recovery import find_finished

    app = context()
    wishes = replace(_wishes(seed, steps, guidance, lora, model, engine), name=name)
    moment = _moment(hold) if hold else None
    with opened(app) as store:
        id = one_named(store, job)
        if request or summary is not None or panel or _any(wishes):
            # Finished in the meantime by a program that died: then there is nothing to edit.
            find_finished(store, [id])
            texts = (summary, tuple(panel or ()))
            control.edit(store, id, _edited(app, store, id, request, texts, wishes))
        if priority is not None or moment is not None or at_once:
            control.schedule(store, [id], priority=priority, not_before=moment, at_once=at_once)
    told(as_json, [id], "changed")


def move_jobs(
    jobs: JobsArgument = None,
    first: Annotated[bool, typer.Option("--first", help="To the front.")] = False,
    last: Annotated[bool, typer.Option("--last", help="To the end.")] = False,
    before: Annotated[str | None, typer.Option(metavar="JOB", help="Before this job.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Change the order of jobs."""
    from ..errors import UserError
    from ..queue import control

    if first + last + (before is not None) != 1:
        raise UserError("Where to?", fix="Give one of --first, --last and --before JOB.")
    with opened(context()) as store:
        ids = named(store, jobs)
        where = "first" if first else "last" if last else named(store, [before or ""])[0]
        control.move(store, ids, where)
    told(as_json, ids, "moved")


def duplicate_jobs(
    jobs: JobsArgument = None, seed: SeedOption = None, as_json: JsonOption = False
) -> None:
    """Queue copies of jobs; they make sets of their own."""
    from ..queue import control

    with opened(context()) as store:
        ids = control.duplicate(store, named(store, jobs), seed)
    told(as_json, ids, "added")


def clear_jobs(
    failed: Annotated[bool, typer.Option("--failed", help="The failed ones as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take done and cancelled jobs off the list; their sets stay."""
    from ..queue import control

    states: list[control.Finished] = ["done", "cancelled"]
    with opened(context()) as store:
        count = control.clear(store, [*states, "failed", "quarantined"] if failed else states)
    if as_json:
        emit_json({"cleared": count})
    else:
        out.print(f"{count} jobs are off the list.")


def _wishes(
    seed: int | None,
    steps: int | None,
    guidance: float | None,
    lora: list[str] | None,
    model: str | None,
    engine: str | None,
) -> Wishes:
    from ..generate.asking import Wishes, parse_lora

    without = lora is not None and [word.casefold() for word in lora] == ["none"]  # as in a list
    return Wishes(
        model=model,
        adapters=() if without else tuple(map(parse_lora, lora)) if lora else None,
        seed=seed,
        steps=steps,
        guidance=guidance,
        engine=engine,
    )


def _any(wishes: Wishes) -> bool:
    from ..generate.asking import Wishes

    return wishes != Wishes()


def _changed(app: AppContext, store: Store, id: str, wishes: Wishes) -> SetRequest:
    from ..generate.asking import changed_request

    return changed_request(store.get(id).request, app.registry, app.folders, wishes)


def _edited(
    app: AppContext,
    store: Store,
    id: str,
    file: Path | None,
    texts: tuple[str | None, tuple[str, ...]],
    wishes: Wishes,
) -> SetRequest:
    """The job's request, or that of ``file``, with new texts and wishes put over it."""
    from ..domain.caption import CaptionParts
    from ..generate.asking import changed_request
    from ..generate.stored import read_request
    from ..paths import expanded

    asked = read_request(expanded(file)) if file else store.get(id).request
    summary, panels = texts
    if summary is not None or panels:
        task = app.registry.task(asked.task)
        parts = CaptionParts(
            summary=asked.parts.summary if summary is None else summary,
            panels=panels or asked.parts.panels,
        )
        caption = task.caption.render(parts)
        asked = asked.model_copy(update={"parts": parts, "caption": caption})
    return changed_request(asked, app.registry, app.folders, wishes)


def _moment(text: str) -> int:
    from datetime import datetime

    from ..errors import UserError

    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise UserError(f"{text!r} is no time.", fix="Write 2026-11-23 02:00.") from error
