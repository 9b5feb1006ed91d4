"""What the page Train knows and does, without Qt: data looked at, a run planned, a run read.

Everything here blocks and is called in a thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw

from ...domain.geometry import Size
from ...engines.hardware import this_machine
from ...engines.protocol import EngineOptions, LocatedModel
from ...errors import NotFound, StorageProblem, UserError
from ...generate.training import Asked, plan_training, runs_root
from ...models.find import find_model
from ...models.locate import present_folder
from ...models.tokens import token_counter
from ...paths import UserFolders
from ...plugins import Registry
from ...queue.job import JobRow
from ...queue.store import Store
from ...queue.training import job_of_run, train_job
from ...sets.files import remove_tree, replace_text, storage
from ...settings import Settings
from ...training.dataset import Inspected, Item, View, compose, inspect, load_pictures, view_of
from ...training.job import SAMPLES
from ...training.material import CAPTION_FILES, Material, gather
from ...training.memory import Estimate, check_fits, estimate, shape_of
from ...training.recipe import Recipe, make_recipe
from ...training.record import Line, RunRecord, all_runs, read_job, read_log, read_run
from ...training.sampling import samples_wanted
from ...training.unpacking import TEXTS
from .scoring import Scored, scored

THUMB: Final = 220
"""Pixels of the longer side of a set's small picture."""


@dataclass(frozen=True)
class Wishes:
    """What is typed: ``preset`` empty is the model's own, ``changes`` of it by key."""

    task: str = ""
    model: str = ""
    data: Path | None = None
    preset: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """A data set as a task lays it out; ``need`` is the memory of a step, None if unknown."""

    inspected: Inspected
    view: View
    need: Estimate | None = None
    too_much: str = ""

    @property
    def pairs(self) -> list[tuple[Material, Item]]:
        return list(zip(self.inspected.material, self.inspected.items, strict=True))


@dataclass(frozen=True)
class Run:
    """A run as it stands: its record, every step, its samples by step, its job in the queue.

    ``draws``: its recipe has samples; ``asked``: they are wanted now and not drawn yet.
    """

    folder: Path
    record: RunRecord
    lines: tuple[Line, ...] = ()
    samples: tuple[tuple[int, tuple[Path, ...]], ...] = ()
    job: JobRow | None = None
    draws: bool = False
    asked: bool = False
    scored: Scored | None = None

    @property
    def trained(self) -> bool:
        """Whether a process trains it at this moment."""
        return self.record.state == "running"

    @property
    def open(self) -> bool:
        """Whether it is trained now or waits for its turn."""
        return self.job is not None and self.job.state in ("waiting", "running")

    @property
    def can_resume(self) -> bool:
        return not self.open and self.record.state != "done"


def recipe_of(wishes: Wishes, registry: Registry) -> Recipe:
    """The recipe; the embedded model has its own preset. Raises ``UserError``."""
    preset = wishes.preset or None
    if preset is None and find_model(wishes.model, registry).family == "tiny":
        preset = "tiny"
    return make_recipe(preset, None, **wishes.changes)


def look(registry: Registry, folders: UserFolders, settings: Settings, wishes: Wishes) -> Looked:
    """The data set of ``wishes`` as its task and model lay it out. Raises ``UserError``."""
    if wishes.data is None:
        raise NotFound("There is no data set yet.", fix="Choose a folder or a zip.")
    task = registry.task(wishes.task)
    spec = find_model(wishes.model, registry)
    recipe = recipe_of(wishes, registry)
    folder = present_folder(spec, folders)
    model = LocatedModel(spec=spec, folder=folder) if folder is not None else None
    view = view_of(
        task,
        spec.canvas,
        fit=recipe.fit,
        batch=recipe.batch,
        scale=recipe.scale,
        buckets=recipe.buckets,
        counter=token_counter(model) if model is not None else None,
    )
    unpacked = folders.cache / "unpacked" / "window"
    remove_tree(unpacked)
    inspected = inspect(gather(wishes.data, unpacked, view.names), view)
    need, too_much = _memory(model, recipe, view.layouts[0].canvas, settings)
    return Looked(inspected, view, need, too_much)


def _memory(
    model: LocatedModel | None, recipe: Recipe, canvas: Size, settings: Settings
) -> tuple[Estimate | None, str]:
    """What a step needs, and why that is too much for this machine, where it is."""
    if model is None:
        return None, ""
    machine = this_machine()
    device = settings.device or ("cuda" if machine.gpus else "cpu")
    kind = device.partition(":")[0]
    try:
        need = estimate(
            shape_of(model.folder), recipe, canvas, model.spec.max_sequence_length, device=kind
        )
    except UserError:  # a model of another make; the trainer says what it is
        return None, ""
    there = machine.gpus[0].memory_mb if kind == "cuda" and machine.gpus else machine.memory_mb
    try:
        check_fits(need, there * 2**20 or None, recipe)
    except UserError as error:
        return need, str(error)
    return need, ""


