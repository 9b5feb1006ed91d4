"""Stage `reading`: the text encoders learn to read captions before anything is painted.

The program that draws the world knows what every caption says. So T5 is asked, at each panel's
marker, for that panel's facts, and at every token for the panel it belongs to; CLIP's pooled
vector is asked for all panels at once. No picture is needed, so a minute of this is thousands of
captions. The linear heads are thrown away: what stays is that the encoders hold the answers.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from icl_tiny.captions import panel_markers, write_caption
from icl_tiny.training.build import build_model
from icl_tiny.training.config import FluxSize, RunConfig
from icl_tiny.training.latents import ALL_LAYOUTS
from icl_tiny.training.loop import Average, Dice, StageLoop, clip, set_learning_rate
from icl_tiny.training.models import TinyFlux
from icl_tiny.training.optim import MuonAdamW, split_parameters
from icl_tiny.training.questions import NOTHING, WIDTHS, answers, grade
from icl_tiny.training.start import take_over
from icl_tiny.training.text import Tokenizers, Tokens, load_tokenizers
from icl_tiny.world import LAYOUTS, Layout
from icl_tiny.world.sampling import Collage, random_collage

PANELS = 4


class Reader(nn.Module):
    """Both text encoders of a model, and the linear heads that answer."""

    def __init__(self, model: TinyFlux, size: FluxSize) -> None:
        """The encoders are `model`'s own, not copies."""
        super().__init__()
        self.text_encoder, self.text_encoder_2 = model.text_encoder, model.text_encoder_2
        self.at_marker = nn.Linear(size.t5_dim, sum(WIDTHS))
        self.at_token = nn.Linear(size.t5_dim, PANELS + 1)
        self.pooled = nn.Linear(size.clip_dim, sum(WIDTHS) * PANELS)

    def forward(self, tokens: Tokens, slots: Tensor, truth: Tensor, panels: Tensor) -> Tensor:
        """The mean loss of all answers.

        `slots` (n, 4) are the markers' places among T5's tokens, `truth` (n, 4, facts) the facts'
        classes, `panels` (n, length) the panel of each token; `NOTHING` where there is none.
        """
        states = self.text_encoder_2(tokens.t5)[0]
        rows = torch.arange(len(states))[:, None]
        marked = self.at_marker(states[rows, slots.clamp(min=0)])
        pooled = self.pooled(self.text_encoder(tokens.clip).pooler_output)
        loss = grade(marked, truth)
        loss = loss + 0.5 * grade(pooled.view(len(states), PANELS, -1), truth)
        belongs = self.at_token(states).flatten(0, 1)
        return loss + 0.5 * cross_entropy(belongs, panels.flatten(), ignore_index=NOTHING)


def exam(
    dice: Dice, tokenizers: Tokenizers, layout: Layout, count: int, length: int
) -> tuple[Tokens, Tensor, Tensor, Tensor]:
    """`count` captions for `layout` with the arguments that `Reader` wants after them."""
    collages = [random_collage(dice.python, layout) for _ in range(count)]
    tokens = tokenizers([write_caption(dice.python, layout, c) for c in collages], length)
    slots = torch.full((count, PANELS), NOTHING)
    truth = torch.full((count, PANELS, len(WIDTHS)), NOTHING)
    panels = torch.zeros_like(tokens.t5)
    end = tokenizers.t5.eos_token_id
    marks = [tokenizers.t5.convert_tokens_to_ids(m) if m else end for m in panel_markers(layout)]
    for n, collage in enumerate(collages):
        _grade(n, collage, marks, tokens.t5[n], slots, truth, panels)
    return tokens, slots, truth, panels


def _grade(
    n: int,
    collage: Collage,
    marks: list[int],
    ids: Tensor,
    slots: Tensor,
    truth: Tensor,
    panels: Tensor,
) -> None:
    """Fill row `n` of the three tensors; panels cut off by the length stay unasked."""
    for k, (mark, panel) in enumerate(zip(marks, collage.panels, strict=True)):
        found = (ids == mark).nonzero()
        if len(found):
            slots[n, k] = found[0, 0]
            truth[n, k] = torch.tensor(answers(panel))
            if len(marks) > 1 and mark != 1:
                panels[n, int(found[0, 0]) :] = k + 1
    panels[n, ids == 0] = NOTHING


def train_reading(config: RunConfig) -> None:
    """Run or resume the stage; `flux` starts from its encoders."""
    recipe = config.reading
    tokenizers = load_tokenizers(config.folder, config.vocabulary_captions)
    model = build_model(config, tokenizers)
    if config.start_from is not None:
        take_over(config.start_from, model, tokenizers)
    reader = Reader(model, config.flux_size).to(config.device)
    heads = ("at_marker", "at_token", "pooled")
    optimizer = MuonAdamW(split_parameters(reader, heads), recipe.learning_rate)
    average, dice = Average(reader, recipe.ema), Dice(recipe.seed)
    parts = {"reader": reader, "optimizer": optimizer, "average": average, "dice": dice}
    loop = StageLoop(config.folder, "reading", recipe.budget, parts, config.sitting_ends)
    loop.resume()
    layouts = [*LAYOUTS.values(), ALL_LAYOUTS["single-96x96"]]
    weights = [*(layout.weight for layout in LAYOUTS.values()), 0.2]
    while loop.running:
        warm = min(1.0, (loop.step + 1) / recipe.warmup)
        set_learning_rate(optimizer, recipe.learning_rate * warm * (1.01 - loop.progress))
        layout = dice.python.choices(layouts, weights)[0]
        length = {1: 32, 2: 80, 3: 96, 4: 128}[layout.count]
        count = max(1, recipe.tokens // length)
        tokens, slots, truth, panels = exam(dice, tokenizers, layout, count, length)
        device = config.device
        loss = reader(tokens.to(device), slots.to(device), truth.to(device), panels.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clip(reader.parameters())
        optimizer.step()
        average.update()
        loop.step_done(loss.item())
    loop.note(event="finished")


def load_readers(config: RunConfig, model: TinyFlux) -> bool:
    """Give `model` the encoders that learned to read, averaged; returns whether there were any."""
    path = config.folder / "reading.ckpt"
    if not path.exists():
        return False
    reader = Reader(model, config.flux_size)
    average = Average(reader, 0.0)
    average.load_state_dict(torch.load(path, weights_only=True)["parts"]["average"])
    average.swap()
    return True
