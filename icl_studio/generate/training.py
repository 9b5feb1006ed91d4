"""From a task and a data set to a training run: recipe, data, samples, then a worker."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..domain.events import Event, Failed, Finished, Learnt
from ..domain.layout import Layout
from ..domain.model import Sampling
from ..domain.task import TaskSpec
from ..engines.protocol import EngineOptions, EngineSpec, LocatedModel
from ..errors import InternalError, NotFound, ProtocolError, StorageProblem, UserError, WorkerDied
from ..models.find import find_model
from ..models.locate import DownloadProgress, locate
from ..models.tokens import token_counter
from ..paths import UserFolders
from ..plugins import Registry
from ..sets.files import make_folders, remove_if_empty, remove_tree, storage
from ..sets.naming import safe_name
from ..training.dataset import Inspected, inspect, view_of
from ..training.job import DATA, SampleRequest, TrainJob
from ..training.material import As, gather, gather_sets
from ..training.prepare import Manifest, prepare, read_manifest
from ..training.recipe import Recipe
from ..training.record import RECORD_FILE, read_job, save_job
from ..worker.client import WorkerClient
from ..worker.protocol import Train
from .planning import choose_engine
from .running import Stopping, as_error

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What a user asks for: ``data`` a folder, a zip or the folders of sets; the rest as typed."""

    task: str
    model: str
    recipe: Recipe
    data: Path | tuple[Path, ...]
    taken_as: As = "auto"
    out: Path | None = None
    engine: str = "auto"
    options: EngineOptions = field(default_factory=EngineOptions)
    preflight: bool = True


@dataclass(frozen=True)
class Trained:
    """How a run ended: ``state`` as its record has it, the error where it failed."""

    job: TrainJob
    state: str
    step: int
    loss: float | None = None
    error: UserError | InternalError | None = None


def plan_training(
    asked: Asked,
    registry: Registry,
    folders: UserFolders,
    *,
    downloading: DownloadProgress | None = None,
    looking: Progress | None = None,
) -> tuple[TrainJob, Inspected]:
    """Find everything, prepare the data set in the run's new folder; nothing heavy is loaded.

    Raises the ``UserError`` of whatever is wrong, before anything is written if it can be known.
    """
    task = registry.task(asked.task)
    engine = trainable_engine(asked.engine, registry)
    spec = find_model(asked.model, registry)
    folder = (asked.out or new_folder(folders, asked.task)).absolute()
    if folder.exists() and any(folder.iterdir()):
        again = (folder / RECORD_FILE).is_file()
        fix = f"Go on with it: --resume {folder}" if again else "Name a new folder with --out."
        raise StorageProblem(f"{folder} is not empty.", fix=fix)
    recipe = asked.recipe
    model = locate(spec, folders, downloading)
    view = view_of(
        task,
        spec.canvas,
        fit=recipe.fit,
        batch=recipe.batch,
        scale=recipe.scale,
        buckets=recipe.buckets,
        counter=token_counter(model),
    )
    with storage("starting a training run", folder):
        make_folders(folder)
        unpacked = folders.cache / "unpacked" / secrets.token_hex(6)
        try:
            if isinstance(asked.data, Path):
                gathered = gather(asked.data, unpacked, view.names, taken_as=asked.taken_as)
            else:
                gathered = gather_sets(asked.data)
            inspected = inspect(gathered, view, looking)
            manifest = prepare(inspected, asked.task, view, folder / DATA, looking)
        except BaseException:
            remove_if_empty([folder])
            raise
        finally:
            remove_tree(unpacked)
    job = TrainJob(
        id=f"train-{secrets.token_hex(6)}",
        folder=folder,
        task=asked.task,
        model=model,
        engine=engine,
        options=asked.options,
        recipe=recipe,
        digest=manifest.digest,
        samples=_samples(task, model, manifest, view.layouts[0], recipe),
        cache=folders.cache / "training",
        result=folder / f"{safe_name(asked.task)}.safetensors",
        metadata=_metadata(task, model, recipe, manifest),
        preflight=asked.preflight,
    )
    save_job(job, len(manifest.examples))
    return job, inspected


