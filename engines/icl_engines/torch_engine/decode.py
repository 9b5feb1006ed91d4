"""Phase 3: latents to pictures, exactly as FluxPipeline decodes them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import FluxPipeline
from PIL.Image import Image

from .denoise import SheetLatents
from .tiles import tiled


def decode(
    pipeline: FluxPipeline, sheets: Sequence[SheetLatents], *, tiles: bool = False
) -> list[Image]:
    """One RGB picture of the canvas size per sheet.

    Sheets are decoded one at a time: the peak memory of a batch is that of one sheet, and
    the pixels do not depend on the batch. With ``tiles`` they depend a little on the seams.
    """
    if tiles:
        return [_decode_tiled(pipeline, sheet) for sheet in sheets]
    with torch.inference_mode():
        return [_decode_one(pipeline, sheet) for sheet in sheets]


def _decode_one(pipeline: FluxPipeline, sheet: SheetLatents) -> Image:
    vae = pipeline.vae
    latents = pipeline._unpack_latents(
        sheet.packed, sheet.canvas.height, sheet.canvas.width, pipeline.vae_scale_factor
    )
    latents = latents / vae.config.scaling_factor + vae.config.shift_factor
    decoded = vae.decode(latents.to(vae.device), return_dict=False)[0]
    picture: Image = pipeline.image_processor.postprocess(decoded, output_type="pil")[0]
    return picture


def _decode_tiled(pipeline: FluxPipeline, sheet: SheetLatents) -> Image:
    with torch.inference_mode(), tiled(pipeline.vae, sheet.canvas, pipeline.vae_scale_factor):
        return _decode_one(pipeline, sheet)
