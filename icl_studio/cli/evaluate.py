"""``icl-studio evaluate``: how good sets are, in figures, over requests whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import AppContext, JsonOption, context, emit_json, err, out, warn
from .queued import AfterOption, QueueOption, enqueue, no_queue, opened

if TYPE_CHECKING:
    from ..evaluate.asking import Ask
    from ..evaluate.report import JudgedSet, Report

STOPPED = 130


def command(
    task: Annotated[
        str, typer.Option(help="A task's id: see 'icl-studio tasks'.")
    ] = "film-storyboard",
    model: Annotated[
        str | None, typer.Option(help="A model's id, diffusers folder, or hub id.")
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:WEIGHT]", help="A LoRA instead of the task's own; can be repeated."
        ),
    ] = None,
    no_lora: Annotated[bool, typer.Option("--no-lora", help="Use no LoRA at all.")] = False,
    engine: Annotated[str | None, typer.Option(help="What computes: auto, torch, …")] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", min=1, max=2000, help="How many sets; 48, or all of --requests."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Decides requests and noise.")
    ] = 0,
    steps: Annotated[int | None, typer.Option(help="Sampling steps.")] = None,
    requests: Annotated[
        Path | None,
        typer.Option(help='A JSON list of {"summary", "panels"} to evaluate with.', metavar="FILE"),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A metric instead of the model's own; can be repeated."),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[METRIC=]FOLDER", help="Where a metric's own model lies; can be repeated."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page with every sheet, worst first.", metavar="FILE"),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, bfloat16, float16.")] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=64, help="Draw up to this many sets together.")
    ] = 1,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Keep the sets in this folder.", metavar="FOLDER")
    ] = None,
    queue: QueueOption = False,
    after: AfterOption = None,
    as_json: JsonOption = False,
) -> int:
    """Measure sets: do panels show what was asked, agree and differ where they should.

    Every figure has a 95 % interval over sets. Ctrl-C keeps what is finished and sums it up; the
    same command goes on where it was. See docs/evaluate.md for what each figure means.
    """
    from ..engines.protocol import EngineOptions
    from ..errors import UserError
    from ..evaluate.asking import Ask
    from ..generate.asking import DEFAULT_MODEL, parse_lora
    from ..paths import expanded

    if not queue:
        no_queue(after)
    elif html is not None:
        raise UserError("A queued evaluation keeps its page itself.", fix="Leave out --html.")
    if lora and no_lora:
        raise UserError("--lora and --no-lora exclude each other.", fix="Leave one out.")
    app = context()
    settings = app.settings
    ask = Ask(
        model=model or settings.model or DEFAULT_MODEL,
        task=task,
        count=n,
        seed=seed,
        adapters=tuple(map(parse_lora, lora)) if lora else () if no_lora else None,
        steps=steps,
        engine=engine or settings.engine or "auto",
        options=EngineOptions(
            device=device or settings.device,
            dtype=dtype or settings.dtype,
            memory=settings.memory,
        ),
        batch=batch,
        requests=expanded(requests) if requests else None,
        metrics=tuple(metric or ()),
        weights=dict(map(_weights, weights or ())),
        out=expanded(out_folder).absolute() if out_folder else None,
    )
    if queue:
        return _enqueue(app, ask, after, as_json)
    if html is not None:
        from ..evaluate.page import check_page

        check_page(expanded(html))
    report, judged = _evaluate(app, ask, as_json)
    if not (report.stopped or report.failed):
        _keep(app, report)
    if html is not None:
        _write_page(expanded(html), report, judged)
    if as_json:
        emit_json(report)
    else:
        _tell(report, html)
    return STOPPED if report.stopped else 1 if report.failed else 0


def _enqueue(app: AppContext, ask: Ask, after: list[str] | None, as_json: bool) -> int:
    """Queue the evaluation once all it names was found; a LoRA may be one that a job tunes."""
    import shlex
    import sys
    from dataclasses import replace

    from ..evaluate.asking import agree
    from ..queue.awaited import Awaited
    from ..queue.evaluating import evaluate_job
    from ..shotlists.lookups import Lookups

    with opened(app) as store:
        awaited = Awaited(store)
        lookups = Lookups(app.registry, app.folders, awaited)
        if ask.adapters:
            ask = replace(ask, adapters=tuple(map(lookups.lora, ask.adapters)))
        needs = awaited.needs(ask.adapters or ())
    agree(ask, app.registry, app.folders)
    command = shlex.join(["icl-studio", *sys.argv[1:]])
    job, brief = evaluate_job(ask, app.folders, command, needs=needs)
    enqueue(app, [job], after)
    if as_json:
        emit_json({"job": job.id, "report": brief.folder})
    else:
        out.print(
            f"Queued as {job.id}. Measure: icl-studio queue run", markup=False, soft_wrap=True
        )
        out.print(f"The report will lie in {brief.folder}", markup=False, soft_wrap=True)
    return 0


def _weights(text: str) -> tuple[str, Path]:
    """``METRIC=FOLDER`` or ``FOLDER``; a folder whose own name holds ``=`` is found first."""
    from ..paths import expanded

    name, equals, folder = text.partition("=")
    if equals and not expanded(text).is_dir() and "/" not in name and "\\" not in name:
        return name, expanded(folder).absolute()
    return "", expanded(text).absolute()


def _evaluate(app: AppContext, ask: Ask, as_json: bool) -> tuple[Report, list[JudgedSet]]:
    from ..evaluate.asking import agree
    from ..evaluate.running import Watch, evaluate
    from .making import Bar

    agreed = agree(ask, app.registry, app.folders)
    if ask.out is None and not as_json:
        where = app.folders.data / "evaluations" / agreed.task.id
        err.print(f"Sets are kept in {where}", markup=False, soft_wrap=True)

    class Shown(Watch):
        """The bar of ``make`` while sets are made, one for judging afterwards."""

        def __init__(self, bar: Bar) -> None:
            self.downloading = bar.downloading  # type: ignore[method-assign]
            self.expect = bar.expect  # type: ignore[method-assign]
            self.on_event = bar.on_event  # type: ignore[method-assign]
            self.stopping = bar.stopping  # type: ignore[method-assign]
            self.judging = bar.judging  # type: ignore[method-assign]

    with Bar(enabled=not as_json, lines=False) as bar:
        return evaluate(ask, agreed, app.registry, app.folders, Shown(bar))


def _keep(app: AppContext, report: Report) -> None:
    """Keep the figures for the window's page Train; a full disk does not cost them here."""
    from ..errors import StorageProblem
    from ..evaluate.kept import keep_report

    try:
        keep_report(report, app.folders)
    except StorageProblem as error:
        warn(f"The report is not kept: {error}")


