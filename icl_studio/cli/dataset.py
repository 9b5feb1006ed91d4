"""``icl-studio dataset``: check, look at, caption and import the sets that a task is tuned on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import AppContext, JsonOption, context, emit_json, out, progress
from .queued import AfterOption, QueueOption, enqueue, no_queue

if TYPE_CHECKING:
    from ..training.captioning import CaptionJob
    from ..training.dataset import Inspected, View
    from ..training.material import Gathered

app = typer.Typer(
    help="Check, look at, caption and import the sets that a task is tuned on.",
    no_args_is_help=True,
    add_completion=False,
)


class FitChoice(StrEnum):
    exact = "exact"
    crop = "crop"
    pad = "pad"


class AsChoice(StrEnum):
    auto = "auto"
    sheets = "sheets"
    panels = "panels"


Source = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help="Folder or zip: finished sheets, or panels per set."),
]
TaskOption = Annotated[str, typer.Option("--task", help="The task that is tuned.")]
FitOption = Annotated[
    FitChoice,
    typer.Option(help="What to do where a shape differs: exact refuses, crop cuts, pad fills."),
]
AsOption = Annotated[
    AsChoice, typer.Option("--as", help="What the pictures are; auto looks at names and texts.")
]
ModelOption = Annotated[
    str | None, typer.Option(help="The model to tune: decides the canvas and counts tokens.")
]
BatchOption = Annotated[int, typer.Option(min=1, help="Sheets in a step, for the buckets.")]
BucketsOption = Annotated[
    bool, typer.Option("--buckets/--one-canvas", help="Keep shapes, or all on one canvas.")
]
PickedOption = Annotated[
    bool, typer.Option("--picked", help="Take the sets of this task that you picked.")
]


@app.command()
def check(
    source: Source = None,
    task: TaskOption = "",
    model: ModelOption = None,
    fit: FitOption = FitChoice.crop,
    taken_as: AsOption = AsChoice.auto,
    batch: BatchOption = 4,
    buckets: BucketsOption = True,
    picked: PickedOption = False,
    as_json: JsonOption = False,
) -> int:
    """Check every picture and caption; nothing is changed. Exit code 1 if something is wrong."""
    app_context = context()
    view = _view(app_context, task, model, fit, batch, buckets)
    with _gathered(app_context, source, task, picked, view, taken_as) as gathered:
        inspected = _inspected(gathered, view, quiet=as_json)
    if as_json:
        emit_json(inspected.to_json())
    else:
        tell(inspected)
    wrong = [p for item in inspected.items for p in item.problems] + list(inspected.problems)
    return int(any(problem.level == "error" for problem in wrong))


@app.command()
def sheet(
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="PNG, JPEG or WebP.")],
    source: Source = None,
    task: TaskOption = "",
    model: ModelOption = None,
    fit: FitOption = FitChoice.crop,
    taken_as: AsOption = AsChoice.auto,
    buckets: BucketsOption = True,
    picked: PickedOption = False,
    columns: Annotated[int, typer.Option(min=1, max=20)] = 5,
    as_json: JsonOption = False,
) -> None:
    """Draw the contact sheet: every set as it will be trained on, with what is wrong with it."""
    from ..paths import expanded
    from ..training.contact import contact_sheet
    from ..training.saving import save_picture

    app_context = context()
    view = _view(app_context, task, model, fit, 1, buckets)
    with _gathered(app_context, source, task, picked, view, taken_as) as gathered:
        inspected = _inspected(gathered, view, quiet=as_json)
        with _bar("drawing", quiet=as_json) as step:
            picture = contact_sheet(inspected, view, step, columns)
    path = expanded(to).absolute()
    save_picture(picture, path)
    if as_json:
        emit_json({"path": path, "items": len(inspected.items), "usable": len(inspected.usable)})
    else:
        out.print(str(path), markup=False, soft_wrap=True)


@app.command("import")
def import_(
    to: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Must not exist.")],
    source: Source = None,
    task: TaskOption = "",
    model: ModelOption = None,
    fit: FitOption = FitChoice.crop,
    taken_as: AsOption = AsChoice.auto,
    batch: BatchOption = 4,
    buckets: BucketsOption = True,
    picked: PickedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the usable sets as finished sheets with captions, as `train` reads them."""
    from ..paths import expanded
    from ..training.prepare import prepare

    app_context = context()
    view = _view(app_context, task, model, fit, batch, buckets)
    folder = expanded(to).absolute()
    with _gathered(app_context, source, task, picked, view, taken_as) as gathered:
        inspected = _inspected(gathered, view, quiet=as_json)
        with _bar("writing", quiet=as_json) as step:
            manifest = prepare(inspected, task, view, folder, step)
    if as_json:
        emit_json({"folder": folder, "digest": manifest.digest, **inspected.to_json()})
        return
    tell(inspected)
    count = len(manifest.examples)
    out.print(f"{count} sheets in {folder}", markup=False, soft_wrap=True)


