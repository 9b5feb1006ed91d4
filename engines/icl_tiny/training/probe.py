"""Ask the transformer half way what it is about to paint.

A flow's squared error hardly tells whether a panel's words were used: where the picture still is
noise, a wrong place costs little more than a vague one. So linear heads ask the picture's tokens,
after some of the blocks, for the facts of their panel and whether its subject covers them.
At high noise only the caption can answer, so the blocks learn early to look at their own panel's
words. The idea is REPA's (Yu et al., 2024), with the world's own labels for a vision model's
features. The heads are thrown away; nothing of them ships.
"""

from typing import Any

import torch
from torch import Tensor, nn

from icl_tiny.training.models import TOKEN
from icl_tiny.training.questions import NOTHING, WIDTHS, answers, grade
from icl_tiny.world import Layout
from icl_tiny.world.layouts import collage_boxes
from icl_tiny.world.sampling import Collage

_WIDTHS = (*WIDTHS, 2)


def token_truth(layout: Layout, collage: Collage) -> Tensor:
    """(h*w, facts + 1) classes: the facts of the panel each token lies in, and subject or not."""
    width, height = layout.canvas
    truth = torch.full((height // TOKEN, width // TOKEN, len(_WIDTHS)), NOTHING)
    for index, panel in enumerate(collage.panels):
        left, top = (edge // TOKEN for edge in layout.origin(index))
        across, down = (edge // TOKEN for edge in layout.panel)
        truth[top : top + down, left : left + across, :-1] = torch.tensor(answers(panel))
    truth[..., -1] = 0
    for left, top, right, bottom in collage_boxes(layout, collage.panels):
        truth[top // TOKEN : -(-bottom // TOKEN), left // TOKEN : -(-right // TOKEN), -1] = 1
    return truth.flatten(0, 1)


class Probe(nn.Module):
    """Linear heads on the picture's tokens after one of the transformer's single blocks."""

    def __init__(self, block: nn.Module, width: int) -> None:
        """Listens to `block`, whose tokens are `width` wide, whenever it runs with gradients."""
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.heads = nn.Linear(width, sum(_WIDTHS))
        self._heard: Tensor | None = None
        block.register_forward_hook(self._listen)

    def _listen(self, block: nn.Module, inputs: Any, output: tuple[Tensor, Tensor]) -> None:
        self._heard = output[1] if torch.is_grad_enabled() else None

    def loss(self, truth: Tensor) -> Tensor:
        """The mean cross entropy of the last pass's tokens; `truth` (n, h*w, facts + 1)."""
        assert self._heard is not None, "the transformer has not run with gradients"
        heard, self._heard = self._heard, None
        return grade(self.heads(self.norm(heard.float())), truth, _WIDTHS)
