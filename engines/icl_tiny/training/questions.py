"""What can be asked about a shot, as classes: the world knows every answer."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from icl_tiny.world import ACTIONS, BODIES, COLOURS, HATS, PLACES, POSITIONS, Shot

NOTHING = -100
"""The class of a question that has no answer; cross entropy leaves it out."""
_VALUES: tuple[tuple[str | None, ...], ...] = (
    tuple(COLOURS),
    BODIES,
    HATS,
    (*COLOURS, None),
    PLACES,
    ACTIONS,
    POSITIONS,
)
WIDTHS: tuple[int, ...] = tuple(len(values) for values in _VALUES)
"""How many classes each of the seven attributes has."""


def answers(shot: Shot) -> list[int]:
    """The class of each of a shot's seven attributes."""
    who = shot.creature
    truth = (who.colour, who.body, who.hat, who.hat_colour, shot.place, shot.action, shot.position)
    return [values.index(value) for values, value in zip(_VALUES, truth, strict=True)]


def grade(logits: Tensor, truth: Tensor, widths: tuple[int, ...] = WIDTHS) -> Tensor:
    """The mean cross entropy of all questions that have an answer; 0 when none has.

    `logits` (n, m, sum of `widths`), `truth` (n, m, number of widths) with `NOTHING` for unasked.
    """
    losses = [
        cross_entropy(answer, question, ignore_index=NOTHING)
        for answer, question in zip(
            logits.flatten(0, 1).split(widths, dim=-1), truth.flatten(0, 1).unbind(-1), strict=True
        )
        if bool((question != NOTHING).any())
    ]
    return torch.stack(losses).mean() if losses else logits.sum() * 0
