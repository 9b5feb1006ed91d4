"""The kinds of jobs: what each is asked with, and what carries it out."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from ..engines.named import named
from ..errors import QueueProblem

Kind = Literal["generate", "train", "export", "build", "evaluate", "caption"]


class Carried(NamedTuple):
    """How a kind is carried out; both names are ``"module:Class"``, imported when needed.

    ``asked`` is the class of its payload: a :class:`~icl_studio.queue.brief.Brief`, or for
    ``generate`` the request itself. ``runner`` is created with a
    :class:`~icl_studio.queue.running.Bench` and has one method, ``carry_out(jobs)``, that
    yields events: of each job any number and exactly one final one.
    """

    asked: str
    runner: str


KINDS: Final[dict[Kind, Carried]] = {
    "generate": Carried(
        "icl_studio.domain.request:SetRequest", "icl_studio.queue.generating:Generating"
    ),
    "train": Carried("icl_studio.queue.training:TrainBrief", "icl_studio.queue.training:Training"),
    "export": Carried(
        "icl_studio.queue.compiling:ExportBrief", "icl_studio.queue.compiling:Exporting"
    ),
    "build": Carried(
        "icl_studio.queue.compiling:BuildBrief", "icl_studio.queue.compiling:Building"
    ),
    "evaluate": Carried(
        "icl_studio.queue.evaluating:EvaluateBrief", "icl_studio.queue.evaluating:Evaluating"
    ),
    "caption": Carried(
        "icl_studio.queue.captioning:CaptionBrief", "icl_studio.queue.captioning:Captioning"
    ),
}
"""A kind can be queued as soon as it stands here, and not before."""


def check_kind(kind: Kind) -> None:
    """Raise :class:`QueueProblem` for a kind that nothing can carry out yet."""
    if kind not in KINDS:
        raise QueueProblem(
            f"Jobs of the kind {kind!r} cannot be queued in this version.",
            fix=f"Kinds that can: {', '.join(KINDS)}.",
        )


def asked_class(kind: Kind) -> Any:
    """The class of the payload of ``kind``."""
    return named(KINDS[kind].asked)


def runner_class(kind: Kind) -> Any:
    """The class that carries out jobs of ``kind``."""
    return named(KINDS[kind].runner)
