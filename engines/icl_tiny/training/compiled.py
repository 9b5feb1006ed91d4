"""Transformers with compiled blocks: a minute at the start of a stage, faster steps after it."""

import torch

from icl_tiny.training.models import TinyFlux

RECOMPILATIONS = 64
"""Blocks are compiled anew for a layout that changes more than sizes, and for passes without
gradients; torch gives up at 8 by default."""


def compile_blocks(*models: TinyFlux) -> None:
    """Compile the blocks of these models' transformers, for any number of tokens."""
    torch._dynamo.config.recompile_limit = RECOMPILATIONS
    for model in models:
        model.transformer.compile_repeated_blocks(fullgraph=True, dynamic=True)
