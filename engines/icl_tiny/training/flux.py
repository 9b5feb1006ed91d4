"""Stage `flux`: transformer and text encoders learn together, singles first, then collages."""

import torch
from torch import Tensor

from icl_tiny.training.batches import Batch, choose_layout, make_batch, text_length
from icl_tiny.training.build import build_model
from icl_tiny.training.compiled import compile_blocks
from icl_tiny.training.config import FluxRecipe, RunConfig
from icl_tiny.training.exam import examine
from icl_tiny.training.latents import LatentStore
from icl_tiny.training.loop import Average, Dice, StageLoop, clip, set_learning_rate
from icl_tiny.training.models import TinyFlux
from icl_tiny.training.optim import MuonAdamW, split_parameters
from icl_tiny.training.precision import half_precision, products
from icl_tiny.training.probe import Probe
from icl_tiny.training.reading import load_readers
from icl_tiny.training.sample import CONSTANT_GUIDANCE, draw_sheets
from icl_tiny.training.start import take_over
from icl_tiny.training.text import Tokenizers, load_tokenizers
from icl_tiny.training.vae import load_vae
from icl_tiny.vocabulary import T5_LENGTH
from icl_tiny.world import LAYOUTS

# Inputs, outputs and modulations; the blocks' other matrices go to Muon.
ADAMW_PARTS = (
    "embedder",
    "time_text_embed",
    "transformer.proj_out",
    "norm_out",
    "norm1.linear",
    "norm1_context.linear",
    ".norm.linear",
)


def noisy(latents: Tensor, dice: Dice, recipe: FluxRecipe) -> tuple[Tensor, Tensor, Tensor]:
    """(noised latents, target velocity, time in 0..1) with logit-normal times, one a sample."""
    noise = torch.randn(latents.shape, generator=dice.torch).to(latents)
    normal = torch.randn(len(latents), generator=dice.torch)
    logits = recipe.time_mean + recipe.time_spread * normal
    time = torch.sigmoid(logits).to(latents)
    t = time[:, None, None]
    return (1 - t) * latents + t * noise, noise - latents, time


def flow_loss(model: TinyFlux, batch: Batch, dice: Dice, recipe: FluxRecipe, device: str) -> Tensor:
    """Weighted squared error of the velocity."""
    x, target, time = noisy(batch.latents.to(device), dice, recipe)
    guidance = torch.full_like(time, CONSTANT_GUIDANCE)
    text = model.encode(batch.tokens.to(device))
    error = model.velocity(x, time, guidance, batch.grid, text).float() - target
    return (error.square() * batch.weights.to(device)).mean()


def train_flux(config: RunConfig) -> None:
    """Run or resume the stage."""
    recipe = config.flux
    store = LatentStore(config.folder / "latents")
    tokenizers = load_tokenizers(config.folder, config.vocabulary_captions)
    vae, model = load_vae(config), build_model(config, tokenizers).to(config.device)
    if config.start_from is not None:
        take_over(config.start_from, model, tokenizers)
    load_readers(config, model)
    if config.compiled:
        compile_blocks(model)
    model.transformer.time_text_embed.guidance_embedder.requires_grad_(False)
    split = split_parameters(model, ADAMW_PARTS)
    optimizer = MuonAdamW(split, recipe.learning_rate, products=products(config))
    average, dice = Average(model, recipe.ema), Dice(recipe.seed)
    probe = _probe(config, model)
    probe_optimizer = torch.optim.AdamW(probe.parameters(), recipe.probe_rate)
    parts = {"model": model, "optimizer": optimizer, "average": average, "dice": dice}
    parts |= {"probe": probe, "probe_optimizer": probe_optimizer}
    loop = StageLoop(config.folder, "flux", recipe.budget, parts, config.sitting_ends)
    if not loop.resume():
        loop.note(event="started", parameters=sum(p.numel() for p in model.parameters()))
    while loop.running:
        set_learning_rate(optimizer, _rate(recipe, loop))
        batch = _batch(recipe, loop, dice, store, tokenizers)
        with half_precision(config):
            loss = flow_loss(model, batch, dice, recipe, config.device)
        asked = probe.loss(batch.truth.to(config.device))
        optimizer.zero_grad(set_to_none=True)
        probe_optimizer.zero_grad(set_to_none=True)
        (loss + recipe.probe_weight * asked).backward()
        clip(model.parameters())
        optimizer.step()
        probe_optimizer.step()
        average.update()
        loop.step_done(loss.item(), probe=round(asked.item(), 3))
        if loop.step % recipe.look_every == 0:
            average.swap()
            path = config.folder / f"flux-{loop.step:05d}.png"
            draw_sheets(model, vae, tokenizers, store.stats, path)
            if loop.step % recipe.exam_every == 0:
                marks = examine(model, vae, tokenizers, store.stats, recipe.exam_sets)
                loop.note(event="exam", **marks)
                if min(marks.values()) >= recipe.target:
                    loop.target_reached()
            average.swap()
    loop.note(event="finished")


def _probe(config: RunConfig, model: TinyFlux) -> Probe:
    """Listens after all double blocks and two of the single ones: a little over half way."""
    blocks, size = model.transformer.single_transformer_blocks, config.flux_size
    block = blocks[min(1, len(blocks) - 1)]
    return Probe(block, size.heads * size.head_dim).to(config.device)


def _rate(recipe: FluxRecipe, loop: StageLoop) -> float:
    """Warm up, hold, and fall over the last 60 % of the budget."""
    fall = min(1.0, (1.0 - loop.progress) / 0.6)
    return recipe.learning_rate * min(1.0, (loop.step + 1) / recipe.warmup) * max(fall, 0.01)


def _batch(
    recipe: FluxRecipe, loop: StageLoop, dice: Dice, store: LatentStore, tokenizers: Tokenizers
) -> Batch:
    single_share = 1.0 if loop.progress < recipe.singles_until else recipe.single_share
    layout = choose_layout(dice.python, store, single_share, recipe.shares)
    full = loop.progress >= recipe.full_length_from
    length = T5_LENGTH if full else text_length(layout)
    assert layout.count == 1 or layout.name in LAYOUTS
    return make_batch(
        dice.python,
        store,
        tokenizers,
        layout,
        recipe.tokens,
        length,
        recipe.caption_dropout,
        recipe.creature_weight,
    )
