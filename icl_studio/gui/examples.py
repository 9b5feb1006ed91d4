"""A home worth a picture: everything in it has really been made, by the embedded model.

One set of each task and some more storyboards, ratings and tags, a queue in which some wait,
one is paused and one has failed, a compiled engine, and a short training run with its data and
its scores.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..domain.model import AdapterUse
from ..domain.request import SetRequest
from ..generate.asking import Wishes, new_request
from ..paths import UserFolders, user_folders
from ..plugins import Registry, load_registry
from ..queue.database import Database, queue_file
from ..queue.job import NewJob
from ..queue.running import Run
from ..queue.store import Store
from ..sets.rate import rate
from ..sets.record import read_record
from ..sets.tags import put_tags
from ..settings import Settings
from ..training.record import read_run
from .bridge import machine_places
from .engines import state as engines
from .train import scoring
from .train import state as training

TASK: Final = "film-storyboard"
FURTHER_SEEDS: Final = range(1, 4)
RECIPE: Final = {"steps": 30, "batch": 2, "sample_every": 10, "samples": 1, "checkpoint_every": 30}
"""Enough of a run to show a curve and sheets over time."""
EVALUATED: Final = 4
"""Sets of base and adapter each that are judged: enough to show the card, too few to tell much."""


def make_examples() -> None:
    """Fill the user's folders, which had better be empty; minutes on a laptop."""
    folders, settings = user_folders(), Settings()
    registry = load_registry(folders, settings)
    with Database(queue_file(folders)) as database:
        store = Store(database)
        ids = store.add([*_one_of_each(registry, folders), *_further(registry, folders)])
        _work(registry, folders, settings)
        made = [job.folder for job in map(store.get, ids) if job.folder is not None]
        further = made[-len(FURTHER_SEEDS) :]
        _judge(made, further)
        _export(registry, folders)
        wishes = training.Wishes(
            task=TASK, model="tiny", data=_data_set(folders, further), changes=dict(RECIPE)
        )
        run = training.plan(registry, folders, settings, wishes)
        training.enqueue(store, run)
        store.add([_of_a_missing_lora(registry, folders)])
        _work(registry, folders, settings)
        found = registry, folders, settings, run, read_run(run)
        scoring.enqueue(store, run, scoring.plan(*found, count=EVALUATED))
        _work(registry, folders, settings)
        store.add(_waiting(registry, folders))


def data_folder(folders: UserFolders) -> Path:
    """Where the data set of the example run lies, if one was made."""
    return folders.data / "storyboards"


def _job(registry: Registry, folders: UserFolders, task: str, wishes: Wishes) -> NewJob | None:
    """The task's example for the embedded model; None where it has none."""
    example = registry.task(task).example_for("tiny")
    if example is None:
        return None
    seed = example.seed if wishes.seed is None else wishes.seed
    wishes = replace(wishes, model="tiny", seed=seed)
    request = new_request(registry, folders, task, example.parts, wishes)
    return NewJob(request=request, out=folders.sets)


def _one_of_each(registry: Registry, folders: UserFolders) -> list[NewJob]:
    jobs = (_job(registry, folders, task, Wishes()) for task in registry.tasks)
    return [job for job in jobs if job is not None]


def _further(registry: Registry, folders: UserFolders) -> list[NewJob]:
    """The storyboard with other seeds, so that there is something to compare."""
    jobs = (_job(registry, folders, TASK, Wishes(seed=seed)) for seed in FURTHER_SEEDS)
    return [job for job in jobs if job is not None]


def _of_a_missing_lora(registry: Registry, folders: UserFolders) -> NewJob:
    """A job that fails as users' jobs do: its file is not there any more."""
    gone = AdapterUse(source=str(folders.adapters / "kite-look.safetensors"))
    job = _job(registry, folders, TASK, Wishes(seed=7))
    assert job is not None and isinstance(job.request, SetRequest)
    return job.model_copy(update={"request": job.request.model_copy(update={"adapters": (gone,)})})


def _waiting(registry: Registry, folders: UserFolders) -> list[NewJob]:
    """Three that wait and one that is paused."""
    jobs = (_job(registry, folders, TASK, Wishes(seed=seed)) for seed in range(40, 44))
    found = [job for job in jobs if job is not None]
    return [*found[:-1], *(job.model_copy(update={"paused": True}) for job in found[-1:])]


def _judge(made: Sequence[Path], further: Sequence[Path]) -> None:
    for folder, word in zip(made, ("5", "pick", "3", "pick", "4", "reject"), strict=False):
        rate(folder, word)
    for folder in further:
        put_tags(folder, ("night shoot", "round 2"))


def _export(registry: Registry, folders: UserFolders) -> None:
    exporters = engines.exporters(registry)
    if exporters:
        engines.export_task(folders, registry, "tiny", exporters[0]).run(lambda _: None)


def _data_set(folders: UserFolders, sets: Sequence[Path]) -> Path:
    """Sheets with captions beside them; one caption lacks its markers, as happens."""
    folder = data_folder(folders)
    folder.mkdir(parents=True, exist_ok=True)
    for number, made in enumerate(sets):
        record = read_record(made)
        words = record.request.caption if number else "a creature, without any marker"
        shutil.copy(made / record.sheet, folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(words, encoding="utf-8")
    return folder


def _work(registry: Registry, folders: UserFolders, settings: Settings) -> None:
    """Make what is queued, with real workers."""
    Run(folders, registry, machine_places(folders, settings)).go()
