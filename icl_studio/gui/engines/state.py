"""What the page Engines knows and does, without Qt; everything here blocks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...domain.geometry import Size
from ...domain.model import Sampling
from ...domain.problems import Problem, UserError
from ...engines.building import BuildJob, BuildWishes, run_build
from ...engines.exporting import ExportJob, run_export
from ...engines.hardware import Machine, this_machine
from ...engines.protocol import EngineOptions
from ...engines.store import EngineStore, StoredEngine
from ...engines.store.prune import stale_fields
from ...engines.times import read_times
from ...errors import JobCancelled
from ...generate.benching import Sheet, bench, default_engines, parity_of
from ...generate.planning import choose_engine
from ...models.find import find_model
from ...models.locate import locate, present_folder
from ...models.state import ModelState, state_of, token_state
from ...paths import UserFolders
from ...plugins import Registry
from ...settings import Settings
from ..texts import tr

RANK: Final = 128
TARGETS: Final = ("sm_120", "sm_89", "sm_86")
"""Cards that are built for where this machine shows none: RTX 50, 40 and 30."""
TURNS: Final = 3
Say = Callable[[str], None]


@dataclass(frozen=True)
class EngineCard:
    """A compiled engine: ``reasons`` are why it is stale or damaged; empty for a sound one.

    ``seconds`` are those of a sheet by this engine, ``others`` of what was timed beside it.
    ``elsewhere`` names the cards it was built for where none of them is here.
    """

    name: str
    title: str
    facts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    damaged: bool = False
    model: str = ""
    engine: str = ""
    seconds: float | None = None
    others: tuple[tuple[str, float], ...] = ()
    canvas: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Shelf:
    """All that the page shows."""

    engines: tuple[EngineCard, ...]
    models: tuple[ModelState, ...]
    token: str
    machine: Machine

    @property
    def targets(self) -> tuple[str, ...]:
        """GPUs that an engine may be built for, this machine's own first."""
        here = [gpu.target for gpu in self.machine.gpus]
        return tuple(dict.fromkeys((*here, *TARGETS)))


def read(folders: UserFolders, registry: Registry) -> Shelf:
    """The store, the models and the machine as they stand. Raises ``StorageProblem``."""
    engines, problems = EngineStore(folders.engines).scan()
    machine = this_machine()
    cards = [_card(engine, folders, registry, machine) for engine in engines]
    cards += [_damaged(problem) for problem in problems]
    states = [state_of(spec, folders) for spec in registry.models.values()]
    models = tuple(sorted(states, key=lambda one: not one.present))
    return Shelf(tuple(cards), models, token_state(), machine)


