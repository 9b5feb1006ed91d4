"""What ``--engine auto`` means: the fastest engine that is valid here, by what was measured.

A compiled engine is taken when it is of this model and these releases, takes this canvas and
these LoRAs, and was faster in a run of ``engines bench`` on this machine at about this size. In
every other case it is torch, on which everything works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..domain.geometry import Size
from ..domain.problems import Problem
from ..engines.hardware import Machine, this_machine
from ..engines.protocol import AdapterFile, EngineOptions, EngineSpec, LocatedModel
from ..engines.store import EngineStore, StoredEngine, Structure, name_prefix, outward_damage
from ..engines.store.prune import stale_fields
from ..engines.times import machine_key, read_times, runs_like
from ..errors import AdapterRejected, NotFound
from ..models.weights import read_header
from ..paths import UserFolders
from ..plugins import Registry

GPU_DEVICES = ("cuda", "tensorrt", "tensorrt-rtx")
"""Devices of portable engines on which half precision is meant to run."""
DEVICES = ("", "cpu", *GPU_DEVICES)
"""Devices of portable engines, by the word before a colon; "" where none is named."""
RANK_KEYS = ("lora_A", "lora_down", "lora.down")
TEXT_KEYS = ("lora_te", "text_encoder", "text_model.", "clip_l.", "t5xxl.")
"""How the keys of a text encoder's LoRA begin, in the ways of writing that are in use."""


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
    engines, broken = EngineStore(folders.engines).scan()
    compiled = [
        engine
        for engine in engines
        if engine.manifest.model == job.model.spec.id
        and not engine.manifest.weights.fused
        and _spec_of(engine, registry) is not None
    ]
    if not compiled:
        damaged = [
            one
            for spec in registry.engines.values()
            if spec.stored
            for one in made_for(broken, spec.id, job.model.spec.id)
        ]
        why = f"--engine auto takes {favourite.id}: {damaged[0].what}" if damaged else ""
        return Choice(favourite, why)
    machine = this_machine()
    formats = {id: dict(spec.formats) for id, spec in registry.engines.items()}
    reasons = {
        engine.name: why_not(engine, job, machine, formats[engine.manifest.structure.engine])
        for engine in compiled
    }
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
    when it is its turn. The worker looks again, and then hashes what it loads. Raises
    :class:`AdapterRejected` for a LoRA that adapts a text encoder.
    """
    for adapter in job.adapters:
        if adapts_text(adapter):
            raise AdapterRejected(
                f"{adapter.path} adapts a text encoder too. The engine {spec.id!r} adapts the "
                "transformer only, and leaving a part of a LoRA out would change what it draws.",
                fix="Train without the text encoder, or remove these keys (docs/adapters.md).",
            )
    model = job.model.spec.id
    engines, broken = EngineStore(folders.engines).scan()
    kind = [
        engine
        for engine in engines
        if (engine.manifest.structure.engine, engine.manifest.model) == (spec.id, model)
    ]
    problems = made_for(broken, spec.id, model)
    what = "export" if spec.builder is None else f"build --engine {spec.id}"
    command = f"icl-studio engines {what} --model {model}"
    machine = this_machine()
    if not kind and not problems:
        if spec.builder is not None and not machine.gpus:
            raise NotFound(
                f"There is no {spec.id} engine of {model}, nor an NVIDIA card here to run one.",
                fix="Use --engine auto or torch here. Engines can be built here for another "
                f"machine: {command} --target sm_89",
            )
        raise NotFound(f"There is no {spec.id} engine of {model}.", fix=f"Run: {command}")
    for engine in kind:
        fused = "has a LoRA baked in" if engine.manifest.weights.fused else ""
        reason = fused or why_not(engine, job, machine, dict(spec.formats))
        if not reason:
            return
        problems.append(Problem(where=engine.name, what=f"{reason}."))
    raise NotFound(
        f"No {spec.id} engine of {model} can make this:",
        fix=f"Make one that can ({command}), or use --engine torch.",
        problems=problems,
    )


def why_not(
    engine: StoredEngine, job: Job, machine: Machine, formats: Mapping[str, str] | None = None
) -> str:
    """Why ``engine`` cannot serve ``job``, as the end of a sentence; "" when it can.

    ``formats`` are those that its kind writes today.
    """
    structure = engine.manifest.structure
    damage = outward_damage(engine)
    if damage:
        return f"is damaged ({damage[0].where} {damage[0].what.rstrip('.')})"
    differing = stale_fields(engine, job.model.folder, formats or {})
    if differing:
        return f"is stale ({differing[0]})"
    cards = {gpu.target for gpu in machine.gpus}
    if structure.targets and not cards & set(structure.targets):
        here = f"has {', '.join(sorted(cards))}" if cards else "shows no NVIDIA card"
        return f"is for {', '.join(structure.targets)}, and this machine {here}"
    device = (job.options.device or "").partition(":")[0]
    if device not in (("", "cuda") if structure.targets else DEVICES):
        return f"does not compute on {device}"
    if job.options.memory not in (None, "resident"):
        return f"keeps the whole model in memory and knows no --memory {job.options.memory}"
    if job.options.dtype not in (None, structure.dtype):
        return f"computes in {structure.dtype}"
    on_card = device in GPU_DEVICES or (not device and bool(machine.gpus))
    if not structure.targets and structure.dtype != "float32" and not on_card:
        return f"is in {structure.dtype}, which is for GPUs"
    if not structure.profile.holds(1, job.canvas.tokens, job.model.spec.max_sequence_length):
        low, high = structure.profile.image_tokens
        return f"takes {low} to {high} image tokens, {job.canvas} has {job.canvas.tokens}"
    return _why_not_these(structure, job.adapters)


def _why_not_these(structure: Structure, adapters: Sequence[AdapterFile]) -> str:
    """Why an engine cannot take these LoRAs together; one that weighs nothing has no rank."""
    weighing = {one.path: one for one in adapters if one.weight}
    rank = sum(map(adapter_rank, weighing.values()))
    if rank > structure.adapters.max_rank:
        return f"takes LoRAs of rank {structure.adapters.max_rank}, these have {rank}"
    return ""


def made_for(broken: Sequence[Problem], engine: str, model: str) -> list[Problem]:
    """Those of the store's ``broken`` engines that were of this kind and model, by their names."""
    return [one for one in broken if one.where.startswith(name_prefix(engine, model))]


def adapts_text(adapter: AdapterFile) -> bool:
    """Whether a LoRA file adapts a text encoder too; False for one that cannot be read."""
    names = (name.removeprefix("base_model.model.") for name in _header(adapter))
    return any(name.startswith(TEXT_KEYS) for name in names)


def _header(adapter: AdapterFile) -> dict[str, Any]:
    """The file's header; empty for one that cannot be read, which is told later."""
    try:
        return read_header(adapter.path)
    except (OSError, ValueError):
        return {}


def adapter_rank(adapter: AdapterFile) -> int:
    """The largest rank in a LoRA file; 0 for one that cannot be read, which is told later."""
    ranks = [
        int(entry["shape"][0])
        for name, entry in _header(adapter).items()
        if any(key in name for key in RANK_KEYS) and entry.get("shape")
    ]
    return max(ranks, default=0)


def _spec_of(engine: StoredEngine, registry: Registry) -> EngineSpec | None:
    """The spec that runs ``engine``; None when it is not installed."""
    spec = registry.engines.get(engine.manifest.structure.engine)
    return spec if spec is not None and not spec.missing() else None
