"""Seconds of a three-panel sheet of the embedded model, and the share of the matrix peak they are.

    python benchmarks/tiny_speed.py [--threads 2 --rounds 7 --json]

Encodes, denoises in 20 steps and decodes, as a worker does. FLOPs of matrix products are counted by
torch (2 for a multiplication with its addition); the peak is the best of large products in the same
run and the same precision, taken in turns with the sheets, so that what else the machine does meets
both. One more sheet is profiled for what is spent outside of matrix products, and the position
embedding, which diffusers computes again at every step in float64, is timed alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from engine_model import arguments, load, median, show
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from icl_engines.torch_engine import TorchEngine
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import DenoiseItem

CAPTION = (
    "[MOVIE-SHOTS] a round red creature with a blue top hat goes on holiday, [SCENE-1] standing on "
    "the left of a beach, [SCENE-2] jumping in a forest, [SCENE-3] waving in a city at night"
)
PEAK_EDGE = 2048
clock = time.perf_counter
MATRICES = ("mm", "linear", "matmul", "scaled_dot_product", "conv", "einsum")
"""Parts of the names of operations whose own time is that of matrix products."""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.set_defaults(canvas=Size(192, 288), threads=2)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="the process's own CPU time on one thread, which a busy machine hardly changes",
    )
    args = parser.parse_args()
    if args.cpu_time:
        global clock
        clock, args.threads = time.process_time, 1
    engine = load(args)
    item = DenoiseItem(
        conditioning=engine.encode([CAPTION])[0],
        canvas=args.canvas,
        seed=1,
        sampling=Sampling(steps=args.steps, guidance=args.guidance),
    )
    phases: dict[str, Callable[[], Any]] = {
        "encoding": lambda: engine.encode([CAPTION]),
        "denoising": lambda: engine.denoise([item]),
        "decoding": lambda: engine.decode(engine.denoise([item])),
    }
    flops = {name: counted(work) for name, work in phases.items()}
    flops["decoding"] -= flops["denoising"]
    seconds: dict[str, list[float]] = {name: [] for name in (*phases, "peak")}
    for _ in range(args.rounds):
        for name, value in one_round(engine, item).items():
            seconds[name].append(value)
        seconds["peak"].append(product_seconds(engine))
    whole = [sum(times) for times in zip(*(seconds[name] for name in phases), strict=True)]
    peak = 2 * PEAK_EDGE**3 / min(seconds["peak"])
    rows: dict[str, object] = {
        "clock": "CPU time" if args.cpu_time else "wall",
        "threads": torch.get_num_threads(),
        "rounds": args.rounds,
    }
    rows |= {"sheet, s (median)": median(whole), "sheet, s (best)": min(whole)}
    rows |= {f"{name}, s (median)": median(seconds[name]) for name in phases}
    rows |= {f"{name}, GFLOP": flops[name] / 1e9 for name in phases}
    rows["peak of products, GFLOP/s"] = peak / 1e9
    rows["sheet, share of the peak (best)"] = sum(flops.values()) / min(whole) / peak
    rows["denoising, share of the peak (best)"] = (
        flops["denoising"] / min(seconds["denoising"]) / peak
    )
    rows |= tokens(engine, args.canvas) | outside(engine, item)
    rows["position embedding, ms a step"] = 1e3 * position_seconds(engine, args.canvas)
    show("Speed of the embedded model", engine, rows, as_json=args.json)


def one_round(engine: TorchEngine, item: DenoiseItem) -> dict[str, float]:
    """Seconds of each phase of one sheet."""
    marks = [clock()]
    engine.encode([CAPTION])
    marks.append(clock())
    latents = engine.denoise([item])
    marks.append(clock())
    engine.decode(latents)
    marks.append(clock())
    names = ("encoding", "denoising", "decoding")
    return {name: marks[k + 1] - marks[k] for k, name in enumerate(names)}


def counted(work: Callable[[], Any]) -> int:
    """FLOPs of the matrix products in ``work``."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def product_seconds(engine: TorchEngine) -> float:
    """The best of four products of two square matrices."""
    one = torch.randn(PEAK_EDGE, PEAK_EDGE, device=engine.device, dtype=engine.dtype)
    found = []
    for _ in range(4):
        began = clock()
        torch.mm(one, one)
        found.append(clock() - began)
    return min(found)


def tokens(engine: TorchEngine, canvas: Size) -> dict[str, object]:
    """What the transformer works on: picture, text, and how much of the text is padding."""
    length = engine.pipeline.tokenizer_2(CAPTION).input_ids
    padded = engine.encode([CAPTION])[0].prompt.shape[1]
    return {"picture tokens": canvas.tokens, "text tokens": padded, "of them used": len(length)}


def outside(engine: TorchEngine, item: DenoiseItem) -> dict[str, object]:
    """The share of a denoising that is spent outside of matrix products, and on what."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        engine.denoise([item])
    own: Counter[str] = Counter()
    for event in seen.key_averages():
        own[event.key.removeprefix("aten::")] += event.self_cpu_time_total
    whole = sum(own.values())
    others = Counter(
        {name: time for name, time in own.items() if not any(part in name for part in MATRICES)}
    )
    most = ", ".join(f"{name} {100 * time / whole:.0f} %" for name, time in others.most_common(8))
    return {"outside of products": sum(others.values()) / whole, "most of it": most}


def position_seconds(engine: TorchEngine, canvas: Size) -> float:
    """Seconds of one position embedding, as every step computes it."""
    text = engine.encode([CAPTION])[0].prompt.shape[1]
    ids = torch.zeros(text + canvas.tokens, 3, device=engine.device)
    found = []
    for _ in range(20):
        began = clock()
        engine.pipeline.transformer.pos_embed(ids)
        found.append(clock() - began)
    return min(found)


if __name__ == "__main__":
    main()
