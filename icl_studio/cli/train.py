"""``icl-studio train``: tune a task's adapter from sets, go on with a run, list the runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from .console import AppContext, JsonOption, context, emit_json, err, out, progress, warn
from .dataset import AsChoice
from .queued import AfterOption, QueueOption, enqueue, no_queue
from .train_runs import sample, status

if TYPE_CHECKING:
    from ..domain.events import Event
    from ..generate.training import Trained
    from ..training.job import TrainJob
    from ..training.recipe import Recipe

STATUS, SAMPLE = "status", "sample"
_DOING = {
    "load": "loading the model",
    "cache": "encoding pictures and captions",
    "sample": "drawing samples",
    "save": "keeping a checkpoint",
}


def command(
    task: Annotated[
        str | None, typer.Argument(metavar="[TASK|status|sample]", help="The task, or what to do.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="Folder or zip; of status and sample: the run."),
    ] = None,
    picked: Annotated[
        bool, typer.Option("--picked", help="Train on the sets of this task that you picked.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="The base model.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="paper, 24gb, 16gb, 12gb or tiny; tiny's own is tiny.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON laid over the preset.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's.")] = None,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="The run's folder, a new one.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Go on with this run.")
    ] = None,
    taken_as: Annotated[
        AsChoice, typer.Option("--as", help="What the pictures of DATA are.")
    ] = AsChoice.auto,
    engine: Annotated[str, typer.Option(help="Engine that trains.")] = "auto",
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    preflight: Annotated[
        bool, typer.Option("--preflight/--no-preflight", help="Refuse what will not fit.")
    ] = True,
    queue: QueueOption = False,
    after: AfterOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the recipe and what each value does.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Tune a LoRA for a task from 20 to 100 sets. Ctrl-C keeps a checkpoint.

    With --queue the run is planned now and trained by `icl-studio queue run`.

    `icl-studio train status` lists the runs, or shows the one named after it. `icl-studio train
    sample` has the run that is being trained draw its sample sheets now; with several, name its
    folder or its job.
    """
    app = context()
    if task == STATUS:
        status(app, data, as_json)
        return 0
    if task == SAMPLE:
        sample(app, data, as_json)
        return 0
    if not queue:
        no_queue(after)
    name = model or app.settings.model
    chosen = _recipe(app, name, preset, recipe, {"steps": steps, "seed": seed})
    if explain:
        _explain(chosen, as_json)
        return 0
    job = (
        _resumed(resume, task, data)
        if resume is not None
        else _planned(
            app, task, data, picked, chosen, name, to, taken_as, engine, device, preflight, as_json
        )
    )
    if queue:
        return _enqueue(app, job, after, as_json)
    return _train(app, job, as_json)


def _recipe(
    app: AppContext, model: str, preset: str | None, file: Path | None, changes: dict[str, Any]
) -> Recipe:
    """The recipe; the embedded model has its own preset."""
    from ..models.find import find_model
    from ..paths import expanded
    from ..training.recipe import make_recipe

    if preset is None and find_model(model, app.registry).family == "tiny":
        preset = "tiny"
    return make_recipe(preset, expanded(file) if file else None, **changes)


def _explain(recipe: Recipe, as_json: bool) -> None:
    from rich.table import Table

    from ..training.recipe import PRESETS, TELLS, explain

    if as_json:
        emit_json({"recipe": recipe, "presets": PRESETS})
        return
    table = Table("key", "value", "what it does", box=None, pad_edge=False)
    for key, value, what in explain(recipe):
        table.add_row(key, Text(value), Text(what))
    out.print(table)
    for name, what in TELLS.items():
        out.print(Text(f"--preset {name}: {what}"))


def _resumed(folder: Path, task: str | None, data: Path | None) -> TrainJob:
    from ..generate.training import resumed_job
    from ..paths import expanded

    return resumed_job(expanded(folder), data or (Path(task) if task else None))


