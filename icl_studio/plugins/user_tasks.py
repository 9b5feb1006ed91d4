"""Tasks without code: a ``TaskSpec`` as a JSON file in the user's tasks folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from ..domain.problems import Problem
from ..domain.request import problems_of
from ..domain.task import TaskSpec
from .info import PluginInfo, shortened

MAX_BYTES = 1_000_000


def task_files(folder: Path) -> list[Path]:
    """The task files in ``folder``, by name; none where there is no folder. Raises ``OSError``.

    Hidden files (an editor's, a file manager's) are passed over; ``A.JSON`` is one too.
    """
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".json" and not path.name.startswith(".")
        )
    except FileNotFoundError:
        return []


def load_task_files(
    folder: Path, disabled: Collection[str] = ()
) -> list[tuple[PluginInfo, TaskSpec | None]]:
    """Every ``*.json`` in ``folder``, by name: what is said of it, and its task if sound.

    Nothing is raised: an unreadable or wrong file is listed as broken, each wrong key by
    its path.
    """
    try:
        files = task_files(folder)
    except OSError as error:
        fix = "Make the folder readable."
        problem = Problem(where=str(folder), what=f"{error.strerror or error}.", fix=fix)
        return [(PluginInfo(name=folder.name, module=str(folder)).broken(problem), None)]
    return [_load(file, disabled) for file in files]


def _load(file: Path, disabled: Collection[str]) -> tuple[PluginInfo, TaskSpec | None]:
    info = PluginInfo(name=file.name, module=str(file), hooks=("icl_studio_tasks",))
    if file.name in disabled:
        fix = f"Enable it with `icl-studio plugins enable {file.name}`."
        return info.disabled(Problem(where="", what="disabled in the settings.", fix=fix)), None
    found = read_task_file(file)
    if isinstance(found, TaskSpec):
        return info, found
    return info.broken(*found), None


def read_task_file(file: Path) -> TaskSpec | list[Problem]:
    """The task in ``file``, or every problem of it, named by file and key."""
    try:
        if file.stat().st_size > MAX_BYTES:
            what = f"is larger than {MAX_BYTES // 1000} kB, which no task is."
            return [Problem(where=str(file), what=what, fix="Remove it from the folder.")]
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start})."
        return [Problem(where=str(file), what=what, fix="Save it as UTF-8.")]
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        return [Problem(where=str(file), what=what, fix="Make the file readable.")]
    try:
        return TaskSpec.model_validate_json(text)
    except ValidationError as error:
        return [
            Problem(
                where=f"{file}: {p.where}" if p.where else str(file),
                what=shortened(p.what),
                fix=p.fix or "Correct the file; docs/plugins.md shows a whole task.",
            )
            for p in problems_of(error)
        ]
