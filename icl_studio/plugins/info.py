"""What ICL Studio says of a plugin: who it is, whether it works, and if not, what mends it."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from ..domain.problems import Frozen, Problem, UserError
from ..domain.request import problems_of

State = Literal["ok", "disabled", "broken"]


class PluginInfo(Frozen):
    """One plugin, or one task file, as the user sees it.

    ``name`` is the entry point's name (a task file's file name), ``module`` what it names
    (the file's path). ``hooks`` are those it implements, ``provides`` what was taken from
    it, such as ``task comic-strip``. A ``broken`` plugin was left out, except where
    ``provides`` says what of it stands; ``problems`` are its findings. ``crashed`` marks a
    plugin that is left out because the program ended while it was being loaded, ``own``
    one that comes with ICL Studio and so needs no guard.
    """

    name: str
    distribution: str = ""
    version: str = ""
    module: str = ""
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    state: State = "ok"
    problems: tuple[Problem, ...] = ()
    crashed: bool = False
    own: bool = False

    @property
    def error(self) -> str:
        """What is wrong, in one line; empty for a sound plugin."""
        return " ".join(f"{p.where}: {p.what}" if p.where else p.what for p in self.problems)

    @property
    def fix(self) -> str:
        """What to do about it; empty for a sound plugin."""
        return " ".join(dict.fromkeys(p.fix for p in self.problems if p.fix))

    @property
    def label(self) -> str:
        """Name and origin for messages: ``comic-strip (icl-studio-comic-strip 1.2)``."""
        origin = f"{self.distribution} {self.version}".strip()
        return f"{self.name} ({origin})" if origin else self.name

    def broken(self, *problems: Problem) -> PluginInfo:
        """This plugin with ``problems`` added, marked broken."""
        return self.model_copy(update={"state": "broken", "problems": (*self.problems, *problems)})

    def disabled(self, reason: Problem) -> PluginInfo:
        """This plugin, not loaded on the user's wish."""
        return self.model_copy(update={"state": "disabled", "problems": (reason,)})


def raised(where: str, error: BaseException, fix: str) -> list[Problem]:
    """An exception out of foreign code as problems: wrong keys each by name, else one line.

    ``where`` says what was being done. Messages are shortened: foreign code may raise
    anything.
    """
    if isinstance(error, ValidationError):
        return [
            Problem(
                where=f"{where}: {p.where}" if p.where else where, what=p.what, fix=p.fix or fix
            )
            for p in problems_of(error)
        ]
    if isinstance(error, UserError):
        return [
            Problem(where=where, what=shortened(str(error)), fix=error.fix or fix),
        ]
    text = shortened(f"{type(error).__name__}: {_message(error)}".rstrip(": "))
    return [Problem(where=where, what=f"raised {text}.", fix=fix)]


def shortened(text: str, limit: int = 300) -> str:
    """``text`` on one line of at most ``limit`` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - foreign exceptions may fail even at their own text
        return ""
