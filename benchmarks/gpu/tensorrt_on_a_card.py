"""A TensorRT engine on the card at hand: export, build, parity at the first run, torch beside it.

Runs the commands a user would run, in a home of its own, and prints one JSON object: the build's
time, memory and size, the parity that the first run measured, and `engines bench` of torch (in the
same precision) and TensorRT in turns. It needs an NVIDIA card that TensorRT-RTX serves (RTX 20 to
50; not H100 and H200), a build of torch for CUDA and the extra `tensorrt`.

It has not been run yet: no such card was at hand when it was written.

    python benchmarks/gpu/tensorrt_on_a_card.py [--model tiny] [--task film-storyboard] [--keep DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def studio(home: Path, *arguments: str) -> Any:
    """The JSON that ``icl-studio`` prints; leaves with its words when it refuses."""
    command = [sys.executable, "-m", "icl_studio", *arguments, "--json"]
    done = subprocess.run(
        command,
        env={**os.environ, "ICL_STUDIO_HOME": str(home)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, no JSON")
    if done.returncode:
        error = told["error"]
        sys.exit(f"icl-studio {' '.join(arguments)}: {error['message']} {error['fix']}")
    return told


def measure(home: Path, args: argparse.Namespace) -> dict[str, Any]:
    model = ("--model", args.model)
    exported = studio(home, "engines", "export", *model)
    built = studio(home, "engines", "build", *model, "--dtype", args.dtype)
    kinds = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
    timed = studio(
        home,
        *("engines", "bench", *model, "--engine", "torch", "--engine", "tensorrt"),
        *("--device", "cuda", "--dtype", kinds[args.dtype]),
        *("--task", args.task, "--turns", str(args.turns)),
    )
    shown = studio(home, "engines", "show", built["name"])["manifest"]
    return {
        "benchmark": "tensorrt on a card",
        "gpus": shown["built"]["machine"]["gpus"],
        "versions": shown["structure"]["versions"],
        "export": {"bytes": exported["bytes"]},
        "build": {name: shown["built"][name] for name in ("seconds", "peak_mb")}
        | {"bytes": built["bytes"]},
        "parity": shown["parity"],
        **timed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--task", default="film-storyboard")
    parser.add_argument("--dtype", default="bf16", choices=["bf16", "fp16", "fp32"])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="home for the engines; else a temporary one")
    args = parser.parse_args()
    if args.keep is not None:
        print(json.dumps(measure(args.keep.absolute(), args), indent=2))
        return
    with tempfile.TemporaryDirectory() as home:
        print(json.dumps(measure(Path(home), args), indent=2))


if __name__ == "__main__":
    main()