def _planned(
    app: AppContext,
    task: str | None,
    data: Path | None,
    picked: bool,
    recipe: Recipe,
    model: str,
    to: Path | None,
    taken_as: AsChoice,
    engine: str,
    device: str | None,
    preflight: bool,
    as_json: bool,
) -> TrainJob:
    from ..engines.protocol import EngineOptions
    from ..errors import RequestInvalid
    from ..generate.training import Asked, plan_training
    from ..paths import expanded
    from .dataset import picked_sets, tell

    if task is None or picked == (data is not None):
        raise RequestInvalid(
            "Name a task and its data.",
            fix="icl-studio train TASK DATA, or icl-studio train TASK --picked.",
        )
    source = expanded(data) if data is not None else picked_sets(app, task)
    asked = Asked(
        task=task,
        model=model,
        recipe=recipe,
        data=source,
        taken_as=taken_as.value,
        out=expanded(to) if to else None,
        engine=engine,
        options=EngineOptions(device=device or app.settings.device),
        preflight=preflight,
    )
    with progress(enabled=not as_json) as bar:
        line: Any = bar.add_task("looking at the data", total=None)

        def looking(done: int, total: int) -> None:
            bar.update(line, completed=done, total=total)

        job, inspected = plan_training(
            asked, app.registry, app.folders, downloading=looking, looking=looking
        )
    if not as_json:
        tell(inspected)
        out.print(Text(f"The run lies in {job.folder}"), soft_wrap=True)
    return job


def _enqueue(app: AppContext, job: TrainJob, after: list[str] | None, as_json: bool) -> int:
    """Queue the run that is planned; should that be refused, its folder can be resumed."""
    from ..queue.training import train_job

    (id,) = enqueue(app, [train_job(job.folder)], after)
    if as_json:
        emit_json({"job": id, "run": job.folder, "result": job.result})
    else:
        out.print(Text(f"Queued as {id}. Train it: icl-studio queue run"), soft_wrap=True)
        out.print(Text(f"Sets can name the LoRA already: --lora job:{id}"), soft_wrap=True)
    return 0


def _train(app: AppContext, job: TrainJob, as_json: bool) -> int:
    from ..errors import UserError
    from ..generate.training import run_training
    from .failures import error_json

    with _bar(job, quiet=as_json) as on_event:
        done = run_training(
            job,
            app.folders,
            on_event,
            lambda: err.print("Stopping after this step; a checkpoint is kept."),
        )
    answer = {
        "run": job.folder,
        "state": done.state,
        "step": done.step,
        "loss": done.loss,
        "result": job.result if done.state == "done" else None,
    }
    if as_json:
        emit_json(answer | ({"error": error_json(done.error)} if done.error else {}))
    else:
        _tell(done)
    if done.error is not None:
        return 2 if isinstance(done.error, UserError) else 1
    return 0 if done.state == "done" else 130


def _tell(done: Trained) -> None:
    """How it ended; the word 'done' only when it is."""
    job = done.job
    if done.error is not None:
        err.print(Text(f"Training failed after step {done.step}: {done.error}"), soft_wrap=True)
    elif done.state == "done":
        out.print(Text(f"{job.result}"), soft_wrap=True)
        out.print(Text(f"Use it: icl-studio lora register {job.result} --task {job.task}"))
        return
    else:
        err.print(f"Stopped after step {done.step} of {job.recipe.steps}; a checkpoint is kept.")
    err.print(Text(f"Go on with: icl-studio train --resume {job.folder}"), soft_wrap=True)


@contextmanager
def _bar(job: TrainJob, *, quiet: bool) -> Iterator[Any]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    from .making import clock

    shown = not quiet and err.is_terminal
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[left]}", style="progress.remaining"),
        console=err,
        transient=True,
        disable=not shown,
    ) as bar:
        line = bar.add_task("starting", total=None, left="")

        def on_event(event: Event) -> None:
            match event.type:
                case "progress":
                    doing = _DOING.get(event.phase, event.phase)
                    bar.update(line, description=doing)
                case "learnt":
                    told = (
                        f"step {event.step} of {event.total}, loss {event.smoothed:.4f} "
                        f"({event.loss:.4f}), rate {event.rate:.2g}, {event.speed:.2g} sheets/s"
                    )
                    left = "" if event.eta is None else clock(event.eta)
                    bar.update(
                        line, description=told, completed=event.step, total=event.total, left=left
                    )
                case "notice":
                    warn(event.message)

        yield on_event
