"""What the model can do so far, read back by the oracle: the figure at which training may stop."""

import random

from diffusers import AutoencoderKL

from icl_tiny.captions import write_caption
from icl_tiny.oracle.read import read_panel
from icl_tiny.training.latents import LatentStats
from icl_tiny.training.models import TinyFlux
from icl_tiny.training.sample import sample_sheets
from icl_tiny.training.text import Tokenizers
from icl_tiny.world import LAYOUTS, Layout
from icl_tiny.world.facts import facts
from icl_tiny.world.sampling import PAIRED, random_set

JOINT = tuple(name for name in LAYOUTS if name not in PAIRED)
"""The tasks that joint training sees."""


def examine(
    model: TinyFlux,
    vae: AutoencoderKL,
    tokenizers: Tokenizers,
    stats: LatentStats,
    sets: int,
    tasks: tuple[str, ...] = JOINT,
) -> dict[str, float]:
    """For each task the share of facts that its panels show as asked, in `sets` held-out sets.

    Always the same requests, in training's sentence forms: `icl-studio evaluate` asks others, in
    forms that training never saw. A panel that cannot be read has everything wrong.
    """
    marks = {}
    for task in tasks:
        layout, rng = LAYOUTS[task], random.Random(f"exam/{task}")
        collages = [random_set(rng, task, True) for _ in range(sets)]
        captions = [write_caption(rng, layout, collage) for collage in collages]
        sheets = sample_sheets(model, vae, tokenizers, stats, layout, captions)
        right = []
        for sheet, collage in zip(sheets, collages, strict=True):
            for index, panel in enumerate(collage.panels):
                reading = read_panel(sheet.crop(_box(layout, index)), panel)
                right += [
                    reading.readable and reading.values.get(name) == value
                    for name, value in facts(panel).items()
                ]
        marks[task] = round(sum(right) / len(right), 4)
    return marks


def _box(layout: Layout, index: int) -> tuple[int, int, int, int]:
    left, top = layout.origin(index)
    return left, top, left + layout.panel[0], top + layout.panel[1]
