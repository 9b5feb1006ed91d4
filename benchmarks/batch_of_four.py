"""A batch of four sheets over four single ones: time, and how far the pixels differ.

Four captions and four seeds, encoded once; then denoised and decoded as one batch and one by
one, in turns. A batch is not bit-equal to single sets (other matrix shapes round otherwise),
so the differences of the 8-bit values are counted. DESIGN, "Determinism".

    python benchmarks/batch_of_four.py --model FOLDER [--device cuda --canvas 1024x1536]
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from engine_model import CAPTION, arguments, load, median, show
from PIL.Image import Image

from icl_engines.torch_engine import TorchEngine
from icl_studio.api import Sampling
from icl_studio.engines.protocol import DenoiseItem

COLOURS = ("red", "blue", "green", "yellow")


def together(engine: TorchEngine, items: Sequence[DenoiseItem]) -> list[Image]:
    return engine.decode(engine.denoise(items))


def apart(engine: TorchEngine, items: Sequence[DenoiseItem]) -> list[Image]:
    return [engine.decode(engine.denoise([item]))[0] for item in items]


def differences(ones: Sequence[Image], others: Sequence[Image]) -> dict[str, object]:
    """How many of all 8-bit values differ, by how much at most, and the PSNR in decibels."""
    a = np.stack([np.asarray(one, dtype=np.int16) for one in ones])
    b = np.stack([np.asarray(other, dtype=np.int16) for other in others])
    distance = np.abs(a - b)
    error = float(np.mean(distance.astype(np.float64) ** 2))
    return {
        "values": int(distance.size),
        "values that differ": int(np.count_nonzero(distance)),
        "largest difference, of 255": int(distance.max()),
        "PSNR, dB": 10 * float(np.log10(255**2 / error)) if error else "identical",
    }


def main() -> None:
    args = arguments(__doc__).parse_args()
    engine = load(args)
    conditionings = engine.encode([CAPTION.replace("red", colour) for colour in COLOURS])
    sampling = Sampling(steps=args.steps, guidance=args.guidance)
    items = [
        DenoiseItem(conditioning=one, canvas=args.canvas, seed=seed, sampling=sampling)
        for seed, one in enumerate(conditionings)
    ]
    pixels = differences(together(engine, items), apart(engine, items))
    times: dict[str, list[float]] = {"together": [], "apart": []}
    for turn in range(args.pairs):
        sides = [("together", together), ("apart", apart)]
        for name, side in sides if turn % 2 == 0 else reversed(sides):
            start = time.perf_counter()
            side(engine, items)
            times[name].append(time.perf_counter() - start)
    ratios = [a / b for a, b in zip(times["together"], times["apart"], strict=True)]
    rows: dict[str, object] = {
        "a batch of four, seconds": median(times["together"]),
        "four single sets, seconds": median(times["apart"]),
        "batch / single, median of pairs": median(ratios),
        **pixels,
        "canvas": str(args.canvas),
        "steps": args.steps,
        "pairs": args.pairs,
    }
    show("batch of four", engine, rows, as_json=args.json)


if __name__ == "__main__":
    main()
