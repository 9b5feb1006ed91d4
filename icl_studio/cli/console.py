"""What the commands share: the application's context, two consoles, JSON, a progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ..paths import SAFE_MODE_VARIABLE, UserFolders, switched_on, user_folders

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..plugins import Registry
    from ..settings import Settings


class MemoryChoice(StrEnum):
    """What may lie on the device together; see docs/queue.md."""

    resident = "resident"
    phases = "phases"
    layers = "layers"


MemoryOption = Annotated[
    MemoryChoice | None,
    typer.Option(
        help="On the device lies: the whole model, what a phase needs, or a block at a time. "
        "What fits, if left out."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]


def _console(*, stderr: bool) -> Console:
    # A pipe or a file has no width: rich would break paths at column 80.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream is not None and stream.isatty() else 160
    return Console(stderr=stderr, highlight=False, width=width)


out = _console(stderr=False)
"""For people, on stdout; results for machines go through :func:`emit_json`."""
err = _console(stderr=True)
"""For people, on stderr: errors, warnings, progress."""


class AppContext:
    """Folders, settings and plugins of this run; each is read when first asked for."""

    def __init__(self, *, safe_mode: bool) -> None:
        self.safe_mode = safe_mode

    @cached_property
    def folders(self) -> UserFolders:
        return user_folders()

    @cached_property
    def settings(self) -> Settings:
        """The user's settings; what is wrong with them is said on stderr, once."""
        from ..settings import load_settings

        settings, problems = load_settings(self.folders)
        for problem in problems:
            warn(f"{self.folders.settings_file.name}: {problem}")
        return settings

    @cached_property
    def registry(self) -> Registry:
        """Tasks, models and engines of all plugins that could be loaded."""
        from ..plugins import load_registry

        found = load_registry(self.folders, self.settings, safe_mode=self.safe_mode)
        for info in found.plugins:
            if info.crashed:
                warn(f"Plugin {info.label}: {info.error} {info.fix}")
        return found

    @cached_property
    def sets_root(self) -> Path:
        """The folder in which sets are kept unless a command is told another."""
        from ..settings import sets_root

        return sets_root(self.settings, self.folders)


def context() -> AppContext:
    """A fresh context: call it once per command and hand it on."""
    return AppContext(safe_mode=switched_on(SAFE_MODE_VARIABLE))


def emit_json(value: Any) -> None:
    """Print ``value`` on stdout as one JSON object, in ASCII so that any pipe carries it."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    """``value`` as something :mod:`json` knows: pydantic records, dataclasses, paths."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def warn(message: str) -> None:
    """Say something on stderr that stops nothing."""
    err.print(Text.assemble(("Warning: ", "bold yellow"), message), soft_wrap=True)


def progress(*, enabled: bool = True) -> Progress:
    """A progress bar on stderr with the time left; silent without a terminal.

    Use it as a context manager; pass ``enabled=not as_json``.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not (enabled and err.is_terminal),
    )