def _write_page(html: Path, report: Report, judged: list[JudgedSet]) -> None:
    import shlex
    import sys

    from ..evaluate.page import write_page

    command = shlex.join(["icl-studio", *sys.argv[1:]])
    write_page(html, report, judged, command)


def _tell(report: Report, html: Path | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from ..evaluate.page import number, plain
    from ..evaluate.report import table

    grid = Table(box=None, pad_edge=False)
    for column in ("", "mean", "95 % interval", "chance", "scores"):
        grid.add_column(column, justify="left" if not column else "right")
    for name, group in table(report).items():
        grid.add_row(Text(name, style="bold"))
        for fact, figure in group.items():
            interval = f"{number(figure.low)} to {number(figure.high)}"
            row = (number(figure.value), interval, number(figure.chance), str(figure.n))
            grid.add_row(Text(f"  {fact}"), *row)
    title = f"{report.task} on {report.model}, {report.n} sets, seed {report.seed}"
    out.print(title, style="bold", markup=False, soft_wrap=True)
    out.print(grid)
    for name, facts in report.metrics.items():
        for key, fact in facts.items():
            if key != "title":
                out.print(f"{name}, {key}: {plain(fact)}", markup=False, soft_wrap=True)
    if html is not None:
        out.print(f"The sheets, worst first: {html}", markup=False, soft_wrap=True)
    for message in report.failed:
        err.print(f"Not every set could be made: {message}", markup=False, soft_wrap=True)
    if report.stopped:
        err.print(f"Stopped: these figures are of {report.n} of {report.asked} sets.")
