"""Training passes in bfloat16 where the processor multiplies it fast (AVX512_BF16, AMX, CUDA).

Weights, optimizer and losses stay float32. On a CPU the attention is written out as two matrix
products as well: torch's own kernel for it multiplies in float32 there, and took 40 % of a step at
this size; written out it takes a third of that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from icl_tiny.training.config import RunConfig

_fused = torch.nn.functional.scaled_dot_product_attention


def attention(query: Tensor, key: Tensor, value: Tensor, *more: Any, **options: Any) -> Tensor:
    """Softmax attention of (n, heads, tokens, width); masked or causal ones go to torch's own."""
    if more or any(options.get(name) for name in ("is_causal", "enable_gqa", "dropout_p")):
        return _fused(query, key, value, *more, **options)
    if options.get("attn_mask") is not None or options.get("scale") is not None:
        return _fused(query, key, value, **options)
    scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
    return torch.matmul(torch.softmax(scores, -1, dtype=value.dtype), value)


def products(config: RunConfig) -> torch.dtype:
    """The dtype of the optimizer's matrix products."""
    return torch.bfloat16 if config.bfloat16 else torch.float32


@contextmanager
def half_precision(config: RunConfig) -> Iterator[None]:
    """Inside, matrix products are bfloat16 if the run asks for it; nothing changes otherwise."""
    kind = torch.device(config.device).type
    if not config.bfloat16:
        yield
        return
    functional: Any = torch.nn.functional
    if kind == "cpu":
        functional.scaled_dot_product_attention = attention
    try:
        with torch.autocast(kind, torch.bfloat16):
            yield
    finally:
        functional.scaled_dot_product_attention = _fused