def resumed_job(folder: Path, data: Path | None) -> TrainJob:
    """The job of the run in ``folder``, to be gone on with.

    Raises ``NotFound`` for no run; :class:`UserError` when ``data`` is given as well: a run keeps
    its own copy, and other data would be another run.
    """
    if data is not None:
        raise UserError(
            "A run that is resumed brings its own data.", fix="Leave out TASK and DATA."
        )
    job = read_job(folder.absolute())
    if job.result.is_file():
        raise UserError(f"The run is finished: {job.result}.", fix="Start a new run to train more.")
    read_manifest(folder / DATA)
    if job.folder == folder.absolute():
        return job
    moved = {"folder": folder.absolute(), "result": folder.absolute() / job.result.name}
    return job.model_copy(update=moved)


def run_training(
    job: TrainJob,
    folders: UserFolders,
    on_event: Callable[[Event], None],
    on_stop: Callable[[], None] | None = None,
) -> Trained:
    """Have a worker train ``job``. Ctrl-C keeps a checkpoint and stops; a second one at once.

    Raises nothing over a run that fails or a worker that dies: the outcome says it.
    """
    last: Event | None = None
    step, loss = 0, None
    with WorkerClient(folders) as client, Stopping(client, on_stop) as stop:
        try:
            for event in client.perform(Train(job=job), idle=stop.tell):
                stop.working |= isinstance(event, Learnt)
                if isinstance(event, Learnt):
                    step, loss = event.step, event.smoothed
                last = event
                stop.tell()
                on_event(event)
        except (WorkerDied, ProtocolError) as died:
            if not stop.killed:
                return Trained(job, "interrupted", step, loss, died)
            return Trained(job, "stopped", step, loss)
        log = client.log
    if isinstance(last, Finished):
        return Trained(job, "done", job.recipe.steps, loss)
    if isinstance(last, Failed):
        return Trained(job, "failed", step, loss, as_error(last, log))
    return Trained(job, "stopped", step, loss)


def trainable_engine(name: str, registry: Registry) -> EngineSpec:
    """The engine called ``name`` (``auto``: any) that can tune adapters. Raises ``NotFound``."""
    if name == "auto":
        fitting = [e for e in registry.engines.values() if e.trainer and not e.missing()]
        if fitting:
            return fitting[0]
    spec = choose_engine(name, registry)
    if spec.trainer is None:
        can = [engine.id for engine in registry.engines.values() if engine.trainer]
        raise NotFound(
            f"The engine {spec.id!r} cannot tune adapters.",
            fix=f"Use --engine {' or '.join(can)}." if can else "Run `icl-studio doctor`.",
        )
    return spec


def runs_root(folders: UserFolders) -> Path:
    """Where runs lie unless told otherwise."""
    return folders.data / "training"


def new_folder(folders: UserFolders, task: str) -> Path:
    """A run folder that nobody has."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return runs_root(folders) / f"{safe_name(task)}-{stamp}-{secrets.token_hex(2)}"


def _samples(
    task: TaskSpec, model: LocatedModel, manifest: Manifest, layout: Layout, recipe: Recipe
) -> tuple[SampleRequest, ...]:
    """The task's example for this model first, then captions spread over the data set."""
    captions: list[str] = []
    example = task.example_for(model.spec.family)
    if example is not None:
        captions.append(task.caption.render(example.parts))
    count = len(manifest.examples)
    spread = [manifest.examples[i * count // recipe.samples] for i in range(recipe.samples)]
    captions += [one.caption for one in spread]
    usual: Sampling = model.spec.sampling or task.sampling
    return tuple(
        SampleRequest(caption=caption, canvas=layout.canvas, seed=recipe.seed + i, sampling=usual)
        for i, caption in enumerate(dict.fromkeys(captions))
    )[: recipe.samples]


def _metadata(
    task: TaskSpec, model: LocatedModel, recipe: Recipe, manifest: Manifest
) -> dict[str, str]:
    """What the finished file says of itself; the worker adds the base's hash."""
    told: dict[str, Any] = {
        "task": task.id,
        "base": {
            "id": model.spec.id,
            "family": model.spec.family,
            "source": model.spec.source,
            "licence": model.spec.licence,
        },
        "layout": task.layout.model_dump(mode="json"),
        "caption": task.caption.model_dump(mode="json"),
        "recipe": recipe.model_dump(mode="json"),
        "data": {"digest": manifest.digest, "sheets": len(manifest.examples)},
    }
    return {"icl_studio": json.dumps(told)}
