"""The columns that a shot list may have, and reading one cell of each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ..domain.layout import MAX_PANELS
from ..domain.model import AdapterUse
from ..domain.problems import Problem
from ..domain.request import MAX_SEED
from ..errors import UserError
from ..generate.asking import parse_lora
from .reading import Row

COLUMNS: Final = {
    "task": "the task's id; see `icl-studio tasks`",
    "summary": "what the set shows as a whole",
    "panel1 …": "what each panel shows; a panel's own name (`SCENE-1`) serves too",
    "seed": "of the first set; drawn if left out, and then recorded",
    "count": "how many sets, with the seeds `seed`, `seed` + 1, …",
    "steps": "sampling steps",
    "guidance": "how closely to follow the text",
    "lora": "`FILE` or `FILE:WEIGHT`, several with `;` between; `none` for none; "
    "`job:ID` for the one that a queued training makes",
    "name": "a label for the set",
    "model": "a model's id, folder or hub id",
    "engine": "what computes",
    "exact": "`yes`: drawn by itself, so that it replays exactly",
    "priority": "-100 to 100; higher goes first",
    "hold": "not before this time: `2026-11-23 02:00`",
}
"""Column and what stands in it; docs/queue.md prints this."""

IGNORED: Final = ("note", "notes", "comment", "comments", "remark", "remarks")
"""Besides these, every column whose name begins with ``#`` is the author's own affair."""

_PANEL = re.compile(r"panel[ _-]?(\d+)")
_EXCEL_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
_YES, _NO = ("yes", "true", "1", "x", "ja", "oui"), ("no", "false", "0", "nein", "non")


@dataclass
class Shot:
    """A row, its cells read. None where the row says nothing."""

    row: int
    task: str | None = None
    summary: str = ""
    panels: dict[int, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    count: int = 1
    steps: int | None = None
    guidance: float | None = None
    lora: tuple[AdapterUse, ...] | None = None
    name: str = ""
    model: str | None = None
    engine: str | None = None
    exact: bool = False
    priority: int | None = None
    hold: int | None = None


def unknown_columns(names: Iterable[str], panel_names: Iterable[str]) -> list[Problem]:
    """A problem for every column that means nothing here, so that no slip goes unnoticed."""
    own = {name.casefold() for name in panel_names}
    known = [name for name in COLUMNS if " " not in name]
    found = []
    for name in names:
        key = name.casefold()
        number = _PANEL.fullmatch(key)
        if key in known or key in IGNORED or key.startswith("#") or key in own:
            continue
        if number and 1 <= int(number[1]) <= MAX_PANELS:
            continue
        near = difflib.get_close_matches(key, [*known, "panel1"], n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        fix = f"{hint}A column called '#{name}' is ignored."
        found.append(Problem(where=f"column {name}", what="is not known.", fix=fix))
    return found


def read_shot(row: Row, folder: Path, panel_names: Collection[str]) -> tuple[Shot, list[Problem]]:
    """The cells of ``row`` as values, and a problem for each that cannot be read.

    A LoRA named by a relative path may lie beside the list, in ``folder``.
    """
    shot, problems = Shot(row.number), []
    readers: dict[str, Callable[[str], Any]] = {
        "task": str,
        "summary": str,
        "seed": lambda text: _whole(text, 0, MAX_SEED),
        "count": lambda text: _whole(text, 1, 10_000),
        "steps": lambda text: _whole(text, 1, 500),
        "guidance": _number,
        "lora": lambda text: _loras(text, folder),
        "name": str,
        "model": str,
        "engine": str,
        "exact": _yes,
        "priority": lambda text: _whole(text, -100, 100),
        "hold": _moment,
    }
    seen: dict[str, str] = {}
    for name, text in row.cells.items():
        key = name.casefold()
        panel = _PANEL.fullmatch(key)
        first = seen.setdefault(f"panel{int(panel[1])}" if panel else key, name)
        if first != name and not key.startswith("#") and key not in IGNORED:
            what = f"means the same as the column {first}."
            problems.append(at(row.number, name, what, "Empty one of the two."))
        elif text in _EXCEL_ERRORS:
            what = f"holds Excel's error {text}."
            problems.append(at(row.number, name, what, "Mend the formula and save again."))
        elif panel:
            shot.panels[int(panel[1])] = text
        elif key in readers:
            try:
                setattr(shot, key, readers[key](text))
            except (ValueError, UserError) as error:
                what = error.message if isinstance(error, UserError) else str(error)
                fix = error.fix if isinstance(error, UserError) else ""
                problems.append(at(row.number, name, what, fix))
        elif name.upper() in panel_names:
            shot.named[name.upper()] = text
    return shot, problems


def at(row: int, column: str, what: str, fix: str = "") -> Problem:
    """A problem with its place in the list."""
    where = f"row {row}, column {column}" if column else f"row {row}"
    return Problem(where=where, what=what, fix=fix)


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text.replace("\u00a0", "").strip())
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise ValueError(f"{text!r} is no whole number from {least} to {most}.")
    return value


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        raise ValueError(f"{text!r} is no number.") from None
    if not 0 <= value <= 50:
        raise ValueError(f"{text!r} is no number from 0 to 50.")
    return value


def _yes(text: str) -> bool:
    if text.casefold() not in (*_YES, *_NO):
        raise ValueError(f"{text!r} is neither yes nor no.")
    return text.casefold() in _YES


def _loras(text: str, folder: Path) -> tuple[AdapterUse, ...]:
    if text.casefold() in ("none", "no", "-"):
        return ()
    found = []
    for part in re.split(r"[;\n]", text):
        if not part.strip():
            continue
        use = parse_lora(part.strip())
        beside = folder / use.source
        if beside.is_file():
            use = use.model_copy(update={"source": str(beside.absolute())})
        found.append(use)
    return tuple(found)


def _moment(text: str) -> int:
    """A local time as UTC milliseconds."""
    try:
        return round(datetime.fromisoformat(text.strip()).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no time such as 2026-11-23 02:00.") from None
