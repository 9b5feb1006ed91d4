"""What can be asked about a panel, as classes: the world knows every answer."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from icl_tiny.world import Panel
from icl_tiny.world.facts import ALL_VALUES, facts

NOTHING = -100
"""The class of a question that has no answer; cross entropy leaves it out."""
WIDTHS: tuple[int, ...] = tuple(len(values) for values in ALL_VALUES.values())
"""How many classes each fact of `ALL_VALUES` has, in its order."""
_CLASSES = {
    name: {value: k for k, value in enumerate(values)} for name, values in ALL_VALUES.items()
}


def answers(panel: Panel) -> list[int]:
    """The class of each fact in the order of `ALL_VALUES`, `NOTHING` where `panel` lacks one."""
    said = facts(panel)
    return [classes[said[name]] if name in said else NOTHING for name, classes in _CLASSES.items()]


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
