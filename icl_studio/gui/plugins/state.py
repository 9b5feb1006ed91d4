"""What the page Plugins can do: switch on and off, look into a file, write a new one."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ...domain.layout import QUAD, Layout
from ...domain.problems import Problem
from ...domain.request import problems_of
from ...domain.task import TaskSpec
from ...errors import PluginProblem
from ...paths import SAFE_MODE_VARIABLE, UserFolders, switched_on
from ...plugins import PluginInfo, Registry
from ...plugins.check import CheckReport, check_plugin
from ...plugins.guard import LoadGuard
from ...plugins.user_tasks import read_task_file
from ...settings import Settings, load_settings, save_setting

Dropped = CheckReport | TaskSpec


def switch(folders: UserFolders, name: str, on: bool) -> Settings:
    """Load the plugin ``name`` from now on, or do not. Blocks; raises ``UserError``.

    Switching on also forgives a plugin that once took the program down.
    """
    settings, _ = load_settings(folders)
    if on:
        LoadGuard(folders.cache).trust(name)
    disabled = set(settings.disabled_plugins) - {name}
    wanted = sorted(disabled if on else disabled | {name})
    if wanted == sorted(settings.disabled_plugins):
        return settings
    return save_setting(folders, "disabled_plugins", wanted or None)


def is_on(info: PluginInfo) -> bool:
    """Whether it is loaded, or would be if it were sound."""
    return info.state != "disabled" and not info.crashed


def safe_mode() -> bool:
    return switched_on(SAFE_MODE_VARIABLE)


def set_safe_mode(on: bool) -> None:
    """For this window and the workers it starts."""
    if on:
        os.environ[SAFE_MODE_VARIABLE] = "1"
    else:
        os.environ.pop(SAFE_MODE_VARIABLE, None)


def examine(path: Path) -> Dropped:
    """What is in a wheel, a plugin's folder or a task file; nothing of it is run. Blocks.

    Raises :class:`PluginProblem` for what is none of these, or is damaged.
    """
    if path.suffix.lower() == ".json" and path.is_file():
        found = read_task_file(path)
        if isinstance(found, TaskSpec):
            return found
        raise PluginProblem(f"{path} is not a sound task.", problems=found)
    return check_plugin(path)


def pip_command(path: Path, *, editable: bool = False) -> str:
    """What installs ``path`` into the Python that runs this window, ready for a shell."""
    words = [sys.executable, "-m", "pip", "install", *(["-e"] if editable else []), str(path)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


@dataclass(frozen=True)
class TaskForm:
    """What the wizard "new task" asks for; sizes in pixels. ``names`` empty: numbered."""

    id: str = "mood-board"
    title: str = "Mood board"
    rows: int = 2
    cols: int = 2
    width: int = 512
    height: int = 512
    gutter: int = 0
    names: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def panel_names(self) -> tuple[str, ...]:
        """The names given, else the usual ones of this grid."""
        count = self.rows * self.cols
        if self.names:
            return self.names
        return QUAD if (self.rows, self.cols) == (2, 2) else tuple(numbered(count))

    def layout(self) -> Layout | None:
        """The layout to draw; None while there is none that can be drawn."""
        try:
            size = (self.width, self.height)
            return Layout.grid(self.rows, self.cols, size, self.panel_names, self.gutter)
        except ValidationError:
            return None
        except ValueError:
            return None

    def task(self, registry: Registry) -> TaskSpec | list[Problem]:
        """The task, or everything that is wrong with it."""
        if self.id in registry.tasks:
            what = f"there is a task {self.id!r} already."
            return [Problem(where="id", what=what, fix=f"Use {f'my-{self.id}'!r}.")]
        names = self.panel_names
        layout = {
            "rows": self.rows,
            "cols": self.cols,
            "panel": (self.width, self.height),
            "gutter": self.gutter,
            "names": names,
        }
        data = {
            "id": self.id,
            "title": self.title,
            "layout": layout,
            "caption": {"prefix": self.prefix, "openings": [f"[{name}]" for name in names]},
        }
        try:
            return TaskSpec.model_validate(data)
        except ValidationError as error:
            return problems_of(error)


def numbered(count: int) -> list[str]:
    return [f"SCENE-{n + 1}" for n in range(count)]


def names_of(text: str) -> tuple[str, ...]:
    """Panel names typed with commas or spaces between them."""
    return tuple(word for word in text.replace(",", " ").upper().split() if word)
