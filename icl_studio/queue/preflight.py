"""Before a batch: everything that could stop it at three in the morning, in one table.

Nothing is downloaded, loaded or changed. Whatever is wrong is found for all waiting jobs at
once, not for the first of them.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..domain.request import SetRequest
from ..engines.hardware import nvidia_gpus
from ..errors import UserError
from ..generate.planning import check_folder, choose_engine
from ..models.adapters import known_adapters, resolve_adapter
from ..models.find import find_model
from ..models.locate import check_access, kind_of
from ..models.state import state_of
from ..paths import UserFolders
from ..plugins import Registry
from ..sets.files import nearest
from ..worker.memory import machine_memory
from .awaited import Awaited
from .history import Estimate, estimate
from .store import Filter, Store

Finding = Literal["ok", "note", "problem"]

SHEET_BYTES = 6
"""Bytes a pixel that a set takes: sheet and panels as PNG, three each at the worst."""


@dataclass(frozen=True)
class Line:
    """One line of the table: what was looked at, how it stands, what mends it."""

    what: str
    state: Finding
    told: str
    fix: str = ""


@dataclass(frozen=True)
class Preflight:
    """The table, and the estimate it contains."""

    lines: tuple[Line, ...]
    estimate: Estimate

    @property
    def problems(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.state == "problem")


def look_ahead(
    store: Store, registry: Registry, folders: UserFolders, workers: int = 1
) -> Preflight:
    """The preflight of all jobs that wait."""
    rows = store.page(Filter(states=("waiting",)))
    sets = [row for row in rows if row.kind == "generate"]
    requests = [store.get(row.id).request for row in sets]
    expected = estimate(store, workers)
    lines = [
        *_each("model", Counter(r.model for r in requests), lambda n: _model(n, registry, folders)),
        *_each("engine", Counter(r.engine for r in requests), lambda n: _engine(n, registry)),
        *_adapters(requests, folders, Awaited(store)),
        *_folders([(row.out, request) for row, request in zip(sets, requests, strict=True)]),
        _memory(requests, registry, folders),
        _time(expected),
    ]
    lines += _needs(Counter(row.blocked_by for row in rows if row.blocked_by), store)
    return Preflight(tuple(lines), expected)


def _each(what: str, names: Counter[str], look: Callable[[str], Line | str]) -> list[Line]:
    """A line for each name: what ``look`` says of it, or the error it raises."""
    lines = []
    for name, count in names.items():
        jobs = f"{count} job{'s' if count > 1 else ''}"
        try:
            found = look(name)
        except UserError as error:
            found = Line(what, "problem", f"{error.message} ({jobs})", error.fix)
        lines.append(found if isinstance(found, Line) else Line(what, "ok", f"{found} ({jobs})"))
    return lines


def _model(name: str, registry: Registry, folders: UserFolders) -> Line | str:
    spec = find_model(name, registry)
    state = state_of(spec, folders)
    if state.present:
        return f"{name}: here, {state.bytes / 1e9:.2g} GB"
    check_access(spec, folders)
    size = f", {spec.download_gb:g} GB" if spec.download_gb else ""
    return Line("model", "note", f"{name}: will be downloaded before its first job{size}")


def _engine(name: str, registry: Registry) -> str:
    spec = choose_engine(name, registry)
    return spec.id if name == spec.id else f"{name}: {spec.id}"


def _needs(blocking: Counter[str], store: Store) -> list[Line]:
    """A line for jobs that others wait for; one for each that will not be done by itself."""
    lines, to_come = [], 0
    for id, count in blocking.items():
        state = store.get(id).state
        if state in ("waiting", "running"):
            to_come += count
            continue
        verb = "resume" if state == "paused" else "retry"
        told = f"{count} jobs wait for {id}, which is {state}."
        lines.append(Line("needs", "problem", told, f"`icl-studio queue {verb} {id}`"))
    if to_come:
        lines.append(Line("needs", "note", f"{to_come} jobs wait for another job."))
    return lines


def _adapters(requests: list[SetRequest], folders: UserFolders, awaited: Awaited) -> list[Line]:
    uses = Counter(use for request in requests for use in request.adapters)
    local = {path.name for path in known_adapters(folders)}
    lines = []
    for use, count in uses.items():
        of_hub = use.source.count("/") >= 2 and not Path(use.source).is_file()
        if of_hub and Path(use.source).name not in local:
            told = f"{use.source}: will be fetched before its first job unless it is cached"
            lines.append(Line("LoRA", "note", f"{told} ({count} jobs)"))
            continue
        try:
            path = resolve_adapter(use, folders).path
        except UserError as error:
            if awaited(use) is not None:
                told = f"{Path(use.source).name}: a training in the queue makes it ({count} jobs)"
                lines.append(Line("LoRA", "note", told))
                continue
            lines.append(Line("LoRA", "problem", f"{error.message} ({count} jobs)", error.fix))
        else:
            lines.append(Line("LoRA", "ok", f"{path.name} at {use.weight:g} ({count} jobs)"))
    return lines


def _folders(wanted: list[tuple[Path, SetRequest]]) -> list[Line]:
    """Can each results folder be written, and is there room for the worst case."""
    lines = []
    for out in dict.fromkeys(folder for folder, _ in wanted):
        canvases = [request.layout.canvas for folder, request in wanted if folder == out]
        need = sum(canvas.width * canvas.height * SHEET_BYTES for canvas in canvases)
        try:
            check_folder(out)
            free = shutil.disk_usage(nearest(out)).free
        except UserError as error:
            lines.append(Line("results", "problem", error.message, error.fix))
            continue
        told = f"{out}: {free / 1e9:.1f} GB free, at most {need / 1e9:.2g} GB needed"
        enough = free > need * 1.05
        lines.append(Line("results", "ok" if enough else "problem", told, "" if enough else _ROOM))
    return lines


_ROOM = "Free some space, or queue the jobs with another --out."


def _memory(requests: list[SetRequest], registry: Registry, folders: UserFolders) -> Line:
    """The largest model's files against the memory of machine and GPU: a hint, no promise."""
    total = machine_memory()
    largest = 0
    for name in {request.model for request in requests}:
        try:
            spec = find_model(name, registry)
            if kind_of(spec) != "hub" or state_of(spec, folders).present:
                largest = max(largest, state_of(spec, folders).bytes)
        except UserError:
            continue
    if total is None:
        return Line("memory", "note", "This system does not say how much memory it has.")
    cards = nvidia_gpus()
    card = min((card.memory_mb * 2**20 for card in cards if card.memory_mb), default=0)
    told = f"{total / 2**30:.0f} GiB in this machine, {largest / 2**30:.2g} GiB of weights"
    if card:
        told = f"{card / 2**30:.0f} GiB on the GPU, {told}"
    if 0 < card < largest:
        return Line("memory", "note", told, "Its parts take turns on the GPU (--memory phases).")
    if largest > total:
        return Line(
            "memory", "note", told, "Weights are read piece by piece; close other programs."
        )
    return Line("memory", "ok", told)


def _time(expected: Estimate) -> Line:
    if not expected.jobs:
        return Line("time", "ok", "Nothing waits.")
    known = expected.jobs - expected.unknown
    if not known:
        return Line("time", "note", "no set of these models was timed yet")
    minutes, seconds = divmod(round(expected.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    told = f"about {hours}:{minutes:02}:{seconds:02} for {known} jobs"
    rest = f", {expected.unknown} more without history" if expected.unknown else ""
    return Line("time", "ok", f"{told}{rest} (from {expected.measured} finished jobs)")
