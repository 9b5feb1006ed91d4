"""Frozen linears held in eight bits, in pure torch: half the memory of bfloat16, any device.

diffusers' own layerwise casting changes weights in place after a forward pass, which autograd
does not survive; here the weight is widened inside the forward pass, so what a backward pass
needs is kept (or, with checkpointing, computed again) like any other value.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

LARGEST = 448.0
"""The largest number of ``float8_e4m3fn``."""


class Float8Linear(nn.Linear):
    """A frozen ``nn.Linear`` whose weight is float8 with one scale per output.

    Scales are powers of two: they cost no precision. A subclass, so that peft wraps it. With
    ``streamed`` the weight waits in main memory and is copied to the input's device for the
    moment it is needed.
    """

    def __init__(self, linear: nn.Linear, *, streamed: bool = False) -> None:
        # Not nn.Linear's own: it would make a full-size weight first.
        nn.Module.__init__(self)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach()
        largest = weight.abs().amax(dim=1, keepdim=True).float().clamp_min(1e-30)
        scale = torch.exp2(torch.ceil(torch.log2(largest / LARGEST)))  # exact in bfloat16 too
        packed = (weight.float() / scale).to(torch.float8_e4m3fn)
        place = torch.device("cpu") if streamed else weight.device
        packed, scale = packed.to(place), scale.to(place)
        if streamed and torch.cuda.is_available():
            packed = packed.pin_memory()
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.scale = nn.Parameter(scale, requires_grad=False)
        bias = linear.bias
        self.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
        self.streamed = streamed

    def forward(self, input: Tensor) -> Tensor:
        weight = self.weight.to(input.device, non_blocking=True).to(input.dtype)
        scale = self.scale.to(input.device, input.dtype)
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return nn.functional.linear(input, weight * scale, bias)


def hold_in_float8(blocks: list[nn.Module], device: torch.device, offload: float = 0.0) -> None:
    """Replace every linear of ``blocks`` by a :class:`Float8Linear`, block by block on ``device``.

    ``blocks`` may lie in main memory: never more than one of them is on the device in full. The
    first ``offload`` share of them stays in main memory and is streamed.
    """
    streamed = round(len(blocks) * offload)
    for number, block in enumerate(blocks):
        for name, module in list(block.named_modules()):
            if not isinstance(module, nn.Linear):
                continue
            parent, _, child = name.rpartition(".")
            stays = number < streamed
            if not stays:
                module.to(device)
            setattr(block.get_submodule(parent), child, Float8Linear(module, streamed=stays))
        for name, value in list(block.named_parameters()):
            owner = block.get_submodule(name.rpartition(".")[0])
            if not (isinstance(owner, Float8Linear) and owner.streamed) or name.endswith("bias"):
                value.data = value.data.to(device)
        for buffer in block.buffers():
            buffer.data = buffer.data.to(device)
