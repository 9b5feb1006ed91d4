"""The models at their small sizes, built from FLUX.1's own classes."""

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

from icl_tiny.training.config import FluxSize, VaeSize
from icl_tiny.training.text import Tokens
from icl_tiny.vocabulary import CLIP_LENGTH

TOKEN = 16
"""Pixels along a token's edge: the autoencoder's 8, packed two by two."""


def build_vae(size: VaeSize) -> AutoencoderKL:
    """An untrained autoencoder, factor 8, no attention, no quantisation convolutions."""
    levels = len(size.channels)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=size.channels,
        layers_per_block=1,
        latent_channels=size.latent_channels,
        norm_num_groups=size.groups,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        force_upcast=False,
        sample_size=256,
    )
    # Start with a posterior of small spread: at its default of 1, noise drowns all but brightness.
    bias = vae.encoder.conv_out.bias
    assert bias is not None
    with torch.no_grad():
        bias[size.latent_channels :] = -4.6
    return vae


def build_clip(size: FluxSize, vocabulary: int, start: int, end: int) -> CLIPTextModel:
    """An untrained CLIP text encoder. `end` pools: it must be the tokenizer's own token."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=size.clip_dim,
            intermediate_size=size.clip_dim * 4,
            projection_dim=size.clip_dim,
            num_hidden_layers=size.clip_layers,
            num_attention_heads=size.clip_heads,
            max_position_embeddings=CLIP_LENGTH,
            hidden_act="quick_gelu",
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def build_t5(size: FluxSize, vocabulary: int) -> T5EncoderModel:
    """An untrained T5 encoder (gated GELU, no dropout)."""
    return T5EncoderModel(
        T5Config(
            vocab_size=vocabulary,
            d_model=size.t5_dim,
            d_kv=size.t5_dim // size.t5_heads,
            d_ff=size.t5_dim * 8 // 3,
            num_layers=size.t5_layers,
            num_heads=size.t5_heads,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            is_encoder_decoder=False,
            use_cache=False,
        )
    )


def build_transformer(size: FluxSize, latent_channels: int) -> FluxTransformer2DModel:
    """An untrained FLUX transformer whose guidance input starts without any effect."""
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=latent_channels * 4,
        num_layers=size.double_blocks,
        num_single_layers=size.single_blocks,
        attention_head_dim=size.head_dim,
        num_attention_heads=size.heads,
        joint_attention_dim=size.t5_dim,
        pooled_projection_dim=size.clip_dim,
        guidance_embeds=True,
        axes_dims_rope=size.rope_axes,
    )
    last = transformer.time_text_embed.guidance_embedder.linear_2
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    # The outcome starts at zero and the modulations at identity, as in DiT: early steps are calmer.
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    return transformer


class TinyFlux(nn.Module):
    """Transformer and both text encoders, called as FluxPipeline calls them."""

    def __init__(
        self, size: FluxSize, latent_channels: int, clip: CLIPTextModel, t5: T5EncoderModel
    ) -> None:
        """Takes the text encoders, makes the transformer."""
        super().__init__()
        self.transformer = build_transformer(size, latent_channels)
        self.text_encoder, self.text_encoder_2 = clip, t5

    def encode(self, tokens: Tokens) -> tuple[Tensor, Tensor]:
        """T5's sequence (n, length, t5_dim), unmasked, and CLIP's pooled vector (n, clip_dim)."""
        sequence = self.text_encoder_2(tokens.t5)[0]
        return sequence, self.text_encoder(tokens.clip).pooler_output

    def velocity(
        self,
        packed: Tensor,
        time: Tensor,
        guidance: Tensor,
        grid: tuple[int, int],
        text: tuple[Tensor, Tensor],
    ) -> Tensor:
        """The predicted noise minus latents: `packed` (n, h*w, 64), `time` and `guidance` (n,)."""
        sequence, pooled = text
        result: Tensor = self.transformer(
            hidden_states=packed,
            timestep=time,
            guidance=guidance,
            pooled_projections=pooled,
            encoder_hidden_states=sequence,
            txt_ids=packed.new_zeros(sequence.shape[1], 3),
            img_ids=image_ids(*grid).to(packed),
            return_dict=False,
        )[0]
        return result


def image_ids(height: int, width: int) -> Tensor:
    """Positions of the tokens, (height * width, 3), as FluxPipeline._prepare_latent_image_ids."""
    ids = torch.zeros(height, width, 3)
    ids[..., 1] += torch.arange(height)[:, None]
    ids[..., 2] += torch.arange(width)[None, :]
    return ids.reshape(height * width, 3)


def pack(latents: Tensor) -> Tensor:
    """(n, c, 2h, 2w) to tokens (n, h * w, 4c), as FluxPipeline._pack_latents."""
    n, c, h, w = latents.shape
    patches = latents.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return patches.reshape(n, (h // 2) * (w // 2), c * 4)


def unpack(packed: Tensor, grid: tuple[int, int]) -> Tensor:
    """The inverse of `pack`; `grid` is (h, w) in tokens."""
    n, _, channels = packed.shape
    h, w = grid
    patches = packed.view(n, h, w, channels // 4, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return patches.reshape(n, channels // 4, h * 2, w * 2)
