"""What ``--engine auto`` means: the fastest engine that is valid here, by what was measured.

A compiled engine is taken when it is of this model and these releases, takes this canvas and
these LoRAs, and was faster in a run of ``engines bench`` on this machine at about this size. In
every other case it is torch, on which everything works.
"""

from __future__ import annotations

from typing import NamedTuple

from ..domain.geometry import Size
from ..domain.problems import Problem
from ..engines.hardware import Machine, this_machine
from ..engines.protocol import AdapterFile, EngineOptions, EngineSpec, LocatedModel
from ..engines.store import EngineStore, StoredEngine
from ..engines.store.prune import stale_fields
from ..engines.times import machine_key, read_times, runs_like
from ..errors import NotFound
from ..models.weights import read_header
from ..paths import UserFolders
from ..plugins import Registry

GPU_DEVICES = ("cuda", "tensorrt", "tensorrt-rtx")
"""Devices of portable engines on which half precision is meant to run."""
RANK_KEYS = ("lora_A", "lora_down", "lora.down")


class Job(NamedTuple):
    """What an engine is chosen for."""

    model: LocatedModel
    canvas: Size
    adapters: tuple[AdapterFile, ...]
    options: EngineOptions


class Choice(NamedTuple):
    """The engine, and in one line why it is not a compiled one that there is; "" otherwise."""

    spec: EngineSpec
    why: str = ""


def choose_fastest(
    job: Job, favourite: EngineSpec, registry: Registry, folders: UserFolders
) -> Choice:
    """The engine for ``job``: ``favourite`` (torch), unless a compiled one is known to be faster.

    Reads manifests, file times and one small file; hashes weights only where they were touched.
    """
    compiled = [
        engine
        for engine in EngineStore(folders.engines).scan()[0]
        if engine.manifest.model == job.model.spec.id
        and not engine.manifest.weights.fused
        and _spec_of(engine, registry) is not None
    ]
    if not compiled:
        return Choice(favourite)
    machine = this_machine()
    reasons = {engine.name: why_not(engine, job, machine) for engine in compiled}
    valid = [engine for engine in compiled if not reasons[engine.name]]
    if not valid:
        name, reason = next(iter(reasons.items()))
        return Choice(favourite, f"--engine auto takes {favourite.id}: {name} {reason}.")
    options = (job.options.device, job.options.dtype)
    times = read_times(folders.engine_times)
    key = machine_key(machine)
    for run in runs_like(times, job.model.spec.id, key, options, job.canvas):
        base = run.of(favourite.id)
        timed = [
            (timing.seconds_per_sheet, engine)
            for engine in valid
            if (timing := run.of(engine.manifest.structure.engine, engine.name)) is not None
        ]
        if base is None or not timed:
            continue
        seconds, engine = min(timed, key=lambda pair: pair[0])
        spec = _spec_of(engine, registry)
        return Choice(spec if spec is not None and seconds < base.seconds_per_sheet else favourite)
    how = f"icl-studio engines bench --model {job.model.spec.id}"
    return Choice(
        favourite,
        f"--engine auto takes {favourite.id}: {valid[0].name} was not timed at about "
        f"{job.canvas} here yet ({how}).",
    )


def check_stored(job: Job, spec: EngineSpec, folders: UserFolders) -> None:
    """Raise :class:`NotFound` unless ``spec``, which somebody named, has an engine for ``job``.

    With every engine of that model and why it does not serve: before the job is queued, and not
    when it is its turn. The worker looks again, and then hashes what it loads.
    """
    model = job.model.spec.id
    kind = [
        engine
        for engine in EngineStore(folders.engines).scan()[0]
        if (engine.manifest.structure.engine, engine.manifest.model) == (spec.id, model)
    ]
    what = "export" if spec.builder is None else f"build --engine {spec.id}"
    command = f"icl-studio engines {what} --model {model}"
    if not kind:
        raise NotFound(f"There is no {spec.id} engine of {model}.", fix=f"Run: {command}")
    machine = this_machine()
    problems = []
    for engine in kind:
        fused = "has a LoRA baked in" if engine.manifest.weights.fused else ""
        reason = fused or why_not(engine, job, machine)
        if not reason:
            return
        problems.append(Problem(where=engine.name, what=f"{reason}."))
    raise NotFound(
        f"No {spec.id} engine of {model} can make this:",
        fix=f"Make one that can ({command}), or use --engine torch.",
        problems=problems,
    )


def why_not(engine: StoredEngine, job: Job, machine: Machine) -> str:
    """Why ``engine`` cannot serve ``job``, as the end of a sentence; "" when it can."""
    structure = engine.manifest.structure
    differing = stale_fields(engine, job.model.folder)
    if differing:
        return f"is stale ({differing[0]})"
    cards = {gpu.target for gpu in machine.gpus}
    if structure.targets and not cards & set(structure.targets):
        return f"is for {', '.join(structure.targets)}"
    device = (job.options.device or "").partition(":")[0]
    if structure.targets and device not in ("", "cuda"):
        return f"does not compute on {device}"
    if job.options.dtype not in (None, structure.dtype):
        return f"computes in {structure.dtype}"
    on_card = device in GPU_DEVICES or (not device and bool(machine.gpus))
    if not structure.targets and structure.dtype != "float32" and not on_card:
        return f"is in {structure.dtype}, which is for GPUs"
    if not structure.profile.holds(1, job.canvas.tokens, job.model.spec.max_sequence_length):
        low, high = structure.profile.image_tokens
        return f"takes {low} to {high} image tokens, {job.canvas} has {job.canvas.tokens}"
    rank = sum(adapter_rank(adapter) for adapter in job.adapters)
    if rank > structure.adapters.max_rank:
        return f"takes LoRAs of rank {structure.adapters.max_rank}, these have {rank}"
    return ""


def adapter_rank(adapter: AdapterFile) -> int:
    """The largest rank in a LoRA file; 0 for one that cannot be read, which is told later."""
    try:
        header = read_header(adapter.path)
    except (OSError, ValueError):
        return 0
    ranks = [
        int(entry["shape"][0])
        for name, entry in header.items()
        if any(key in name for key in RANK_KEYS) and entry.get("shape")
    ]
    return max(ranks, default=0)


def _spec_of(engine: StoredEngine, registry: Registry) -> EngineSpec | None:
    """The spec that runs ``engine``; None when it is not installed."""
    spec = registry.engines.get(engine.manifest.structure.engine)
    return spec if spec is not None and not spec.missing() else None
