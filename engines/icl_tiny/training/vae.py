"""Stage `vae`: the autoencoder learns the world's pictures, crops first, then whole canvases.

Its GroupNorm takes statistics over the whole canvas, so it must see whole collages, not only
panels.
"""

import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from icl_tiny.training.config import RunConfig, VaeRecipe
from icl_tiny.training.data import canvas_batch, crop_batch, to_picture, to_tensor
from icl_tiny.training.loop import Average, Dice, StageLoop, clip, set_learning_rate
from icl_tiny.training.models import build_vae
from icl_tiny.training.optim import MuonAdamW, split_parameters
from icl_tiny.training.precision import half_precision
from icl_tiny.training.start import first_vae
from icl_tiny.world import LAYOUTS, draw_collage
from icl_tiny.world.layouts import collage_boxes
from icl_tiny.world.sampling import random_collage

LOOK_LAYOUTS = (
    "film-storyboard",
    "font-design",
    "couple-profile",
    "portrait-illustration",
    "visual-identity-design",
    "home-decoration",
    "ppt-templates",
)


def vae_loss(vae: AutoencoderKL, pictures: Tensor, weights: Tensor, recipe: VaeRecipe) -> Tensor:
    """`picture_loss` of a sampled reconstruction, and a little KL; pictures are (n, 3, h, w)."""
    posterior = vae.encode(pictures).latent_dist
    error = vae.decode(posterior.sample()).sample.float() - pictures
    kl = posterior.kl().mean() / posterior.mean[0].numel()
    return picture_loss(error, weights, recipe) + recipe.kl_weight * kl


def picture_loss(error: Tensor, weights: Tensor, recipe: VaeRecipe) -> Tensor:
    """Weighted absolute and squared error (n, 3, h, w), and the absolute error of gradients."""
    weights = weights / weights.mean()
    across = (error[..., :, 1:] - error[..., :, :-1]).abs() * weights[..., :, 1:]
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weights[..., 1:, :]
    values = ((error.abs() + recipe.square_weight * error**2) * weights).mean()
    gradients = across.mean() + down.mean()
    return values + recipe.gradient_weight * gradients


def fresh_sheets(layout: str, count: int) -> tuple[Tensor, Tensor]:
    """(count, 3, h, w) collages that training never sees, always the same ones, and where their
    subjects are: (count, 1, h, w), 1 inside their boxes, 0 elsewhere."""
    rng = random.Random(f"fresh-{layout}")
    shape = LAYOUTS[layout]
    collages = [random_collage(rng, shape, held_out=True) for _ in range(count)]
    inside = torch.zeros(count, 1, *reversed(shape.canvas))
    for mask, collage in zip(inside, collages, strict=True):
        for left, top, right, bottom in collage_boxes(shape, collage.panels):
            mask[:, top:bottom, left:right] = 1
    return torch.stack([to_tensor(draw_collage(shape, c.panels)) for c in collages]), inside


def decibels(error: Tensor, weights: Tensor) -> float:
    """Mean PSNR of errors (n, 3, h, w) in -2..2, counted where `weights` (n, 1, h, w) is 1."""
    squares = (error**2 * weights).sum(dim=(1, 2, 3)) / (3 * weights.sum(dim=(1, 2, 3))) / 4
    return round(float((-10 * torch.log10(squares)).mean()), 2)


@torch.no_grad()
def measure_psnr(vae: AutoencoderKL, picture_file: Path | None = None) -> dict[str, float]:
    """PSNR in dB by layout on fresh sheets, and inside the subjects' boxes of storyboards.

    With `picture_file` the storyboards, above, and their reconstructions are saved as a picture.
    """
    result = {}
    device = next(vae.parameters()).device
    for layout in LOOK_LAYOUTS:
        sheets, inside = (tensor.to(device) for tensor in fresh_sheets(layout, 4))
        again = vae.decode(vae.encode(sheets).latent_dist.mode()).sample.clamp(-1, 1)
        result[layout] = decibels(again - sheets, torch.ones_like(inside))
        if layout == LOOK_LAYOUTS[0]:
            result["subjects"] = decibels(again - sheets, inside)
            if picture_file is not None:
                rows = torch.cat([torch.cat(list(sheets), 2), torch.cat(list(again), 2)], 1)
                to_picture(rows).save(picture_file)
    return result


def good_enough(reached: dict[str, float], recipe: VaeRecipe) -> bool:
    """Whether `measure_psnr`'s figures are at the recipe's targets: the layouts' mean, subjects."""
    sheets = [value for name, value in reached.items() if name != "subjects"]
    return sum(sheets) / len(sheets) >= recipe.target and reached["subjects"] >= recipe.in_subjects


def train_vae(config: RunConfig) -> AutoencoderKL:
    """Run or resume the stage; returns the autoencoder with its averaged weights."""
    recipe = config.vae
    torch.manual_seed(recipe.seed)
    vae = first_vae(config).to(config.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = MuonAdamW(split_parameters(vae, ("conv_in", "conv_out")), recipe.learning_rate)
    average, dice = Average(vae, recipe.ema), Dice(recipe.seed)
    parts = {"vae": vae, "optimizer": optimizer, "average": average, "dice": dice}
    loop = StageLoop(config.folder, "vae", recipe.budget, parts, config.sitting_ends)
    if not loop.resume():
        loop.note(event="started", parameters=sum(p.numel() for p in vae.parameters()))
    while loop.running:
        set_learning_rate(optimizer, _rate(recipe, loop))
        pictures, weights = _batch(recipe, loop, dice)
        # The posterior's sample draws from torch's global generator: seed it from the stage's own.
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=dice.torch)))
        pictures = pictures.to(config.device, memory_format=torch.channels_last)
        with half_precision(config):
            loss = vae_loss(vae, pictures, weights.to(config.device), recipe)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip(vae.parameters())
        optimizer.step()
        average.update()
        loop.step_done(loss.item())
        if loop.step % recipe.look_every == 0:
            average.swap()
            reached = measure_psnr(vae, config.folder / "vae.png")
            loop.note(**reached)
            if good_enough(reached, recipe):
                loop.target_reached()
            average.swap()
    average.swap()
    vae.eval()
    loop.note(event="finished", **measure_psnr(vae, config.folder / "vae.png"))
    return vae


def _rate(recipe: VaeRecipe, loop: StageLoop) -> float:
    """Warm up, then fall in a line to almost nothing."""
    return (
        recipe.learning_rate * min(1.0, (loop.step + 1) / recipe.warmup) * (1.002 - loop.progress)
    )


def _batch(recipe: VaeRecipe, loop: StageLoop, dice: Dice) -> tuple[Tensor, Tensor]:
    if loop.progress < recipe.crops_until:
        return crop_batch(dice.python, recipe.crop_batch, recipe.crop, recipe.creature_weight)
    return canvas_batch(dice.python, recipe.canvas_pixels, recipe.creature_weight)


def load_vae(config: RunConfig, stage: str | None = None) -> AutoencoderKL:
    """The autoencoder with averaged weights, for inference: those of `stage`, or the newest."""
    vae = build_vae(config.vae_size)
    if stage is None:
        stage = "decoder" if (config.folder / "decoder.ckpt").exists() else "vae"
    path = config.folder / f"{stage}.ckpt"
    state = torch.load(path, map_location="cpu", weights_only=True)["parts"]
    vae.load_state_dict(state["vae"])
    average = Average(vae, 0.0)
    average.load_state_dict(state["average"])
    average.swap()
    return vae.to(config.device).eval()  # type: ignore[return-value]
