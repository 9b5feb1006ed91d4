"""From a shot list to requests: every row against its task, every problem in one report."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..domain.caption import CaptionParts
from ..domain.model import AdapterUse, ModelSpec
from ..domain.problems import Problem
from ..domain.request import MAX_SEED, SetRequest, build_request
from ..domain.task import TaskSpec
from ..errors import UserError
from ..paths import UserFolders
from ..plugins import Registry
from .choices import chosen, has_choices
from .columns import Shot, at, read_shot, unknown_columns
from .lookups import Lookups, Promised
from .reading import read_rows
from .sweeps import MOST, Axis, combinations


@dataclass(frozen=True)
class Defaults:
    """What a row means that says nothing of it."""

    task: str | None = None
    model: str = "tiny"
    engine: str = "auto"
    priority: int = 0


@dataclass(frozen=True)
class Wanted:
    """One set that a list asks for, and how its job is to be queued.
    ``origin``: file, row, the texts before their choices were made, the values swept over.
    """

    request: SetRequest
    row: int
    priority: int = 0
    hold: int | None = None
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A list, checked: the sets of its good rows in order, and every problem there is."""

    sets: tuple[Wanted, ...]
    problems: tuple[Problem, ...]
    rows: int
    bad_rows: int


def check_list(
    file: Path,
    registry: Registry,
    folders: UserFolders,
    defaults: Defaults | None = None,
    sweep: Sequence[Axis] = (),
    promised: Promised = lambda _: None,
) -> Checked:
    """Read and check a whole shot list; nothing is queued and nothing downloaded.

    ``promised`` knows the LoRA files that queued jobs are still to tune.

    Raises what :func:`~.reading.read_rows` raises for a file that cannot be read at all, and
    :class:`UserError` for axes that make no sense. Everything else is a problem of a row.
    """
    rows = read_rows(file)
    values = list(combinations(sweep))
    lookups = Lookups(registry, folders, promised)
    checker = _Checker(registry, folders, defaults or Defaults(), file, lookups)
    names = [name for row in rows for name in row.cells]
    panel_names = {name for task in registry.tasks.values() for name in task.layout.names}
    problems = unknown_columns(dict.fromkeys(names), panel_names)
    sets: list[Wanted] = []
    bad = 0
    for row in rows:
        shot, found = read_shot(row, file.parent, panel_names)
        made: list[Wanted] = []
        if len(sets) + shot.count * len(values) > MOST:
            found.append(at(row.number, "count", f"makes more than {MOST:,} sets in all."))
        if not found:
            made, found = checker.sets_of(shot, values)
        bad += bool(found)
        problems += found
        sets += [] if found else made
    return Checked(tuple(sets), tuple(problems), len(rows), bad)


def is_stored_request(file: Path) -> bool:
    """Whether ``file`` is one request (its JSON, a set, a set's PNG) instead of a list."""
    if file.is_dir() or file.suffix.lower() == ".png":
        return True
    if file.suffix.lower() != ".json":
        return False
    try:
        data = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False  # reading it as a list says what is wrong with it
    return isinstance(data, dict) and ("caption" in data or "request" in data)


