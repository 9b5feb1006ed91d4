"""Where a run's weights begin: at random, or with a finished model (`RunConfig.start_from`).

A wider world needs other tokenizers, so text embeddings are taken over piece by piece: what both
vocabularies spell alike keeps its vector, the rest begins at random. The latents' shift and scale
are kept as well: a transformer that learned on them would otherwise meet other numbers.
"""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5Tokenizer

from icl_tiny.training.config import RunConfig
from icl_tiny.training.models import TinyFlux, build_vae
from icl_tiny.training.text import Tokenizers


def first_vae(config: RunConfig) -> AutoencoderKL:
    """The autoencoder a run begins with, float32. Raises ValueError when sizes differ."""
    if config.start_from is None:
        return build_vae(config.vae_size)
    vae = AutoencoderKL.from_pretrained(
        config.start_from / "vae", torch_dtype=torch.float32, use_safetensors=True
    )
    have = tuple(vae.config.block_out_channels)
    if have != config.vae_size.channels:
        raise ValueError(
            f"{config.start_from} has an autoencoder of {have} channels, "
            f"the recipe wants {config.vae_size.channels}"
        )
    return vae  # type: ignore[no-any-return]


def kept_stats(config: RunConfig) -> tuple[float, float] | None:
    """Shift and scale of the model that the run begins with; None for a run from scratch."""
    if config.start_from is None:
        return None
    settings = json.loads((config.start_from / "vae" / "config.json").read_text())
    return float(settings["shift_factor"]), float(settings["scaling_factor"])


@torch.no_grad()
def take_over(folder: Path, model: TinyFlux, tokenizers: Tokenizers) -> None:
    """Give `model` the weights of the finished model in `folder`, as far as shapes agree.

    Its guidance was distilled: at a guidance input of 1 it predicts the plain conditional
    velocity, which is what training goes on with.
    """
    model.transformer.load_state_dict(
        FluxTransformer2DModel.from_pretrained(
            folder / "transformer", torch_dtype=torch.float32, use_safetensors=True
        ).state_dict()
    )
    old_t5 = T5EncoderModel.from_pretrained(
        folder / "text_encoder_2", torch_dtype=torch.float32, use_safetensors=True
    )
    old_clip = CLIPTextModel.from_pretrained(
        folder / "text_encoder", torch_dtype=torch.float32, use_safetensors=True
    )
    _copy(
        old_t5,
        model.text_encoder_2,
        T5Tokenizer.from_pretrained(folder / "tokenizer_2").get_vocab(),
        tokenizers.t5.get_vocab(),
    )
    _copy(
        old_clip,
        model.text_encoder,
        CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab(),
        tokenizers.clip.get_vocab(),
    )


def _copy(
    old: torch.nn.Module, new: torch.nn.Module, before: dict[str, int], now: dict[str, int]
) -> None:
    """All weights of `old` into `new`; rows of the embedding by the piece they stand for."""
    have, want = old.state_dict(), new.state_dict()
    shared = [(now[piece], row) for piece, row in before.items() if piece in now]
    there, here = (torch.tensor(rows) for rows in zip(*shared, strict=True))
    for name, value in have.items():
        if value.shape == want[name].shape and "token" not in name and "shared" not in name:
            want[name].copy_(value)
        elif value.ndim == 2 and value.shape[1] == want[name].shape[1]:
            want[name][there] = value[here]
    new.load_state_dict(want)
