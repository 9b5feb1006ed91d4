"""The kinds of jobs, and which of them this version can carry out."""

from __future__ import annotations

from typing import Final, Literal

from ..errors import QueueProblem

Kind = Literal["generate", "train", "export", "build", "evaluate", "caption"]

RUNNERS: Final[dict[Kind, str]] = {"generate": "icl_studio.queue.generating:Generating"}
"""Kind to the class (``"module:Class"``) that carries its jobs out.

The class is created with a :class:`~icl_studio.queue.running.Bench` and has one method,
``carry_out(jobs)``, that yields events: of each job any number and exactly one final one.
A kind can be queued as soon as it stands here, and not before.
"""


def check_kind(kind: Kind) -> None:
    """Raise :class:`QueueProblem` for a kind that nothing can carry out yet."""
    if kind not in RUNNERS:
        raise QueueProblem(
            f"Jobs of the kind {kind!r} cannot be queued in this version.",
            fix=f"Kinds that can: {', '.join(RUNNERS)}.",
        )
