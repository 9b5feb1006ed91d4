"""Our time from a loaded engine to a decoded sheet, over one bare FluxPipeline call.

Both sides run on the same loaded weights with the same caption, noise, steps and guidance,
one after the other in turns, so that what else the machine does meets both. The pictures must
be the same bytes. "with previews" asks for a preview after every step, as a window does.
Saving is timed apart. Target: a ratio of at most 1.05. On a busy machine wall times scatter;
the process's own CPU time, with --threads 1, hardly does.

    python benchmarks/engine_overhead.py --model FOLDER [--device cuda --canvas 1024x1536]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine_model import CAPTION, arguments, load, median, show
from PIL.Image import Image

from icl_engines.torch_engine import TorchEngine
from icl_engines.torch_engine.noise import packed_noise
from icl_studio.api import Sampling
from icl_studio.engines.protocol import DenoiseItem, StepReport

SEED = 11


def ours(engine: TorchEngine, args: argparse.Namespace, *, previews: bool = False) -> Image:
    """The three phases, as a worker calls them."""

    def preview(report: StepReport) -> None:
        report.preview(0)

    (conditioning,) = engine.encode([CAPTION])
    item = DenoiseItem(
        conditioning=conditioning,
        canvas=args.canvas,
        seed=SEED,
        sampling=Sampling(steps=args.steps, guidance=args.guidance),
    )
    return engine.decode(engine.denoise([item], preview if previews else None))[0]


def bare(engine: TorchEngine, args: argparse.Namespace) -> Image:
    """One FluxPipeline call with the same inputs."""
    picture: Image = engine.pipeline(
        prompt=CAPTION,
        latents=packed_noise(engine.pipeline, args.canvas, SEED).to(engine.device, engine.dtype),
        width=args.canvas.width,
        height=args.canvas.height,
        num_inference_steps=args.steps,
        guidance_scale=args.guidance,
        max_sequence_length=args.text_tokens,
    ).images[0]
    return picture


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of ``call``; it ends with a picture in memory, so no GPU work is open."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def ratios(times: dict[str, list[tuple[float, float]]]) -> dict[str, object]:
    """Each side of ours over the bare call, by both clocks."""
    rows: dict[str, object] = {}
    for index, clock in enumerate(("wall", "CPU")):
        bare_times = [pair[index] for pair in times["bare"]]
        rows[f"bare, {clock} seconds"] = median(bare_times)
        for name in ("ours", "ours with previews"):
            own = [pair[index] for pair in times[name]]
            by_pair = [a / b for a, b in zip(own, bare_times, strict=True)]
            rows[f"{name} / bare, {clock}, median of pairs"] = median(by_pair)
            rows[f"{name} / bare, {clock}, fastest of each"] = min(own) / min(bare_times)
    return rows


def main() -> None:
    args = arguments(__doc__).parse_args()
    engine = load(args)
    sides: dict[str, Callable[[], Image]] = {
        "bare": partial(bare, engine, args),
        "ours": partial(ours, engine, args),
        "ours with previews": partial(ours, engine, args, previews=True),
    }
    pictures = {name: call() for name, call in sides.items()}  # warms up, and must agree
    same = len({picture.tobytes() for picture in pictures.values()}) == 1
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(args.pairs):
        order = list(sides) if turn % 2 == 0 else list(reversed(sides))
        for name in order:
            times[name].append(seconds(sides[name]))
    rows = ratios(times)
    with tempfile.TemporaryDirectory() as folder:
        save = partial(pictures["ours"].save, Path(folder) / "sheet.png")
        rows["writing the sheet as PNG, seconds"] = seconds(save)[0]
    rows |= {"same bytes": same, "pairs": args.pairs, "steps": args.steps}
    rows["canvas"] = str(args.canvas)
    show("engine overhead", engine, rows, as_json=args.json)


if __name__ == "__main__":
    main()
