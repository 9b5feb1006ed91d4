"""Muon for matrices, AdamW for everything else, in one optimizer.

Muon (Jordan et al., 2024) replaces a matrix's momentum by the nearest orthogonal matrix, so that
every direction is learned at one pace. In float32 unless the run is in bfloat16, which processors
without instructions for it only emulate, slowly. Updates are scaled as in Moonlight (Liu et al.,
2025), so that one learning rate fits both kinds of parameter.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

# Newton-Schulz coefficients after Jordan et al. Four rounds instead of five: a good part of a
# training step is this, and singular values need only be near each other.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 4
_MOMENTUM = 0.95
# T5 has neither a scale nor a norm on its attention and starts embeddings at deviation 1. At the
# common rate queries and keys saturate within a hundred steps, while a bias that says "look behind
# you" takes thousands to grow: with these scales it learns to read in a minute, without them never.
_SPECIAL: dict[str, float] = {
    "relative_attention_bias": 10.0,
    "text_encoder_2.shared": 3.0,
    "SelfAttention.q.": 0.1,
    "SelfAttention.k.": 0.1,
}


def orthogonalized(
    matrix: Tensor, rounds: int = _ROUNDS, dtype: torch.dtype = torch.float32
) -> Tensor:
    """About the nearest semi-orthogonal matrix to `matrix` (or batch of them), same shape.

    `dtype` is that of the products; bfloat16 is exact enough (Jordan et al., 2024).
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    batched = (x if x.ndim == 3 else x[None]).to(dtype)
    for _ in range(rounds):
        gram = batched @ batched.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        batched = torch.baddbmm(batched, polynomial, batched, beta=a)
    x = batched.to(matrix.dtype).view_as(x)
    return x.mT if tall else x


@dataclass(frozen=True)
class Split:
    """A module's parameters by how they are optimized; all of them want gradients."""

    matrices: list[nn.Parameter]
    """To Muon."""
    plain: list[nn.Parameter]
    """To AdamW: vectors, embeddings, and what the caller names."""
    special: dict[str, list[nn.Parameter]]
    """To AdamW at a rate of their own, by the part of the name that `_SPECIAL` knows."""


class MuonAdamW(torch.optim.Optimizer):
    """Muon for a split's matrices, AdamW for the rest; each group's `scale` multiplies the rate."""

    def __init__(
        self,
        split: Split,
        rate: float,
        decay: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.98),
        products: torch.dtype = torch.float32,
    ) -> None:
        """Matrices have two or more dimensions; convolutions are flattened to (out, rest).

        `products` is the dtype of Muon's own matrix products.
        """
        self._products = products
        groups: list[dict[str, Any]] = [
            {"params": split.matrices, "muon": True},
            {"params": split.plain, "muon": False, "scale": 0.4},
        ]
        for part, parameters in split.special.items():
            scale = _SPECIAL[part]
            groups.append({"params": parameters, "muon": False, "scale": scale, "decay": 0.0})
        defaults = {"lr": rate, "decay": decay, "betas": betas, "scale": 1.0}
        super().__init__([g for g in groups if g["params"]], defaults)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["decay"])
            if group["muon"]:
                self._muon(parameters, group["lr"])
            else:
                self._adamw(parameters, group["lr"], *group["betas"])

    def _muon(self, parameters: list[nn.Parameter], rate: float) -> None:
        # Matrices of one shape go through the iteration as one batch: three times as fast here.
        updates: dict[torch.Size, list[tuple[nn.Parameter, Tensor]]] = {}
        for p in parameters:
            assert p.grad is not None
            state = self.state[p]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(p)
            state["momentum"].lerp_(p.grad, 1 - _MOMENTUM)
            update = p.grad.lerp(state["momentum"], _MOMENTUM).flatten(1)
            updates.setdefault(update.shape, []).append((p, update))
        for shape, pairs in updates.items():
            size = 0.2 * max(shape) ** 0.5
            directions = orthogonalized(
                torch.stack([update for _, update in pairs]), dtype=self._products
            )
            for (p, _), direction in zip(pairs, directions, strict=True):
                p.add_(direction.view_as(p), alpha=-rate * size)

    def _adamw(
        self, parameters: list[nn.Parameter], rate: float, beta1: float, beta2: float
    ) -> None:
        for p in parameters:
            assert p.grad is not None
            state = self.state[p]
            if "step" not in state:
                state["step"] = torch.zeros(())
                state["mean"], state["square"] = torch.zeros_like(p), torch.zeros_like(p)
            state["step"] += 1
            steps = int(state["step"])
            state["mean"].lerp_(p.grad, 1 - beta1)
            state["square"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            deviation = (state["square"] / (1 - beta2**steps)).sqrt_().add_(1e-8)
            p.addcdiv_(state["mean"], deviation, value=-rate / (1 - beta1**steps))


def split_parameters(module: nn.Module, plain_names: tuple[str, ...] = ()) -> Split:
    """Sort `module`'s parameters; names that contain one of `plain_names` never go to Muon."""
    embeddings = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
    split = Split([], [], {part: [] for part in _SPECIAL})
    for name, p in module.named_parameters():
        if not p.requires_grad:
            continue
        special = next((part for part in _SPECIAL if part in name), None)
        if special is not None:
            split.special[special].append(p)
        elif p.ndim < 2 or id(p) in embeddings or any(part in name for part in plain_names):
            split.plain.append(p)
        else:
            split.matrices.append(p)
    return split
