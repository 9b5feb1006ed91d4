"""``icl-studio make TASK``: a shared description and a text per panel become a set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import (
    AppContext,
    JsonOption,
    MemoryChoice,
    MemoryOption,
    context,
    emit_json,
    out,
    warn,
)
from .queued import AfterOption, QueueOption, enqueue, no_queue, opened

if TYPE_CHECKING:
    from ..domain.caption import CaptionParts
    from ..domain.request import SetRequest
    from ..generate.asking import Wishes


def command(
    task: Annotated[
        str | None, typer.Argument(metavar="TASK", help="A task's id: see 'icl-studio tasks'.")
    ] = None,
    summary: Annotated[
        str | None, typer.Option(help="What the set shows as a whole.", metavar="TEXT")
    ] = None,
    panel: Annotated[
        list[str] | None,
        typer.Option(help="What one panel shows; once per panel, in order.", metavar="TEXT"),
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Use the task's own example.")] = False,
    request: Annotated[
        Path | None,
        typer.Option(
            help="Make what this file asks for: a request's JSON, a set, or a PNG of a set.",
            metavar="FILE",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the first set; drawn if left out.")
    ] = None,
    count: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many sets: seeds SEED, SEED+1, …")
    ] = 1,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.")] = None,
    guidance: Annotated[float | None, typer.Option(help="How closely to follow the text.")] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:WEIGHT]", help="A LoRA instead of the task's own; can be repeated."
        ),
    ] = None,
    no_lora: Annotated[bool, typer.Option("--no-lora", help="Use no LoRA at all.")] = False,
    model: Annotated[
        str | None, typer.Option(help="A model's id, diffusers folder, or hub id.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="What computes: auto, torch, …")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, float16.")] = None,
    memory: MemoryOption = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Draw each set by itself, so that it replays exactly.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=64, help="Draw up to this many sets together.")
    ] = 1,
    name: Annotated[str | None, typer.Option(help="A label for the set.")] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Keep the sets in this folder.", metavar="FOLDER")
    ] = None,
    queue: QueueOption = False,
    after: AfterOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and print the request; make nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Make a set: one sheet, its panels, and a record of how they were made.

    Prints the folder of each finished set. Ctrl-C stops between two steps and keeps what
    is finished; a second Ctrl-C stops at once. With --queue the sets are made by
    `icl-studio queue run`, and --lora job:ID names a LoRA that a queued job is to tune.
    """
    from ..errors import UserError
    from ..generate.asking import Wishes, parse_lora, seeds_from

    if not queue:
        no_queue(after)
    elif device or dtype:
        raise UserError(
            "Where queued sets are drawn is said when they are.",
            fix="Give --device and --dtype to `icl-studio queue run`.",
        )
    if lora and no_lora:
        raise UserError("--lora and --no-lora exclude each other.", fix="Leave one out.")
    app = context()
    wishes = Wishes(
        model=model,
        adapters=tuple(map(parse_lora, lora)) if lora else () if no_lora else None,
        seed=seed,
        steps=steps,
        guidance=guidance,
        exact=exact or None,
        engine=engine,
        name=name,
    )
    typed = (task, summary, tuple(panel or ()), example)
    asked = _stored(app, request, typed, wishes) if request else _new(app, typed, wishes)
    requests = seeds_from(asked, count)
    advice = _advise(app, asked)
    if dry_run:
        _show(app, requests, as_json)
        return 0
    if queue:
        return _enqueue(app, requests, out_folder, after, as_json)
    return _make(app, requests, out_folder, (device, dtype, memory), batch, as_json, advice)


def _enqueue(
    app: AppContext,
    requests: tuple[SetRequest, ...],
    out_folder: Path | None,
    after: list[str] | None,
    as_json: bool,
) -> int:
    """Queue a job for each set, after the jobs that tune its LoRAs."""
    from ..paths import expanded
    from ..queue.awaited import Awaited
    from ..queue.job import NewJob
    from ..shotlists.lookups import Lookups

    place = (expanded(out_folder) if out_folder else app.sets_root).absolute()
    with opened(app) as store:
        awaited = Awaited(store)
        lookups = Lookups(app.registry, app.folders, awaited)
        adapters = tuple(map(lookups.lora, requests[0].adapters))
        needs = awaited.needs(adapters)
    jobs = [
        NewJob(
            request=request.model_copy(update={"adapters": adapters}),
            out=place,
            set_name=app.settings.set_name,
            needs=needs,
        )
        for request in requests
    ]
    ids = enqueue(app, jobs, after)
    if as_json:
        emit_json({"jobs": ids})
    else:
        many = f"{len(ids)} set{'s' if len(ids) > 1 else ''} queued"
        out.print(f"{many}. Make them: icl-studio queue run", markup=False)
    return 0


_Typed = tuple[str | None, str | None, tuple[str, ...], bool]


def _new(app: AppContext, typed: _Typed, wishes: Wishes) -> SetRequest:
    """The request that the user typed, or the task's example."""
    from dataclasses import replace

    from ..errors import UserError
    from ..generate.asking import new_request

    task, summary, panels, example = typed
    if task is None:
        raise UserError(
            "Which task?",
            fix=f"Give one of {', '.join(app.registry.tasks)}, or --request FILE.",
        )
    app.registry.task(task)
    wishes = replace(
        wishes,
        model=wishes.model or app.settings.model,
        engine=wishes.engine or app.settings.engine,
    )
    if example:
        if summary is not None or panels:
            raise UserError(
                "--example brings its own texts.", fix="Leave out --summary and --panel."
            )
        parts, seed = _example(app, task, wishes.model or "")
        wishes = replace(wishes, seed=seed if wishes.seed is None else wishes.seed)
    else:
        parts = _parts(task, summary, panels)
    return new_request(app.registry, app.folders, task, parts, wishes)