class _Checker:
    """Turns rows into requests."""

    def __init__(
        self,
        registry: Registry,
        folders: UserFolders,
        defaults: Defaults,
        file: Path,
        lookups: Lookups,
    ) -> None:
        self._registry = registry
        self._folders = folders
        self._defaults = defaults
        self._file = file
        self._lookups = lookups

    def sets_of(
        self, shot: Shot, values: Sequence[dict[str, Any]]
    ) -> tuple[list[Wanted], list[Problem]]:
        """The sets of one row, times the sweep; or what is wrong with it, each thing once."""
        found: dict[Problem, None] = {}
        made: list[Wanted] = []
        task = self._task(shot, found)
        if task is not None:
            # A sweep over seeds makes choices by its first one: adding it again gives the same.
            first = shot.seed if shot.seed is not None else values[0].get("seed")
            if first is None:
                first = secrets.randbelow(MAX_SEED + 1)
            if shot.seed is None:  # room for the last of a count
                first = min(first, MAX_SEED - shot.count + 1)
            for seed in range(first, first + shot.count):
                for swept in values:
                    made += self._one(shot, task, seed, swept, found)
        return made, list(found)

    def _one(
        self,
        shot: Shot,
        task: TaskSpec,
        seed: int,
        swept: dict[str, Any],
        found: dict[Problem, None],
    ) -> Iterator[Wanted]:
        """One set, unless something is wrong, which goes to ``found``."""
        try:
            spec, counter = self._lookups.model(
                swept.get("model") or shot.model or self._defaults.model
            )
        except UserError as error:
            found[at(shot.row, "model", error.message, error.fix)] = None
            return
        texts, told = self._texts(shot, task, seed, found)
        adapters = self._loras(shot, task, spec, swept.get("lora-weight"), found)
        engine = swept.get("engine") or shot.engine or self._defaults.engine
        refused = self._lookups.engine(engine)
        if refused is not None:
            found[at(shot.row, "engine", refused.message, refused.fix)] = None
        if found:
            return
        try:
            request = build_request(
                task,
                spec,
                texts,
                counter=counter,
                adapters=adapters,
                seed=swept.get("seed", seed),
                steps=swept.get("steps", shot.steps),
                guidance=swept.get("guidance", shot.guidance),
                exact=shot.exact,
                engine=engine,
                name=shot.name,
            )
        except UserError as error:
            for problem in error.problems:
                column = _column(problem.where)
                found[at(shot.row, column, problem.what, problem.fix)] = None
            return
        origin = {"file": self._file.name, "row": shot.row}
        origin |= ({"choices": told} if told else {}) | ({"sweep": swept} if swept else {})
        priority = self._defaults.priority if shot.priority is None else shot.priority
        yield Wanted(request, shot.row, priority, shot.hold, origin)

    def _task(self, shot: Shot, found: dict[Problem, None]) -> TaskSpec | None:
        name = shot.task or self._defaults.task
        if name is None:
            fix = f"Give one of {', '.join(self._registry.tasks)}."
            found[at(shot.row, "task", "is missing.", fix)] = None
            return None
        try:
            return self._registry.task(name)
        except UserError as error:
            found[at(shot.row, "task", error.message, error.fix)] = None
            return None

    def _texts(
        self, shot: Shot, task: TaskSpec, seed: int, found: dict[Problem, None]
    ) -> tuple[CaptionParts, dict[str, str]]:
        """The row's texts with every choice made, and those that had choices as they stood."""
        names = task.layout.names
        panels = {n: text for n, text in shot.panels.items() if n <= len(names)}
        for n in sorted(set(shot.panels) - set(panels)):
            what = f"has a text, but the task {task.id!r} has {len(names)} panels."
            found[at(shot.row, f"panel{n}", what, "Empty that cell.")] = None
        for name, text in shot.named.items():
            if name not in names:
                what = f"has a text, but the task {task.id!r} has no such panel."
                found[at(shot.row, name, what, f"Its panels: {', '.join(names)}.")] = None
            elif names.index(name) + 1 in panels:
                what = "says the same panel as a numbered column."
                found[at(shot.row, name, what, "Empty one of the two.")] = None
            else:
                panels[names.index(name) + 1] = text
        typed = {"summary": shot.summary}
        typed |= {f"panel{n}": panels.get(n, "") for n in range(1, len(names) + 1)}
        told = {place: text for place, text in typed.items() if has_choices(text)}
        for place, text in typed.items():
            try:
                typed[place] = chosen(text, seed, place, self._folders.data / "wildcards")
            except UserError as error:
                found[at(shot.row, place, error.message, error.fix)] = None
        texts = list(typed.values())
        return CaptionParts(summary=texts[0], panels=tuple(texts[1:])), told

    def _loras(
        self,
        shot: Shot,
        task: TaskSpec,
        model: ModelSpec,
        weight: float | None,
        found: dict[Problem, None],
    ) -> tuple[AdapterUse, ...] | None:
        """The row's LoRAs, None for the task's own; a swept weight is that of the first."""
        uses = shot.lora
        if uses is None and weight is not None:
            own = task.adapter_for(model.family)
            uses = (AdapterUse(source=own.source, weight=own.weight),) if own else ()
        if weight is not None:
            if not uses:
                what = "is empty, and there is no LoRA whose weight could be swept over."
                found[at(shot.row, "lora", what, "Name one, or sweep over something else.")] = None
                return None
            uses = (uses[0].model_copy(update={"weight": weight}), *uses[1:])
        if uses is None:
            return None
        files = []
        for use in uses:
            try:
                files.append(self._lookups.lora(use))
            except UserError as error:
                found[at(shot.row, "lora", error.message, error.fix)] = None
        return tuple(files)


def _column(where: str) -> str:
    """The column that a problem of a request is about; "" for the row as a whole."""
    if where.startswith("panel "):
        return where.replace(" ", "")
    return where.removeprefix("sampling.") if where not in ("caption", "layout", "panels") else ""
