"""A and B of every linear as inputs of the traced model, not as weights of it.

The matrices reach the linears past the model's own ``forward``, through :class:`Slots`. It is
no module and no container that torch.export looks into, so that the tracer sees plain inputs
flow into plain products, with a rank that is a symbol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import FluxTransformer2DModel

from ..adapters.convert import Linear
from .signature import Packing, Pair, input_names


class Slots:
    """The two packed adapter inputs during one forward pass."""

    def __init__(self, packing: Packing) -> None:
        self.rows = packing.rows
        self.packed: Pair | None = None

    def of(self, name: str) -> Pair:
        """A transposed (in, rank) and B (out, rank) of the linear ``name``."""
        assert self.packed is not None
        return self.packed[0][self.rows[name][0]], self.packed[1][self.rows[name][1]]


class WithAdapter(torch.nn.Module):
    """``base(x) + (x A^T) B^T``; the scale is in B already."""

    def __init__(self, base: torch.nn.Module, name: str, slots: Slots) -> None:
        super().__init__()
        self.base = base
        self._name = name
        self._slots = slots

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self._slots.of(self._name)
        result: torch.Tensor = self.base(x) + (x @ a) @ b.T
        return result


class Traced(torch.nn.Module):
    """The transformer with every input in a place of its own, the adapter's last."""

    def __init__(self, model: FluxTransformer2DModel, slots: Slots) -> None:
        super().__init__()
        self.model = model
        self._slots = slots

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        pooled_projections: torch.Tensor,
        timestep: torch.Tensor,
        img_ids: torch.Tensor,
        txt_ids: torch.Tensor,
        guidance: torch.Tensor | None,
        lora_a: torch.Tensor,
        lora_b: torch.Tensor,
    ) -> torch.Tensor:
        self._slots.packed = (lora_a, lora_b)
        inside = lora_a.dtype  # the model's own precision; all other inputs are float32
        given = (hidden_states.to(inside), encoder_hidden_states.to(inside))
        given += (pooled_projections.to(inside), timestep, img_ids, txt_ids)
        given += (guidance,) if guidance is not None else ()
        names = input_names(guidance is not None)
        output: torch.Tensor = self.model(
            **dict(zip(names, given, strict=True)), return_dict=False
        )[0]
        self._slots.packed = None
        return output.float()


def linears_of(model: torch.nn.Module) -> dict[str, Linear]:
    """Every linear of the model with its widths: what a LoRA may adapt."""
    return {
        name: Linear(module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }


@contextmanager
def adaptable(model: FluxTransformer2DModel) -> Iterator[Traced]:
    """``model`` with an adapter's place at every linear; afterwards it is as it was."""
    slots, places = Slots(Packing(linears_of(model))), []
    for name in linears_of(model):
        parent_name, _, child = name.rpartition(".")
        parent = model.get_submodule(parent_name)
        places.append((parent, child, getattr(parent, child)))
        setattr(parent, child, WithAdapter(getattr(parent, child), name, slots))
    try:
        yield Traced(model, slots).eval()
    finally:
        for parent, child, base in places:
            setattr(parent, child, base)