def _parts(task: str, summary: str | None, panels: tuple[str, ...]) -> CaptionParts:
    from ..domain.caption import CaptionParts
    from ..errors import RequestInvalid

    if summary is None and not panels:
        raise RequestInvalid(
            f"There is nothing to draw for the task {task!r}.",
            fix="Give --summary TEXT and one --panel TEXT for each panel, or --example.",
        )
    return CaptionParts(summary=summary or "", panels=panels)


def _example(app: AppContext, task: str, model: str) -> tuple[CaptionParts, int]:
    from ..errors import NotFound
    from ..models.find import find_model

    found = app.registry.task(task).example_for(find_model(model, app.registry).family)
    if found is None:
        raise NotFound(
            f"The task {task!r} has no example for the model {model!r}.",
            fix="Give --summary and --panel.",
        )
    return found.parts, found.seed


def _stored(app: AppContext, file: Path, typed: _Typed, wishes: Wishes) -> SetRequest:
    """The request in ``file`` with the given options put over it."""
    from dataclasses import replace

    from ..errors import UserError
    from ..generate.asking import caption_is_edited, changed_request
    from ..generate.stored import read_request
    from ..paths import expanded

    if any(typed):
        raise UserError(
            "--request brings its own task and texts.",
            fix="Leave out TASK, --summary, --panel and --example.",
        )
    stored = read_request(expanded(file))
    if wishes.engine is None and stored.engine == "auto":
        wishes = replace(wishes, engine=app.settings.engine)
    asked = changed_request(stored, app.registry, app.folders, wishes)
    if caption_is_edited(asked, app.registry):
        warn("the stored caption differs from what the task writes today; it is drawn as stored.")
    return asked


def _advise(app: AppContext, asked: SetRequest) -> list[str]:
    """Say on stderr what may keep ``asked`` from giving what is wanted; the same as a list."""
    from ..generate.advice import advice
    from ..models.find import find_model
    from ..models.locate import present_folder
    from ..models.vocabulary import read_vocabulary

    model = find_model(asked.model, app.registry)
    known = read_vocabulary(present_folder(model, app.folders)) if model.vocabulary else None
    found = advice(model, asked.parts, known)
    for text in found:
        warn(text)
    return found


def _show(app: AppContext, requests: tuple[SetRequest, ...], as_json: bool) -> None:
    """Print what would be made, after looking whether its engine is there."""
    from ..generate.planning import choose_engine

    engine = choose_engine(requests[0].engine, app.registry)
    if as_json:
        emit_json(requests[0] if len(requests) == 1 else {"requests": requests})
        return
    first = requests[0]
    adapters = ", ".join(f"{use.source} at {use.weight:g}" for use in first.adapters)
    lines = {
        "task": first.task,
        "caption": first.caption,
        "canvas": str(first.layout.canvas),
        "panels": ", ".join(first.layout.names),
        "model": first.model,
        "engine": _engine_words(first.engine, engine.id),
        "LoRA": adapters or "none",
        "sampling": f"{first.sampling.steps} steps, guidance {first.sampling.guidance:g}",
        "seeds": ", ".join(str(asked.seed) for asked in requests[:8])
        + (" …" if len(requests) > 8 else ""),
        "digest": first.digest,
    }
    for key, value in lines.items():
        out.print(f"{key:9} {value}", markup=False, soft_wrap=True)


def _engine_words(asked: str, favourite: str) -> str:
    """The engine as far as it is decided; which one ``auto`` takes, the plan finds out."""
    if asked != "auto":
        return favourite
    return f"auto ({favourite}, or a compiled engine that was timed faster here)"


def _make(
    app: AppContext,
    requests: tuple[SetRequest, ...],
    out_folder: Path | None,
    options: tuple[str | None, str | None, MemoryChoice | None],
    batch: int,
    as_json: bool,
    advice: list[str],
) -> int:
    """Make ``requests``; what was advised stands in the JSON as ``warnings``, if anything was."""
    from ..engines.protocol import EngineOptions
    from ..generate.planning import Place, plan
    from ..generate.running import run
    from ..paths import expanded
    from .making import Bar, tell_outcome

    device, dtype, memory = options
    place = Place(
        out=expanded(out_folder) if out_folder else app.sets_root,
        set_name=app.settings.set_name,
        options=EngineOptions(
            device=device or app.settings.device,
            dtype=dtype or app.settings.dtype,
            memory=memory.value if memory else app.settings.memory,
        ),
        say=warn,
    )
    with Bar(enabled=not as_json, lines=not as_json) as bar:
        jobs = plan(requests, app.registry, app.folders, place, bar.downloading)
        bar.expect(jobs)
        outcome = run(jobs, app.folders, bar.on_event, batch=batch, on_stop=bar.stopping)
    return tell_outcome(outcome, as_json=as_json, facts={"warnings": advice} if advice else None)
