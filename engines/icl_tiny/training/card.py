"""The model card that travels with the weights; figures come from the run's own logs."""

import json
from pathlib import Path
from typing import Any

_CARD = """---
license: apache-2.0
pipeline_tag: text-to-image
library_name: diffusers
---
# tiny, the embedded model of ICL Studio

A FLUX of 10 million parameters: FLUX.1's own classes (FluxTransformer2DModel,
AutoencoderKL with factor 8 and 16 channels, CLIP and T5 text encoders, real tokenizers), guidance
distilled as in FLUX.1-dev. It draws a little world in sets of one to four panels on one canvas:
creatures with a colour, a body and a hat, doing things in places; avatars, logos on objects, short
words in typefaces, rooms, slides. It is for first steps, for plugin authors and for tests. Real
work wants real FLUX weights.

## Use
Call it with `height=288, width=192, num_inference_steps=20, guidance_scale=3.5,
max_sequence_length=128`. T5 is not masked in FLUX: another `max_sequence_length` changes pictures.

## Made by
The authors of ICL Studio, from random initial weights, on pictures that a program of ours draws
(`engines/icl_tiny`): no photograph, no artist's work, no other model's output, no other weights.
One combination in ten (by hash) was in no training picture.

## Training
{training}

## Limits
It knows the words in `vocabulary.json` and their combinations; of other words it knows nothing.
Panels are about 96 pixels high. Small parts (faces, arms, hats) can be soft. Sandstorms, sparklers
and illustrations it saw in single pictures only, never beside the scene without them: they are for
adapters to learn.

## Licence
Apache-2.0.
"""


def write_card(run: Path, path: Path) -> None:
    """Write the card for the newest weights of `run` to `path`."""
    rows = ["| stage | steps | minutes | last logged values |", "| --- | --- | --- | --- |"]
    for stage in ("vae", "reading", "flux", "distill", "decoder"):
        log = run / f"{stage}.jsonl"
        if log.exists():
            rows.append(_row(stage, [json.loads(line) for line in log.read_text().splitlines()]))
    path.write_text(_CARD.format(training="\n".join(rows)), encoding="utf-8")


def _row(stage: str, lines: list[dict[str, Any]]) -> str:
    last = lines[-1]
    loss = [line["loss"] for line in lines if "loss" in line][-1:]
    values = [f"loss {value}" for value in loss]
    # An exam's figures, by task, are shares of facts; all others by task are decibels.
    of_tasks = [line for line in lines if "film-storyboard" in line]
    exams = [line for line in of_tasks if line.get("event") == "exam"][-1:]
    measured = [line for line in of_tasks if line.get("event") != "exam"][-1:]
    values += [f"{line['film-storyboard']:.0%} of storyboards' facts right" for line in exams]
    values += [f"PSNR {line['film-storyboard']} dB on fresh storyboards" for line in measured]
    return f"| {stage} | {last['step']} | {last['s'] / 60:.0f} | {', '.join(values)} |"
