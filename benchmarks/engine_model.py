"""What the engine benchmarks share: the model from the command line, and a table of results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from icl_engines.torch_engine import TorchEngine, create
from icl_studio.api import ModelSpec, Size
from icl_studio.engines.protocol import EngineOptions, LocatedModel

ROOT = Path(__file__).parents[1]
TINY = ROOT / "resources" / "models" / "tiny"
CAPTION = (
    "[MOVIE-SHOTS] A red fox spends a day outside, [SCENE-1] a red fox sits in the snow, "
    "[SCENE-2] a red fox runs on the beach, [SCENE-3] a red fox sleeps in the forest."
)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that every engine benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=TINY, help="a diffusers FLUX folder")
    parser.add_argument("--device", help="cpu, cuda or mps; chosen by the engine if left out")
    parser.add_argument("--dtype", help="float32, bfloat16 or float16; chosen if left out")
    parser.add_argument("--canvas", type=_size, default=Size(192, 320), metavar="WIDTHxHEIGHT")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.5)
    parser.add_argument("--text-tokens", type=int, default=128, help="T5's padded length")
    parser.add_argument("--pairs", type=int, default=5, help="how often both sides are timed")
    parser.add_argument("--threads", type=int, help="of the CPU; torch's own choice if left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    return parser


def load(args: argparse.Namespace) -> TorchEngine:
    """The engine on the model that was asked for; leaves with a sentence if there is none."""
    if args.threads:
        torch.set_num_threads(args.threads)
    if not (args.model / "model_index.json").is_file():
        sys.exit(f"{args.model} is no diffusers folder: name one with --model.")
    spec = ModelSpec(
        id=args.model.name,
        title=args.model.name,
        source=str(args.model),
        family="any",
        max_sequence_length=args.text_tokens,
    )
    options = EngineOptions(device=args.device, dtype=args.dtype)
    return create(LocatedModel(spec=spec, folder=args.model.resolve()), options)


def show(title: str, engine: TorchEngine, rows: Mapping[str, object], *, as_json: bool) -> None:
    """One table, or one JSON object with the machine beside the figures."""
    facts = engine.facts
    machine = f"{facts.device_name}, {facts.device}, {facts.dtype}, torch {facts.versions['torch']}"
    if as_json:
        print(json.dumps({"benchmark": title, "machine": machine, **rows}))
        return
    table = Table("figure", "value", title=f"{title}\n{machine}")
    for name, value in rows.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)


def median(values: Sequence[float]) -> float:
    """The middle value; the mean of the middle two."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return Size(int(width), int(height))
