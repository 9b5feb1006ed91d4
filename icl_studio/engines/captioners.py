"""The captioner protocol: what writes the joint caption of a finished set of pictures.

A captioner is created by the factory that its :class:`CaptionerSpec` names, in a worker only, since
it may load torch. Its answer is never trusted: the application reads it against the task's
template and asks again, with what was wrong, when it does not fit.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field

from ..domain.model import Identifier
from ..domain.problems import Frozen


class CaptionerSpec(Frozen):
    """A captioner that a plugin offers; ``factory`` is ``"module:callable"``.

    The callable takes :class:`CaptionerOptions` and returns a :class:`Captioner`. ``requires``
    lists top-level modules without which it cannot run.
    """

    id: Identifier
    title: str
    factory: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    requires: tuple[str, ...] = ()

    def missing(self) -> tuple[str, ...]:
        """Modules that it needs and this Python has not; looks only, imports nothing."""
        return tuple(name for name in self.requires if importlib.util.find_spec(name) is None)


class CaptionerOptions(Frozen):
    """How a captioner is to be set up; it uses what it needs of this.

    ``url`` is a server's (``http://localhost:1234/v1``), ``model`` the name it knows its model by,
    ``weights`` a local folder with a vision-language model, ``device`` a torch device.
    """

    url: str | None = None
    model: str | None = None
    weights: Path | None = None
    device: str | None = None
    timeout: float = Field(default=120.0, gt=0)


class CaptionAsk(Frozen):
    """One set to be described.

    ``pictures`` is its sheet, or one file per panel in reading order. ``instruction`` says what to
    answer and in which form; ``wrong`` what was wrong with the last answer, empty at first.
    ``task`` is the task's id. ``summary`` and ``texts`` are what the user wrote of it already.
    """

    name: str
    pictures: tuple[Path, ...]
    panels: tuple[str, ...]
    instruction: str
    wrong: str = ""
    task: str = ""
    summary: str = ""
    texts: tuple[str, ...] = ()


class Captioner(Protocol):
    """Describes sets, one at a time."""

    def answer(self, ask: CaptionAsk) -> str:
        """JSON ``{"summary": "…", "panels": ["…", …]}``, bare or inside other words.

        Raises ``CaptionUnsure`` to leave this set to its user, saying why, and another
        ``UserError`` when it cannot answer at all (no server, no weights).
        """
        ...
