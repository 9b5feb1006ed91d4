"""What the page Settings knows: each setting in words, what the file holds, what was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ...domain.problems import Problem
from ...engines.protocol import MemoryPreset
from ...errors import StorageProblem, UserError
from ...paths import UserFolders
from ...plugins import Registry
from ...sets.naming import TOKENS, Value, check_template, render_name
from ...settings import Settings, load_settings, save_setting
from ..texts import tr

Kind = Literal["choice", "free", "folder", "template", "plugins"]
"""How a setting is edited: one of a list, a list or anything, a folder, tokens, elsewhere."""

DTYPES: Final = ("float32", "bfloat16", "float16")
DEVICES: Final = ("cpu", "cuda", "cuda:1", "mps")
EXAMPLE: Final[dict[str, Value]] = {
    "task": "film-storyboard",
    "name": "film-storyboard",
    "date": datetime(2026, 11, 22, 19, 11, 3),
    "time": datetime(2026, 11, 22, 19, 11, 3),
    "seed": 4711,
    "panel": "SHEET",
    "index": 0,
    "panels": 3,
    "id": "k3v9",
    "model": "tiny",
    "engine": "torch",
    "lora": "none",
    "width": 1024,
    "height": 1536,
    "steps": 20,
    "guidance": 3.5,
    "summary": "A boy and his kite",
    "text": "A boy and his kite",
}
"""Values that show what a template for names comes to."""


@dataclass(frozen=True)
class Words:
    """A setting for people: ``title``, ``what`` it does, ``unset`` what None means."""

    title: str
    what: str
    kind: Kind
    unset: str = ""


def words() -> dict[str, Words]:
    """Every setting by its key; a test asserts that none is missing."""
    return {
        "model": Words(
            tr("Model"),
            tr("The base model of new sets: a known one, or a folder with a model of your own."),
            "free",
        ),
        "engine": Words(
            tr("Engine"),
            tr("What computes. With auto, a compiled engine is used where it fits, else torch."),
            "choice",
        ),
        "device": Words(
            tr("Device"),
            tr("Where it is computed. Without one, the engine takes the best it finds."),
            "free",
            tr("chosen by the engine"),
        ),
        "dtype": Words(
            tr("Precision"),
            tr("The numbers it is computed in. Fewer bits need less memory."),
            "choice",
            tr("chosen by the engine"),
        ),
        "memory": Words(
            tr("Memory"),
            tr("Keep the whole model loaded, or its parts by turns: less memory, slower."),
            "choice",
            tr("chosen by the engine"),
        ),
        "sets_folder": Words(
            tr("Folder of sets"),
            tr("Where finished sets are kept. Sets that are there already stay where they are."),
            "folder",
            tr("your own sets folder"),
        ),
        "set_name": Words(
            tr("Names of sets"),
            tr("How the folder of a new set is called. A slash makes a folder."),
            "template",
        ),
        "disabled_plugins": Words(
            tr("Disabled plugins"),
            tr("Installed, but not loaded. They are switched on and off on the page Plugins."),
            "plugins",
        ),
    }


@dataclass(frozen=True)
class Unknown:
    """A key of the file that this version does not know: kept, named, ignored."""

    key: str
    value: str
    fix: str


@dataclass(frozen=True)
class Found:
    """What the settings' file says; ``broken`` is why it cannot be used, if it cannot."""

    settings: Settings = field(default_factory=Settings)
    unknown: tuple[Unknown, ...] = ()
    broken: UserError | None = None


def read(folders: UserFolders) -> Found:
    """The settings as they stand on disk. Blocks; raises nothing for a file that is wrong."""
    try:
        settings, problems = load_settings(folders)
    except UserError as error:
        return Found(broken=error)
    return Found(settings, tuple(_unknown(folders, problems)))


def _unknown(folders: UserFolders, problems: list[Problem]) -> list[Unknown]:
    if not problems:
        return []
    data = json.loads(folders.settings_file.read_text(encoding="utf-8-sig"))
    return [
        Unknown(p.where, json.dumps(data.get(p.where), ensure_ascii=False), p.fix) for p in problems
    ]


def change(folders: UserFolders, key: str, value: Any) -> Settings:
    """Save one setting, checked as its use would check it. Blocks; raises ``UserError``."""
    if key == "set_name" and value is not None:
        check_template(str(value))
    return save_setting(folders, key, value)


def set_aside(folders: UserFolders) -> Path:
    """Rename a settings file that cannot be used, so that the defaults hold; the new name."""
    file = folders.settings_file
    n = 1
    while (aside := file.with_name(f"settings.broken-{n}.json")).exists():
        n += 1
    try:
        file.rename(aside)
    except OSError as error:
        raise StorageProblem(
            f"{file} cannot be renamed: {error.strerror or error}.",
            fix="Rename or mend that file yourself.",
        ) from error
    return aside


def default(key: str) -> Any:
    return Settings.model_fields[key].default


def choices(key: str, registry: Registry) -> list[str]:
    """What is offered for a setting of the kinds ``choice`` and ``free``; None is apart."""
    offered: dict[str, Callable[[], list[str]]] = {
        "model": lambda: list(registry.models),
        "engine": lambda: ["auto", *registry.engines],
        "device": lambda: list(DEVICES),
        "dtype": lambda: list(DTYPES),
        "memory": lambda: list(get_args(MemoryPreset)),
    }
    return offered[key]() if key in offered else []


def shown(key: str, value: Any) -> str:
    """A value in words; None as what it means."""
    if value is None or value == ():
        return words()[key].unset or tr("none")
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def matches(key: str, text: str, value: Any) -> bool:
    """Whether every word of ``text`` stands in the setting's key, words, value or default."""
    said = words()[key]
    hay = f"{key} {said.title} {said.what} {shown(key, value)} {shown(key, default(key))}".lower()
    return all(word in hay for word in text.lower().split())


def preview(template: str) -> str:
    """What a template for names comes to. Raises ``UserError``."""
    return render_name(template, EXAMPLE)


def tokens_help() -> str:
    """The tokens of a template, one a line, as they are documented."""
    return "\n".join(f"{{{name}}}  {what}" for name, what in TOKENS.items())


@dataclass(frozen=True)
class Change:
    """One change of one setting, so that it can be undone."""

    key: str
    before: Any
    after: Any


class Changes:
    """What was changed in this window, in order; undone from the last."""

    def __init__(self) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []

    def add(self, change: Change) -> None:
        self._done.append(change)
        self._undone.clear()

    def undo(self) -> Change | None:
        """The change that is to be taken back now."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1]

    def redo(self) -> Change | None:
        """The change that is to be made once more."""
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    @property
    def can_undo(self) -> bool:
        return bool(self._done)
