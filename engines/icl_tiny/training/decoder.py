"""Stage `decoder`: the decoder alone goes on learning, for the encoder is settled by the latents.

It sees whole canvases only, and latents with a little noise on them, as a transformer makes them.
"""

import torch

from icl_tiny.training.config import DecoderRecipe, RunConfig
from icl_tiny.training.data import canvas_batch
from icl_tiny.training.loop import Average, Dice, StageLoop, clip, set_learning_rate
from icl_tiny.training.optim import MuonAdamW, split_parameters
from icl_tiny.training.precision import half_precision
from icl_tiny.training.vae import load_vae, measure_psnr, picture_loss


def train_decoder(config: RunConfig) -> None:
    """Run or resume the stage; `vae.load_vae` uses its checkpoint from then on."""
    recipe = config.decoder
    vae = load_vae(config, stage="vae").to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    vae.encoder.requires_grad_(False)
    optimizer = MuonAdamW(split_parameters(vae, ("conv_in", "conv_out")), recipe.learning_rate)
    average, dice = Average(vae, recipe.ema), Dice(recipe.seed)
    parts = {"vae": vae, "optimizer": optimizer, "average": average, "dice": dice}
    loop = StageLoop(config.folder, "decoder", recipe.budget, parts, config.sitting_ends)
    if not loop.resume():
        loop.note(event="started", **measure_psnr(vae))
    while loop.running:
        set_learning_rate(optimizer, _rate(recipe, loop))
        pictures, weights = canvas_batch(dice.python, recipe.canvas_pixels, recipe.creature_weight)
        pictures = pictures.to(config.device, memory_format=torch.channels_last)
        with torch.no_grad():
            latents = vae.encode(pictures).latent_dist.mode()
            noise = torch.randn(latents.shape, generator=dice.torch).to(latents)
            latents = latents + recipe.noise * latents.std() * noise
        with half_precision(config):
            error = vae.decode(latents).sample.float() - pictures
        loss = picture_loss(error, weights.to(config.device), config.vae)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip(vae.decoder.parameters())
        optimizer.step()
        average.update()
        loop.step_done(loss.item())
    average.swap()
    loop.note(event="finished", **measure_psnr(vae, config.folder / "decoder.png"))


def _rate(recipe: DecoderRecipe, loop: StageLoop) -> float:
    """Warm up, then fall in a line."""
    return (
        recipe.learning_rate * min(1.0, (loop.step + 1) / recipe.warmup) * (1.002 - loop.progress)
    )
