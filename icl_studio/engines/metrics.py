"""The metric protocol: what judges finished sets, and where requests with a known truth come from.

A metric is created by the factory that its :class:`MetricSpec` names, inside a process of its own
only, since it may load torch. It gets the pictures of one set as files and answers with scores;
averages and intervals are the application's (:mod:`icl_studio.evaluate`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import Field, FiniteFloat, model_validator

from ..domain.model import Identifier
from ..domain.problems import Frozen

About = Literal["adherence", "consistency", "diversity", "whole"]
"""What a score is about: a panel does what its text asks; panels agree on what should stay the
same; panels differ in what should differ; ``whole``: anything else that is asked of a set."""

_FACTORY = r"^[\w.]+:\w+$"


class MetricSpec(Frozen):
    """A metric that a plugin offers; ``factory`` is ``"module:callable"``.

    The callable takes :class:`MetricOptions` and returns a :class:`Metric`. ``family`` names the
    models whose pictures it can judge (empty: any); such a metric is used for them unless the
    user chooses others. ``requests``, where given, is a callable ``(task, count, seed) ->
    Sequence[Draft]`` that writes requests whose truth is known, the same for the same arguments.
    ``requires`` lists top-level modules without which it cannot run, ``weights`` the hub id of
    the model that it needs.
    """

    id: Identifier
    title: str
    factory: Annotated[str, Field(pattern=_FACTORY)]
    requests: Annotated[str, Field(pattern=_FACTORY)] | None = None
    family: str = ""
    requires: tuple[str, ...] = ()
    weights: str = ""

    def missing(self) -> tuple[str, ...]:
        """Modules that it needs and this Python has not; looks only, imports nothing."""
        return tuple(name for name in self.requires if importlib.util.find_spec(name) is None)


class MetricOptions(Frozen):
    """How a metric is to be set up; None lets it choose.

    ``weights`` is a folder with the model it needs, ``model`` that of the model whose sets it is
    to judge, ``device`` a torch device. ``seed`` is for whatever a metric draws by itself, so that
    a result can be had again.
    """

    weights: Path | None = None
    model: Path | None = None
    device: str | None = None
    seed: int = 0


class Draft(Frozen):
    """A request to evaluate with: its texts, and what is true of it, for its metric alone."""

    summary: str
    panels: tuple[str, ...]
    truth: dict[str, Any] | None = None


class DrawnSet(Frozen):
    """One finished set as a metric sees it: sheet and panels are PNG files, texts as asked."""

    task: str
    sheet: Path
    panels: tuple[Path, ...]
    draft: Draft


class Score(Frozen):
    """One thing that a metric says of a set, or of panel ``panel`` (from 0) of it.

    ``value`` is 0 or 1 where ``share`` (right or wrong: its mean is a share), else any number of
    which more is better. ``chance`` is what guessing would score. ``asked`` and ``read`` are shown
    beside each other; ``sure`` is the metric's own confidence, 0..1. Anything else is refused, and
    so is what is no finite number.
    """

    about: About
    name: Annotated[str, Field(min_length=1, max_length=40)]
    value: FiniteFloat
    share: bool = False
    panel: int | None = None
    chance: FiniteFloat | None = None
    asked: str | None = None
    read: str | None = None
    sure: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _share_is_right_or_wrong(self) -> Self:
        if self.share and self.value not in (0, 1):
            raise ValueError(f"a share is scored 0 or 1, not {self.value}")
        return self


class Metric(Protocol):
    """Judges sets, one at a time. Created and used in one thread of one process."""

    def judge(self, drawn: DrawnSet) -> Sequence[Score]:
        """All scores of one set. Raises ``UserError`` for a picture or truth it cannot use."""
        ...

    def report(self) -> Mapping[str, Any]:
        """What must be known of the metric itself beside its figures, as plain data.

        Such as its own accuracy, or the weights it ran with.
        """
        ...
