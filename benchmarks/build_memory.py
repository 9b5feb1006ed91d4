"""Memory of a TensorRT-RTX build: the process's peak over the size of the exported weights.

Builds the transformer of an export for one card, which need not be there, in a process of its own
(this one), and takes nothing into the store. `benchmarks/export_memory.py --keep DIR` leaves an
export of a model of 2 GB in DIR/engines.

    python benchmarks/build_memory.py EXPORT [--dtype bfloat16] [--target sm_89] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from icl_engines.export.graph import FILE
from icl_engines.tensorrt_engine.compile import Plan, compile_engine
from icl_engines.tensorrt_engine.graph import parser_input
from icl_engines.tensorrt_engine.library import library
from icl_studio.engines.hardware import peak_mb
from icl_studio.engines.store import Profile

PROFILE = Profile(batch=(1, 1), image_tokens=(96, 9072), text_tokens=(64, 512))
USUAL = (6144, 512)
"""Image and text tokens of the storyboard sheet at the paper's size."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="the folder of an export, as in the store")
    parser.add_argument("--dtype", default="bfloat16", choices=["float32", "float16", "bfloat16"])
    parser.add_argument("--target", default="sm_89")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    part = args.export / "transformer"
    here = library()
    before = peak_mb()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=args.export.parent) as scratch:
        blob = Path(scratch) / "transformer.engine"
        graph = parser_input(part, args.dtype, Path(scratch))
        plan = Plan(PROFILE, USUAL, 128, here.check_targets([args.target]))
        compile_engine(here, graph, plan, blob, lambda _: None)
        size = blob.stat().st_size
    weights = (part / f"{FILE}.data").stat().st_size
    peak = peak_mb()
    assert peak is not None and before is not None
    rows = {
        "exported weights, MB": weights >> 20,
        "engine, MB": size >> 20,
        "memory before, MB": before,
        "peak, MB": peak,
        "growth over the exported weights": round((peak - before) / (weights >> 20), 3),
        "seconds": round(time.monotonic() - began, 1),
        "built with": f"{here.name} {here.version}, {args.dtype}, {args.target}",
    }
    if args.json:
        print(json.dumps({"benchmark": "build memory", **rows}))
        return
    for name, value in rows.items():
        print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
