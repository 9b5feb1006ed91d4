"""What a data set's check says: problems with a weight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..domain.problems import Problem

Level = Literal["error", "warning", "note"]
"""An ``error`` leaves the item out of training, a ``warning`` is worth a look, a ``note`` says
what was done to it."""


class Finding(Problem):
    """One thing to know of an item, or (``where`` empty) of the whole data set."""

    level: Level = "error"


def error(what: str, fix: str = "", where: str = "") -> Finding:
    """A finding that leaves its item out."""
    return Finding(where=where, what=what, fix=fix)


def warning(what: str, fix: str = "", where: str = "") -> Finding:
    return Finding(where=where, what=what, fix=fix, level="warning")


def note(what: str, where: str = "") -> Finding:
    return Finding(where=where, what=what, level="note")


def as_findings(problems: Iterable[Problem], level: Level = "error") -> list[Finding]:
    """Problems of a caption or layout as findings of one level."""
    return [Finding(where=p.where, what=p.what, fix=p.fix, level=level) for p in problems]
