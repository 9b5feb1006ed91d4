"""What the benchmarks of adapters share: tuning by the house's own trainer, resumable."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from measuring import Studio, folder_digest, read_json, say, write_json

from icl_studio.domain.events import Event, Learnt
from icl_studio.domain.model import AdapterUse
from icl_studio.generate.training import Asked, plan_training, resumed_job, run_training
from icl_studio.training.job import LOG
from icl_studio.training.recipe import Recipe, make_recipe
from icl_studio.training.record import RECORD_FILE

ROOT = Path(__file__).parents[1]
ABLATION = "\n## How many sets, and which captions\n"
"""The heading under which the ablation stands on the page of adapters."""
LARGEST = 1_500_000
"""Bytes that an adapter which ships may have."""


@dataclass(frozen=True)
class Tuned:
    """One adapter: its file, what its steps took together, and its last smoothed loss."""

    file: Path
    seconds: float
    loss: float

    @property
    def use(self) -> AdapterUse:
        return AdapterUse(source=str(self.file))


def add_options(parser: argparse.ArgumentParser, sets: int) -> None:
    """What both benchmarks of adapters take."""
    parser.add_argument("--sets", type=int, default=sets, help="sets in a data set")
    parser.add_argument("--n", type=int, default=48, help="held-out sets that are drawn and read")
    parser.add_argument("--seed", type=int, default=0, help="of data, training and evaluation")
    parser.add_argument("--model", default="tiny", help="a model's id or folder")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument(
        "--base",
        choices=("float32", "bfloat16"),
        default="float32",
        help="what the frozen model computes in while an adapter is tuned; bfloat16 is faster "
        "where the processor has instructions for it (AVX512_BF16), much slower elsewhere. The "
        "recipe in each adapter's file says which it was",
    )
    parser.add_argument("--threads", type=int, default=2)


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The preset ``tiny`` without samples, with what was asked for."""
    return make_recipe(
        "tiny",
        rank=args.rank,
        alpha=float(args.rank),
        steps=args.steps,
        learning_rate=args.learning_rate,
        base=args.base,
        batch=args.batch,
        seed=args.seed,
        sample_every=0,
        samples=0,
        checkpoint_every=100,
    )


def tune(studio: Studio, task: str, data: Path, recipe: Recipe, name: str) -> Tuned:
    """The adapter of ``task`` from the data set ``data``; a run that stands is not made twice.

    One that was interrupted goes on. Leaves with a sentence when training fails.
    """
    run = studio.work / "training" / name
    result = studio.work / "adapters" / f"{name}.safetensors"
    asked = {"model": studio.stamp, "recipe": recipe.digest, "data": folder_digest(data)}
    kept = read_json(run.with_suffix(".json"))
    if kept.get("asked") == asked and result.is_file():
        return Tuned(result, kept["seconds"], kept["loss"])
    if kept.get("asked") != asked:
        shutil.rmtree(run, ignore_errors=True)
        write_json(run.with_suffix(".json"), {"asked": asked, "seconds": 0.0, "loss": 0.0})
    if (run / RECORD_FILE).is_file():
        job = resumed_job(run, None)
    else:
        wish = Asked(task=task, model=studio.model, recipe=recipe, data=data, out=run)
        job, inspected = plan_training(wish, studio.registry, studio.folders)
        if len(inspected.usable) < len(inspected.items):
            sys.exit(f"{data}: only {len(inspected.usable)} sets can be used")

    def on_event(event: Event) -> None:
        if isinstance(event, Learnt):
            told = f"step {event.step} of {event.total}, loss {event.smoothed:.3f}"
            say(f"\r{name}: {told} ")

    done = run_training(job, studio.folders, on_event)
    if done.state != "done":
        sys.exit(f"\n{name}: {done.error or 'stopped; the same command goes on'}")
    say("\n")
    seconds = step_seconds(run, recipe)
    result.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(job.result, result)
    loss = float(done.loss or 0.0)
    write_json(run.with_suffix(".json"), {"asked": asked, "seconds": seconds, "loss": loss})
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return Tuned(result, seconds, loss)


def step_seconds(run: Path, recipe: Recipe) -> float:
    """Seconds of all steps together, those before an interruption included."""
    lines = (run / LOG).read_text(encoding="utf-8").splitlines()
    return sum(recipe.batch / json.loads(line)["speed"] for line in lines)


def describe(recipe: Recipe) -> str:
    """The recipe in a sentence."""
    return (
        f"rank {recipe.rank}, alpha {recipe.alpha:g}, {recipe.steps} steps of {recipe.batch} "
        f"sheets, learning rate {recipe.learning_rate:g}, base held in {recipe.base}"
    )
