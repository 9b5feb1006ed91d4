"""What autograd keeps for one training step, counted in diffusers' own FLUX blocks.

Saved tensors are caught with torch's saved-tensor hooks, each storage once, parameters left out: so
the figure is of the graph, not of an allocator, and the same on every device. It is told per token,
unit of width and block, in values; ``icl_studio.training.memory`` multiplies it out again. Several
widths and lengths show that the law holds (a score matrix that was kept would show as growth with
the square of the length; ``scaled_dot_product_attention`` keeps none).

    python benchmarks/training_memory.py [--rank 16]
"""

from __future__ import annotations

import argparse
import json

import torch
from diffusers import FluxTransformer2DModel

from icl_engines.training.tuned import Tuned
from icl_studio.training.memory import SAVED
from icl_studio.training.recipe import Recipe

TEXT = 64
CASES = ((64, 256), (128, 256), (256, 256), (128, 1024))


def model(width: int, doubles: int, singles: int) -> FluxTransformer2DModel:
    """A random FLUX of ``width`` in heads of 64."""
    return FluxTransformer2DModel(
        in_channels=64,
        num_layers=doubles,
        num_single_layers=singles,
        attention_head_dim=64,
        num_attention_heads=width // 64,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        guidance_embeds=True,
        axes_dims_rope=(16, 24, 24),
    ).requires_grad_(False)


def kept(
    width: int, tokens: int, doubles: int, singles: int, rank: int, dtype: torch.dtype
) -> float:
    """Values that one forward pass of ``tokens`` image tokens keeps for its backward pass."""
    transformer = model(width, doubles, singles).to(dtype)
    tuned = Tuned(transformer, Recipe(rank=rank), torch.device("cpu"))
    own = {parameter.untyped_storage().data_ptr() for parameter in transformer.parameters()}
    sizes: dict[int, int] = {}
    held: list[torch.Tensor] = []  # or a freed storage's address would be counted once for two

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)
        return tensor

    side = int(tokens**0.5)
    ids = torch.zeros(side, side, 3)
    ids[..., 1], ids[..., 2] = torch.arange(side)[:, None], torch.arange(side)[None]
    half = torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32)
    with half, torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = tuned.transformer(
            hidden_states=torch.randn(1, tokens, 64, dtype=dtype),
            timestep=torch.tensor([0.5], dtype=dtype),
            guidance=torch.tensor([1.0]),
            pooled_projections=torch.randn(1, 32, dtype=dtype),
            encoder_hidden_states=torch.randn(1, TEXT, 32, dtype=dtype),
            txt_ids=torch.zeros(TEXT, 3),
            img_ids=ids.reshape(-1, 3),
            return_dict=False,
        )[0]
        loss = out.square().mean()
    assert loss.requires_grad  # the graph lived until here
    return sum(sizes.values()) / dtype.itemsize


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rank", type=int, default=16)
    rank = parser.parse_args().rank
    torch.manual_seed(0)
    rows = []
    for dtype in (torch.float32, torch.bfloat16):
        for width, tokens in CASES:
            base = kept(width, tokens, 1, 1, rank, dtype)
            unit = (tokens + TEXT) * width
            rows.append(
                {
                    "base": str(dtype).removeprefix("torch."),
                    "width": width,
                    "image tokens": tokens,
                    "double": round((kept(width, tokens, 2, 1, rank, dtype) - base) / unit, 1),
                    "single": round((kept(width, tokens, 1, 2, rank, dtype) - base) / unit, 1),
                }
            )
    told = {"assumed (double, single)": SAVED, "rank": rank}
    print(json.dumps({"values per token, width and block": rows, **told}, indent=2))


if __name__ == "__main__":
    main()