@app.command()
def caption(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Captions go beside pictures.")],
    captioner: Annotated[
        str, typer.Option(help="template, server, vision, oracle, or a plugin's.")
    ] = "template",
    task: TaskOption = "",
    taken_as: AsOption = AsChoice.auto,
    url: Annotated[str | None, typer.Option(help="The server's address, up to /v1.")] = None,
    model: Annotated[str | None, typer.Option(help="The model's name on the server.")] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A vision-language model here.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    instruction: Annotated[
        str, typer.Option(help="More that the captioner is told, in your words.")
    ] = "",
    queue: QueueOption = False,
    after: AfterOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write the joint captions that are missing, as text files. None that stands is touched."""
    from ..engines.captioners import CaptionerOptions
    from ..generate.captioning import plan_captions, write_captions
    from ..paths import expanded

    if not queue:
        no_queue(after)
    app_context = context()
    spec = app_context.registry.task(task) if task else None
    options = CaptionerOptions(
        url=url, model=model, weights=expanded(weights) if weights else None, device=device
    )
    folder = expanded(source).absolute()
    job = plan_captions(
        folder,
        spec,
        app_context.registry.captioner(captioner),
        options,
        taken_as=taken_as.value,
        instruction=instruction,
    )
    if queue and job is not None:
        return _enqueue(app_context, folder, task, job, after, as_json)
    with _bar("describing", quiet=as_json) as step:
        done = write_captions(job, app_context.folders, step)
    if as_json:
        emit_json(done)
    else:
        for file in done.written:
            out.print(str(file), markup=False, soft_wrap=True)
        for message in done.failed:
            out.print(message, markup=False, soft_wrap=True)
        out.print(f"{len(done.written)} captions written, {len(done.failed)} not.", markup=False)
    return 1 if done.failed else 0


def _enqueue(
    app_context: AppContext,
    folder: Path,
    task: str,
    job: CaptionJob,
    after: list[str] | None,
    as_json: bool,
) -> int:
    from ..queue.captioning import CaptionBrief
    from ..queue.job import NewJob

    brief = CaptionBrief(task=task, folder=folder, job=job)
    (id,) = enqueue(app_context, [NewJob(kind="caption", request=brief, out=folder)], after)
    if as_json:
        emit_json({"job": id, "captions": len(job.items)})
    else:
        told = f"{len(job.items)} captions queued as {id}. Write them: icl-studio queue run"
        out.print(told, markup=False, soft_wrap=True)
    return 0


def tell(inspected: Inspected) -> None:
    """Print what a check found: items with something to say, buckets, the sum of what is lost."""
    from rich.table import Table
    from rich.text import Text

    colours = {"error": "red", "warning": "yellow", "note": "dim"}
    table = Table("set", "size", "bucket", "", box=None, pad_edge=False)
    for item in inspected.items:
        lines = Text("\n").join(Text(str(p), style=colours[p.level]) for p in item.problems)
        table.add_row(Text(item.name), str(item.size or ""), str(item.bucket or ""), lines)
    if inspected.items:
        out.print(table)
    for problem in inspected.problems:
        out.print(Text(f"{problem.level}: {problem}", style=colours[problem.level]))
    for bucket in inspected.buckets:
        bar = "#" * max(1, round(30 * bucket.count / inspected.buckets[0].count))
        out.print(Text(f"{bucket.size!s:>10} {bucket.count:5} {bar}"))
        for problem in bucket.problems:
            out.print(Text(f"{problem.level}: {problem}", style=colours[problem.level]))
    lost = sum(item.lost for item in inspected.items)
    usable = f"{len(inspected.usable)} of {len(inspected.items)} sets can be trained on"
    out.print(f"{usable}; fit {inspected.fit}: {lost:,} pixels are cut away in all.", markup=False)


def _view(
    app_context: AppContext,
    task: str,
    model: str | None,
    fit: FitChoice,
    batch: int,
    buckets: bool,
) -> View:
    """How the data is looked at; tokens are counted where the model is on this machine."""
    from ..errors import RequestInvalid
    from ..models.find import find_model
    from ..models.locate import present_folder
    from ..models.tokens import token_counter
    from ..training.dataset import view_of

    if not task:
        known = ", ".join(app_context.registry.tasks)
        raise RequestInvalid("Which task is the data for?", fix=f"Add --task: {known}.")
    spec = app_context.registry.task(task)
    if model is None:
        return view_of(spec, fit=fit.value, batch=batch, buckets=buckets)
    found = find_model(model, app_context.registry)
    folder = present_folder(found, app_context.folders)
    counter = token_counter(folder, found) if folder is not None else None
    return view_of(spec, found.canvas, fit=fit.value, batch=batch, buckets=buckets, counter=counter)


@contextmanager
def _gathered(
    app_context: AppContext,
    source: Path | None,
    task: str,
    picked: bool,
    view: View,
    taken_as: AsChoice,
) -> Iterator[Gathered]:
    """What the source holds; the files of a zip go away again."""
    import tempfile

    from ..errors import RequestInvalid
    from ..paths import expanded
    from ..training.material import gather, gather_sets

    if picked == (source is not None):
        raise RequestInvalid(
            "Give a PATH or --picked, and not both.",
            fix="PATH is a folder or zip; --picked takes the sets that you rated as picks.",
        )
    if source is None:
        yield gather_sets(picked_sets(app_context, task))
        return
    with tempfile.TemporaryDirectory(prefix="icl-studio-", ignore_cleanup_errors=True) as spare:
        unpacked = Path(spare) / "unpacked"
        yield gather(expanded(source), unpacked, view.names, taken_as=taken_as.value)


def picked_sets(app_context: AppContext, task: str) -> tuple[Path, ...]:
    """The folders of the user's sets of ``task`` that are picks; ``RequestInvalid`` for none."""
    from ..errors import RequestInvalid
    from ..sets.library import Library

    entries, _ = Library(app_context.sets_root).search(f"flag:pick task:{task}")
    found = tuple(entry.folder for entry in entries if entry.record.request.task == task)
    if not found:
        raise RequestInvalid(
            f"None of your sets of the task {task!r} is picked.",
            fix="Pick some: icl-studio rate SET pick.",
        )
    return found


def _inspected(gathered: Gathered, view: View, *, quiet: bool) -> Inspected:
    from ..training.dataset import inspect

    with _bar("looking", quiet=quiet) as step:
        return inspect(gathered, view, step)


@contextmanager
def _bar(doing: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    with progress(enabled=not quiet) as bar:
        task: Any = bar.add_task(doing, total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield step