def small_picture(material: Material, item: Item, view: View) -> Image.Image | None:
    """The set as it will be trained on, small, its panels' edges drawn; None if it cannot be."""
    layout = next((one for one in view.layouts if one.canvas == item.bucket), None)
    pictures = load_pictures(material)[0] if layout is not None else []
    whole = len(pictures) == len(material.pictures) and len(item.fitted) >= len(pictures) > 0
    if layout is None or not whole:
        return None
    sheet = compose(pictures, layout, view.fit)
    scale = THUMB / max(sheet.size)
    size = max(1, round(sheet.width * scale)), max(1, round(sheet.height * scale))
    small = sheet.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(small)
    for box in layout.boxes:
        x0, y0, x1, y1 = (round(edge * scale) for edge in box)
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline="white")
    return small


def caption_file(source: Path, material: Material) -> Path | None:
    """Where the caption of ``material`` is kept; None where it cannot be edited.

    A set of ICL Studio keeps the words it was made with, and a zip is not written into.
    """
    if material.kind == "set" or not material.pictures or source.is_file():
        return None
    first = material.pictures[0]
    if material.kind == "sheet":
        beside = sorted(first.parent.glob("*"))
        stem = first.stem.casefold()
        texts = [p for p in beside if p.suffix.lower() in TEXTS and p.stem.casefold() == stem]
        return texts[0] if texts else first.with_suffix(".txt")
    folder = first.parent
    candidates = [folder / name for name in CAPTION_FILES]
    candidates.append(folder.parent / f"{folder.name}.txt")
    return next((path for path in candidates if path.is_file()), candidates[0])


def save_caption(file: Path, caption: str) -> None:
    """Write a caption, in one step. Raises ``StorageProblem``."""
    with storage("writing a caption", file):
        replace_text(file, " ".join(caption.split()) + "\n")


def plan(registry: Registry, folders: UserFolders, settings: Settings, wishes: Wishes) -> Path:
    """Prepare a run; its folder. Raises the ``UserError`` of whatever is wrong."""
    if wishes.data is None:
        raise NotFound("There is no data set yet.", fix="Choose a folder or a zip.")
    chosen = registry.engines.get(settings.engine)
    asked = Asked(
        task=wishes.task,
        model=wishes.model,
        recipe=recipe_of(wishes, registry),
        data=wishes.data,
        engine=settings.engine if chosen is not None and chosen.trainer else "auto",
        options=EngineOptions(device=settings.device),
    )
    job, _ = plan_training(asked, registry, folders)
    return job.folder


def enqueue(store: Store, folder: Path) -> str:
    """Queue the run in ``folder``; the job's id. A job that was paused or failed goes on."""
    from ...queue import control

    job = job_of_run(store, folder)
    if job is None:
        return store.add([train_job(folder)])[0]
    if job.state == "paused":
        control.resume(store, [job.id])
    elif job.state in ("failed", "cancelled", "quarantined"):
        control.retry(store, [job.id])
    return job.id


def stop(store: Store, folder: Path) -> None:
    """Stop the run after its step; a checkpoint is kept, and its job waits to be resumed."""
    from ...queue import control

    job = job_of_run(store, folder)
    if job is not None and job.state in ("waiting", "running"):
        control.pause(store, [job.id])


def read(store: Store, registry: Registry, folders: UserFolders, folder: Path) -> Run:
    """The run in ``folder`` as it stands. Raises ``NotFound``, ``StorageProblem``."""
    record = read_run(folder)
    return Run(
        folder,
        record,
        tuple(read_log(folder)),
        samples_of(folder),
        job_of_run(store, folder),
        _draws(folder),
        samples_wanted(folder),
        scored(store, registry, folders, folder, record),
    )


def _draws(folder: Path) -> bool:
    try:
        return bool(read_job(folder).samples)
    except (NotFound, StorageProblem):  # an old run is still shown; it is not trained
        return False


def runs(folders: UserFolders) -> list[tuple[Path, RunRecord]]:
    return all_runs(runs_root(folders))


def samples_of(folder: Path) -> tuple[tuple[int, tuple[Path, ...]], ...]:
    """Sample sheets of a run: step, and the pictures drawn after it."""
    found: dict[int, list[Path]] = {}
    for path in sorted((folder / SAMPLES).glob("*.png")):
        match = re.search(r"(\d+)-(\d+)$", path.stem)
        if match:
            found.setdefault(int(match[1]), []).append(path)
    return tuple((step, tuple(found[step])) for step in sorted(found))
