"""One denoising step of a FLUX.1-dev-size transformer on a CUDA GPU, eager and compiled.

Random weights of the real size (19 double and 38 single blocks, 3072 wide, 23.8 GB in
bfloat16): the time of a step does not depend on what the weights mean. "Compiled" is diffusers'
regional compilation (``compile_repeated_blocks(fullgraph=True)``): one block of each kind is
compiled once and used for all. FLOPs per step = 2·57·12·D²·S + 4·57·S²·D, S = image tokens
+ 512 text tokens. Sizes: the storyboard sheet and the couple profile at the paper's size.

    python benchmarks/gpu/torch_flux_step.py [--steps 10] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel

WIDTH, BLOCKS, TEXT = 3072, 57, 512
CANVASES = ((1024, 1536), (2048, 1024))
Inputs = dict[str, torch.Tensor]


def transformer() -> FluxTransformer2DModel:
    """FLUX.1-dev's shape with small random weights, made on the GPU."""
    with torch.device("meta"):
        model = FluxTransformer2DModel(guidance_embeds=True)
    model = model.to(torch.bfloat16).to_empty(device="cuda").eval()
    torch.manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.02)
    return model.requires_grad_(False)


def inputs(width: int, height: int) -> Inputs:
    """What FluxPipeline hands to the transformer at this canvas, for one sheet."""
    rows, cols = height // 16, width // 16

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)

    return {
        "hidden_states": draw(1, rows * cols, 64),
        "encoder_hidden_states": draw(1, TEXT, 4096),
        "pooled_projections": draw(1, 768),
        "timestep": torch.tensor([0.5], device="cuda", dtype=torch.bfloat16),
        "guidance": torch.tensor([3.5], device="cuda"),
        "img_ids": FluxPipeline._prepare_latent_image_ids(1, rows, cols, "cuda", torch.bfloat16),
        "txt_ids": torch.zeros(TEXT, 3, device="cuda", dtype=torch.bfloat16),
    }


def milliseconds(step: Callable[[], object], steps: int) -> list[float]:
    """The time of each of ``steps`` steps, measured on the GPU after three to warm up."""
    for _ in range(3):
        step()
    found = []
    for _ in range(steps):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        step()
        end.record()
        torch.cuda.synchronize()
        found.append(start.elapsed_time(end))
    return found


def teraflops(width: int, height: int) -> float:
    """Of one step, in 10^12 operations."""
    tokens = (width // 16) * (height // 16) + TEXT
    return (2 * BLOCKS * 12 * WIDTH**2 * tokens + 4 * BLOCKS * tokens**2 * WIDTH) / 1e12


def measure(model: FluxTransformer2DModel, mode: str, steps: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for width, height in CANVASES:
        given = inputs(width, height)
        start = time.perf_counter()
        with torch.inference_mode():
            times = milliseconds(lambda given=given: model(**given, return_dict=False), steps)
        median = statistics.median(times)
        rows.append(
            {
                "mode": mode,
                "canvas": f"{width}x{height}",
                "ms_per_step": median,
                "fastest_ms": min(times),
                "tflops_per_s": teraflops(width, height) / median * 1e3,
                "with_warm_up_s": time.perf_counter() - start,
                "peak_gib": torch.cuda.max_memory_allocated() / 2**30,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("This benchmark needs a CUDA GPU with 28 GB; this torch sees none.")
    model = transformer()
    rows = measure(model, "eager", args.steps)
    model.compile_repeated_blocks(fullgraph=True)
    rows += measure(model, "compiled", args.steps)
    machine = f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    if args.json:
        print(json.dumps({"benchmark": "torch flux step", "machine": machine, "rows": rows}))
        return
    print(machine)
    for row in rows:
        cells = (f"{value:.4g}" if isinstance(value, float) else value for value in row.values())
        print("  ".join(f"{name} {cell}" for name, cell in zip(row, cells, strict=True)))


if __name__ == "__main__":
    main()
