"""A run's model: untrained, or with the averaged weights of a stage."""

import torch

from icl_tiny.training.config import RunConfig
from icl_tiny.training.loop import Average
from icl_tiny.training.models import TinyFlux, build_clip, build_t5
from icl_tiny.training.text import Tokenizers


def build_model(config: RunConfig, tokenizers: Tokenizers) -> TinyFlux:
    """The untrained model for these tokenizers."""
    torch.manual_seed(config.flux.seed)
    clip_end = tokenizers.clip.eos_token_id
    clip_model = build_clip(
        config.flux_size, len(tokenizers.clip), tokenizers.clip.bos_token_id, clip_end
    )
    t5_model = build_t5(config.flux_size, len(tokenizers.t5))
    return TinyFlux(config.flux_size, config.vae_size.latent_channels, clip_model, t5_model)


def load_model(config: RunConfig, tokenizers: Tokenizers, stage: str) -> TinyFlux:
    """The model with the averaged weights of `stage`'s latest checkpoint."""
    model = build_model(config, tokenizers)
    state = torch.load(config.folder / f"{stage}.ckpt", map_location="cpu", weights_only=True)[
        "parts"
    ]
    model.load_state_dict(state["model"])
    average = Average(model, 0.0)
    average.load_state_dict(state["average"])
    average.swap()
    return model.to(config.device).eval()
