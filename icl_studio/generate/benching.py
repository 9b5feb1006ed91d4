"""Engines of one model timed in turns, and the result kept for ``--engine auto``."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..domain.geometry import Size
from ..domain.model import Sampling
from ..engines.benching import BenchJob, Timed, timed
from ..engines.hardware import this_machine
from ..engines.protocol import EngineOptions, EngineSpec, LocatedModel
from ..engines.store import EngineStore, StoredEngine
from ..engines.times import TimedRun, Timing, add_run, machine_key
from ..errors import ModelUnavailable, UserError
from ..models.weights import read_header
from ..paths import UserFolders
from ..plugins import Registry
from .planning import choose_engine

RANK = 16
SWAPS = 5
ATTENTION = ("attn.to_q", "attn.to_k", "attn.to_v")


@dataclass
class Measured:
    """One engine's figures as they come; seconds, in the order of the turns."""

    engine: str
    load_s: float
    stored: StoredEngine | None = None
    sheets: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    swaps: list[float] = field(default_factory=list)
    peak_mb: int | None = None

    def row(self) -> dict[str, Any]:
        """As ``engines bench --json`` tells it; ``parity`` is null for torch itself."""
        return {
            "engine": self.engine,
            "seconds_per_sheet": _spread(self.sheets),
            "seconds_per_step": _spread(self.steps),
            "swap_ms": round(statistics.median(self.swaps), 3),
            "load_s": round(self.load_s, 3),
            "peak_mb": self.peak_mb,
            "parity": None if self.stored is None else parity_of(self.stored),
        }


@dataclass(frozen=True)
class Sheet:
    """What is drawn: the same for all engines."""

    caption: str
    canvas: Size
    sampling: Sampling


def default_engines(model: str, registry: Registry, folders: UserFolders) -> list[str]:
    """torch, and every installed engine of which the store has one for ``model``."""
    kept = EngineStore(folders.engines).scan()[0]
    kinds = {one.manifest.structure.engine for one in kept if one.manifest.model == model}
    favourite = choose_engine("auto", registry).id
    others = [id for id, spec in registry.engines.items() if id in kinds and not spec.missing()]
    return list(dict.fromkeys((favourite, *others)))


def bench(
    specs: Sequence[EngineSpec],
    model: LocatedModel,
    options: EngineOptions,
    sheet: Sheet,
    turns: int,
    folders: UserFolders,
    say: Callable[[str], None],
) -> tuple[list[Measured], dict[str, UserError]]:
    """Time ``specs`` with ``turns`` sheets each, in turns; and the engines that cannot run.

    Every engine draws one sheet first that does not count. What was measured is kept on disk.
    Raises the first engine's error when none can run.
    """
    refused: dict[str, UserError] = {}
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        lora = write_lora(model, Path(scratch) / "bench.safetensors")
        running: list[tuple[Timed, Measured]] = []
        for spec in specs:
            say(f"loading {spec.id}")
            job = BenchJob(
                engine=spec,
                model=model,
                options=options,
                caption=sheet.caption,
                canvas=sheet.canvas,
                sampling=sheet.sampling,
                lora=lora,
            )
            one = stack.enter_context(timed(job))
            try:
                loaded = one.answer()
                one.ask("sheet")
            except UserError as error:
                refused[spec.id] = error
                continue
            stored = _stored(loaded["files"], folders)
            running.append((one, Measured(spec.id, loaded["loaded"], stored)))
        if not running:
            raise next(iter(refused.values()))
        _take_turns(running, turns, say)
    found = [measured for _, measured in running]
    add_run(folders.engine_times, _run(found, model, options, sheet))
    return found, refused


def _take_turns(
    running: Sequence[tuple[Timed, Measured]], turns: int, say: Callable[[str], None]
) -> None:
    """Every second turn the other way round: no engine always comes after the same one."""
    for turn in range(turns):
        order = running if turn % 2 == 0 else list(reversed(running))
        for one, measured in order:
            say(f"{measured.engine}: sheet {turn + 1} of {turns}")
            told = one.ask("sheet")
            measured.sheets.append(told["sheet"])
            measured.steps.append(told["step"])
            measured.peak_mb = told["peak_mb"]
    for one, measured in running:
        say(f"{measured.engine}: swapping a LoRA")
        measured.swaps += [one.ask("swap")["swap_ms"] for _ in range(SWAPS)]


def write_lora(model: LocatedModel, path: Path) -> Path:
    """A rank-16 LoRA on the attention of ``model``, of small numbers, for swapping only.

    Made from the headers of its weights. Raises :class:`ModelUnavailable`.
    """
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {}
    try:
        for shard in sorted((model.folder / "transformer").glob("*.safetensors")):
            for key, entry in read_header(shard).items():
                name = key.removesuffix(".weight")
                if name != key and name.endswith(ATTENTION):
                    width_out, width_in = entry["shape"]
                    tensors[f"transformer.{name}.lora_A.weight"] = np.full(
                        (RANK, width_in), 1e-3, np.float32
                    )
                    tensors[f"transformer.{name}.lora_B.weight"] = np.full(
                        (width_out, RANK), 1e-3, np.float32
                    )
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"The weights of {model.spec.id} cannot be read: {error}",
            fix="Download or copy the model again.",
        ) from error
    save_file(tensors, path)
    return path


def parity_of(stored: StoredEngine) -> dict[str, float | None]:
    """The worst step and the worst sheet in an engine's manifest; null: not measured yet."""
    steps = [case for case in stored.manifest.parity if case.component == "transformer"]
    sheets = [case.psnr_db for case in steps if case.psnr_db is not None]
    return {
        "relative_l2": max((case.relative_l2 for case in steps), default=None),
        "psnr_db": min(sheets, default=None),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, 5) for name, value in found.items()}


def _stored(files: Sequence[str], folders: UserFolders) -> StoredEngine | None:
    """The engine of the store that ``files`` belong to; None for torch."""
    store = EngineStore(folders.engines)
    for file in files:
        path = Path(file)
        if path.is_relative_to(store.root):
            return store.get(path.relative_to(store.root).parts[0])
    return None


def _run(
    found: Sequence[Measured], model: LocatedModel, options: EngineOptions, sheet: Sheet
) -> TimedRun:
    return TimedRun(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model.spec.id,
        machine=machine_key(this_machine()),
        options=(options.device, options.dtype),
        canvas=sheet.canvas,
        timings=tuple(
            Timing(
                engine=one.engine,
                stored=one.stored.name if one.stored else "",
                seconds_per_sheet=statistics.median(one.sheets),
            )
            for one in found
        ),
    )
