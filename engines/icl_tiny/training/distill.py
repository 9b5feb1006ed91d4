"""Stage `distill`: guidance moves into the model, as in FLUX.1-dev.

The teacher's two passes, u + w (c - u), become one pass of a student that is told w. The text
encoders stay as they are, so that teacher and student read the same embeddings.
"""

import torch

from icl_tiny.training.batches import choose_layout, make_batch
from icl_tiny.training.build import build_model, load_model
from icl_tiny.training.compiled import compile_blocks
from icl_tiny.training.config import DistillRecipe, RunConfig
from icl_tiny.training.flux import ADAMW_PARTS, noisy
from icl_tiny.training.latents import LatentStore
from icl_tiny.training.loop import Average, Dice, StageLoop, clip, set_learning_rate
from icl_tiny.training.models import TinyFlux
from icl_tiny.training.optim import MuonAdamW, split_parameters
from icl_tiny.training.precision import half_precision, products
from icl_tiny.training.sample import CONSTANT_GUIDANCE, draw_sheets
from icl_tiny.training.text import Tokens, load_tokenizers
from icl_tiny.training.vae import load_vae
from icl_tiny.vocabulary import T5_LENGTH


@torch.no_grad()
def guided_velocity(
    teacher: TinyFlux,
    x: torch.Tensor,
    time: torch.Tensor,
    strength: torch.Tensor,
    grid: tuple[int, int],
    tokens: Tokens,
    empty: Tokens,
) -> torch.Tensor:
    """The teacher's velocity under guidance `strength` (n,), from its two passes."""
    constant = torch.full_like(time, CONSTANT_GUIDANCE)
    asked = teacher.velocity(x, time, constant, grid, teacher.encode(tokens))
    base = teacher.velocity(x, time, constant, grid, teacher.encode(empty))
    return base + strength[:, None, None] * (asked - base)


def train_distill(config: RunConfig) -> None:
    """Run or resume the stage."""
    recipe = config.distill
    store = LatentStore(config.folder / "latents")
    tokenizers = load_tokenizers(config.folder, config.vocabulary_captions)
    vae, teacher = load_vae(config), load_model(config, tokenizers, "flux")
    model = build_model(config, tokenizers).to(config.device)
    model.load_state_dict(teacher.state_dict())
    teacher.requires_grad_(False)
    if config.compiled:
        compile_blocks(teacher, model)
    model.text_encoder.requires_grad_(False)
    model.text_encoder_2.requires_grad_(False)
    split = split_parameters(model, ADAMW_PARTS)
    optimizer = MuonAdamW(split, recipe.learning_rate, products=products(config))
    average, dice = Average(model, recipe.ema), Dice(recipe.seed)
    parts = {"model": model, "optimizer": optimizer, "average": average, "dice": dice}
    loop = StageLoop(config.folder, "distill", recipe.budget, parts, config.sitting_ends)
    if not loop.resume():
        loop.note(event="started")
    low, high = recipe.guidance
    while loop.running:
        set_learning_rate(optimizer, _rate(recipe, loop))
        layout = choose_layout(dice.python, store, recipe.single_share, recipe.shares)
        batch = make_batch(
            dice.python,
            store,
            tokenizers,
            layout,
            recipe.tokens,
            T5_LENGTH,
            0.0,
            recipe.creature_weight,
        )
        x, _, time = noisy(batch.latents.to(config.device), dice, config.flux)
        strength = low + (high - low) * torch.rand(len(x), generator=dice.torch).to(x)
        tokens = batch.tokens.to(config.device)
        empty = tokenizers([""] * len(x), T5_LENGTH).to(config.device)
        with half_precision(config):
            target = guided_velocity(teacher, x, time, strength, batch.grid, tokens, empty).float()
            with torch.no_grad():
                text = model.encode(tokens)
            error = model.velocity(x, time, strength, batch.grid, text).float() - target
        loss = (error.square() * batch.weights.to(config.device)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip(model.parameters())
        optimizer.step()
        average.update()
        loop.step_done(loss.item())
        if loop.step % recipe.look_every == 0:
            average.swap()
            path = config.folder / f"distill-{loop.step:05d}.png"
            draw_sheets(model, vae, tokenizers, store.stats, path, two_passes=False)
            average.swap()
    loop.note(event="finished")


def _rate(recipe: DistillRecipe, loop: StageLoop) -> float:
    """Warm up, then fall in a line."""
    return recipe.learning_rate * min(1.0, (loop.step + 1) / recipe.warmup) * (1.01 - loop.progress)
