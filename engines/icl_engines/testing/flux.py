"""A random-weight FLUX.1 in a diffusers folder: every input of the real graph, 2 MB."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from icl_studio.api import CanvasRule, ModelSpec, Sampling
from icl_studio.engines.protocol import LocatedModel

from .tokenizers import clip_tokenizer, t5_tokenizer

CLIP_WIDTH = 24
T5_WIDTH = 40


def write_random_flux(
    folder: Path,
    seed: int = 0,
    *,
    width: int = 64,
    heads: int = 2,
    layers: int = 1,
    single_layers: int = 2,
    guidance_embeds: bool = True,
) -> Path:
    """Write a small FLUX pipeline with weights drawn from ``seed``; returns ``folder``.

    ``width`` is the transformer's, a multiple of ``16 * heads`` (FLUX.1-dev: 3072, 24 heads).
    Scheduler as FLUX.1-dev's; VAE of factor 8 with 16 latent channels; tokenizers included.
    """
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        clip_words, t5_words = clip_tokenizer(), t5_tokenizer()
        pipeline = FluxPipeline(
            scheduler=flux_scheduler(),
            vae=_vae(),
            text_encoder=_clip(clip_words),
            tokenizer=clip_words,
            text_encoder_2=_t5(len(t5_words)),
            tokenizer_2=t5_words,
            transformer=_transformer(width, heads, layers, single_layers, guidance_embeds),
        )
        pipeline.save_pretrained(folder, safe_serialization=True)
    finally:
        torch.random.set_rng_state(state)
    return folder


def random_flux_model(folder: Path, *, max_sequence_length: int = 128) -> LocatedModel:
    """The folder of :func:`write_random_flux` as the application hands a model to an engine."""
    spec = ModelSpec(
        id="random-flux",
        title="Random FLUX for tests",
        source=str(folder),
        family="random-flux",
        canvas=CanvasRule(canvas_multiple=16),
        max_sequence_length=max_sequence_length,
        sampling=Sampling(steps=2),
    )
    return LocatedModel(spec=spec, folder=folder)


def flux_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """The scheduler with FLUX.1-dev's settings: the shift grows with the image tokens."""
    return FlowMatchEulerDiscreteScheduler(
        num_train_timesteps=1000,
        shift=3.0,
        use_dynamic_shifting=True,
        base_shift=0.5,
        max_shift=1.15,
        base_image_seq_len=256,
        max_image_seq_len=4096,
    )


def _transformer(
    width: int, heads: int, layers: int, single_layers: int, guidance_embeds: bool
) -> FluxTransformer2DModel:
    head = width // heads
    if head % 16 or head * heads != width:
        raise ValueError(f"width {width} is not a multiple of 16 times {heads} heads")
    return FluxTransformer2DModel(
        in_channels=64,
        num_layers=layers,
        num_single_layers=single_layers,
        attention_head_dim=head,
        num_attention_heads=heads,
        joint_attention_dim=T5_WIDTH,
        pooled_projection_dim=CLIP_WIDTH,
        guidance_embeds=guidance_embeds,
        axes_dims_rope=(head // 4, 3 * head // 8, 3 * head // 8),
    )


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=4,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.1159,
        scaling_factor=0.3611,
        force_upcast=False,
    )


def _clip(tokenizer: object) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),  # type: ignore[arg-type]
        hidden_size=CLIP_WIDTH,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=CLIP_WIDTH,
        bos_token_id=tokenizer.bos_token_id,  # type: ignore[attr-defined]
        eos_token_id=tokenizer.eos_token_id,  # type: ignore[attr-defined]
        pad_token_id=tokenizer.pad_token_id,  # type: ignore[attr-defined]
    )
    return CLIPTextModel(config)


def _t5(words: int) -> T5EncoderModel:
    config = T5Config(
        vocab_size=words,
        d_model=T5_WIDTH,
        d_kv=16,
        d_ff=64,
        num_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
    )
    return T5EncoderModel(config).eval()
