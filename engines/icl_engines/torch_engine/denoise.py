"""Phase 2: noise to latents, through FluxPipeline's own loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import FluxPipeline
from PIL.Image import Image

from icl_studio.api import Size
from icl_studio.engines.protocol import DenoiseItem, StepReport
from icl_studio.errors import InternalError, LayoutInvalid, UserError

from .device import dtype_name
from .encode import Conditioning
from .noise import packed_noise
from .preview import LatentRgb, clean_estimate


@dataclass(frozen=True, eq=False)
class SheetLatents:
    """One denoised sheet: packed latents (1, tokens, channels) and the canvas they make."""

    packed: torch.Tensor
    canvas: Size


@dataclass(frozen=True, eq=False)
class TorchStep:
    """A :class:`StepReport`; the preview is computed only when somebody asks for it."""

    step: int
    total: int
    before: torch.Tensor
    after: torch.Tensor
    sigma_before: float
    sigma_after: float
    canvas: Size
    rgb: LatentRgb

    def preview(self, index: int) -> Image:
        clean = clean_estimate(
            self.before[index], self.after[index], self.sigma_before, self.sigma_after
        )
        return self.rgb.picture(clean, self.canvas)


def denoise(
    pipeline: FluxPipeline,
    items: Sequence[DenoiseItem],
    rgb: LatentRgb,
    on_step: Callable[[StepReport], None] | None = None,
) -> list[SheetLatents]:
    """Denoise ``items`` as one batch; they share canvas and sampling.

    The loop is ``FluxPipeline.__call__``. What ``on_step`` raises ends it between two steps
    and is passed on; the pipeline keeps no state from one call to the next.
    """
    if not items:
        return []
    first = items[0]
    canvas, sampling = first.canvas, first.sampling
    if any((item.canvas, item.sampling) != (canvas, sampling) for item in items):
        raise InternalError("a batch must share its canvas and its sampling")
    _check_canvas(pipeline, canvas)
    conditionings: list[Conditioning] = [item.conditioning for item in items]
    prompt = torch.cat([one.prompt for one in conditionings])
    noise = torch.cat([packed_noise(pipeline, canvas, item.seed) for item in items])
    noise = noise.to(device=prompt.device, dtype=prompt.dtype)
    callback = None if on_step is None else _step_callback(noise, canvas, rgb, on_step)
    with torch.inference_mode():
        packed = pipeline(
            prompt_embeds=prompt,
            pooled_prompt_embeds=torch.cat([one.pooled for one in conditionings]),
            latents=noise,
            width=canvas.width,
            height=canvas.height,
            num_inference_steps=sampling.steps,
            guidance_scale=sampling.guidance,
            output_type="latent",
            callback_on_step_end=callback,
            callback_on_step_end_tensor_inputs=["latents"],
        ).images
    if not torch.isfinite(packed).all():
        raise UserError(
            f"The model gave no finite picture in {dtype_name(packed.dtype)}.",
            fix="Use --dtype bfloat16 or float32; lower an adapter's weight if one is strong.",
        )
    return [SheetLatents(packed[i : i + 1], canvas) for i in range(len(items))]


def _step_callback(
    noise: torch.Tensor, canvas: Size, rgb: LatentRgb, on_step: Callable[[StepReport], None]
) -> Callable[[Any, int, Any, dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    """diffusers' callback, which remembers the latents before the step (no copy)."""
    before = noise

    def callback(
        pipe: Any, index: int, _timestep: Any, tensors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        nonlocal before
        after = tensors["latents"]
        sigmas = pipe.scheduler.sigmas
        report = TorchStep(
            step=index + 1,
            total=pipe.num_timesteps,
            before=before,
            after=after,
            sigma_before=float(sigmas[index]),
            sigma_after=float(sigmas[index + 1]),
            canvas=canvas,
            rgb=rgb,
        )
        before = after
        on_step(report)
        return {}

    return callback


def _check_canvas(pipeline: FluxPipeline, canvas: Size) -> None:
    """FluxPipeline would silently round such a canvas down, and every crop would be off."""
    token = pipeline.vae_scale_factor * 2
    if min(canvas) < token or any(side % token for side in canvas):
        raise LayoutInvalid(
            f"The canvas {canvas} is not a multiple of {token} pixels, one token of this model.",
            fix="Make the panels a multiple of it.",
        )