def size_text(size: int) -> str:
    """``size`` bytes in words."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _damaged(problem: Problem) -> EngineCard:
    return EngineCard(problem.where, problem.where, reasons=(problem.what,), damaged=True)


def _card(
    engine: StoredEngine, folders: UserFolders, registry: Registry, machine: Machine
) -> EngineCard:
    manifest = engine.manifest
    structure = manifest.structure
    parity = parity_of(engine)
    told = parity["relative_l2"]
    facts = [
        size_text(engine.bytes),
        ", ".join(structure.targets) or "CPU",
        manifest.built.created[:16].replace("T", " "),
    ]
    if told is not None:
        facts.append(f"{told:.1e}")
    if parity["psnr_db"] is not None:
        facts.append(f"{parity['psnr_db']:.0f} dB")
    try:
        folder = present_folder(find_model(manifest.model, registry), folders)
    except UserError:  # made of a model that is not known any more
        folder = None
    spec = registry.engines.get(structure.engine)
    stale = stale_fields(engine, folder, dict(spec.formats) if spec is not None else {})
    runs = [run for run in read_times(folders.engine_times).runs if run.model == manifest.model]
    timed = next((run for run in reversed(runs) if run.of(structure.engine, engine.name)), None)
    own = timed.of(structure.engine, engine.name) if timed is not None else None
    others = [
        (one.engine, one.seconds_per_sheet)
        for one in (timed.timings if timed is not None else ())
        if one is not own
    ]
    fits = {gpu.target for gpu in machine.gpus} & set(structure.targets)
    return EngineCard(
        name=engine.name,
        title=f"{structure.engine} · {manifest.model} · {structure.dtype}",
        facts=tuple(facts),
        reasons=tuple(map(str, stale)),
        model=manifest.model,
        engine=structure.engine,
        seconds=own.seconds_per_sheet if own is not None else None,
        others=tuple(others),
        canvas=str(timed.canvas) if timed is not None else "",
        elsewhere="" if fits else ", ".join(structure.targets),
    )


def exporters(registry: Registry) -> list[str]:
    """Engines that run on what is exported beforehand, and are installed."""
    return [id for id, spec in registry.engines.items() if spec.exporter and not spec.missing()]


def builders(registry: Registry) -> list[str]:
    """Engines that are then built for one kind of GPU, and are installed."""
    return [id for id, spec in registry.engines.items() if spec.builder and not spec.missing()]


class Task:
    """Minutes of work in a thread that can be called off; ``title`` is what it is."""

    def __init__(self, title: str, work: Callable[[Say, Callable[[], None]], Any]) -> None:
        self.title = title
        self._work = work
        self._stopped = threading.Event()

    def cancel(self) -> None:
        """End it soon; nothing half stays."""
        self._stopped.set()

    def run(self, say: Say) -> Any:
        """Do it. Raises :class:`JobCancelled` once it was called off, ``UserError``."""

        def told(phase: str) -> None:
            self._check()
            say(phase)

        self._check()
        return self._work(told, self._check)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise JobCancelled(f"{self.title}: cancelled.")


def export_task(folders: UserFolders, registry: Registry, model: str, engine: str) -> Task:
    """Export ``model`` for ``engine`` in float32, every LoRA an input."""

    def work(say: Say, idle: Callable[[], None]) -> str:
        job = ExportJob(
            engine=registry.engine(engine),
            model=locate(find_model(model, registry), folders),
            store=folders.engines,
            max_rank=RANK,
        )
        return run_export(job, say, idle).name

    return Task(tr("Export of {model} for {engine}", model=model, engine=engine), work)


def build_task(
    folders: UserFolders, registry: Registry, model: str, engine: str, target: str
) -> Task:
    """Build the export of ``model`` for the GPU ``target``, at the canvases of all tasks."""

    def work(say: Say, idle: Callable[[], None]) -> str:
        spec = find_model(model, registry)
        tasks = registry.tasks.values()
        canvases: Sequence[Size] = [task.layout.fitted(spec.canvas).canvas for task in tasks]
        job = BuildJob(
            engine=registry.engine(engine),
            model=locate(spec, folders),
            store=folders.engines,
            wishes=BuildWishes(targets=(target,), canvases=tuple(dict.fromkeys(canvases))),
        )
        return run_build(job, say, idle).name

    return Task(tr("Build of {model} for {target}", model=model, target=target), work)


def bench_task(folders: UserFolders, registry: Registry, settings: Settings, model: str) -> Task:
    """Time every engine of ``model`` in turns, on the first task's canvas.

    Its result says which of them could not run here, and why.
    """

    def work(say: Say, _: Callable[[], None]) -> str:
        located = locate(find_model(model, registry), folders)
        spec, task = located.spec, next(iter(registry.tasks.values()))
        usual = spec.sampling or task.sampling
        example = task.example_for(spec.family)
        sheet = Sheet(
            caption=task.caption.render(example.parts) if example else task.title,
            canvas=task.layout.fitted(spec.canvas).canvas,
            sampling=Sampling(steps=usual.steps, guidance=usual.guidance),
        )
        names = default_engines(spec.id, registry, folders)
        specs = [choose_engine(name, registry) for name in names]
        options = EngineOptions(device=settings.device, dtype=settings.dtype)
        refused = bench(specs, located, options, sheet, TURNS, folders, say)[1]
        return "\n".join(
            tr("{engine} was not timed: {why}", engine=id, why=str(error))
            for id, error in refused.items()
        )

    return Task(tr("Measuring {model}", model=model), work)


def remove(folders: UserFolders, name: str) -> Path:
    """Take an engine out of the store, a damaged one too.

    Raises ``NotFound``, ``StorageProblem``.
    """
    store = EngineStore(folders.engines)
    return store.root / store.remove(name)
