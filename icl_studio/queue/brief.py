"""What a job of another kind than ``generate`` is to do: the base of every such payload."""

from __future__ import annotations

from pathlib import Path

from ..domain.problems import Frozen


class Brief(Frozen):
    """What one job is to do, stored with it as JSON; each kind has a class of its own.

    ``task`` and ``model`` are columns of every list, empty where a kind has no use for them.
    ``name`` is the user's label.
    """

    task: str = ""
    model: str = ""
    name: str = ""

    @property
    def summary(self) -> str:
        """One line for lists: what is done, to what."""
        raise NotImplementedError

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What ``queue show`` tells of it: names and values."""
        return ()

    @property
    def result(self) -> Path | None:
        """The one file that stands when the job is done, which others may wait for; or None."""
        return None
