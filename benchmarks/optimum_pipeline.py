"""An export loaded by plain ORTFluxPipeline in an environment of optimum's, and its picture.

optimum-onnx needs transformers 4 and so an environment of its own: this builds it (pip, about
1 GB) unless ``--environment`` names one that stands. The export is made by our own exporter. Both
sides draw from the same caption, noise, steps and guidance: optimum from the export, torch from
the model. Prints how far the pictures are from each other; more than ``LIMIT`` is an error.

    python benchmarks/optimum_pipeline.py [--environment FOLDER] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from engine_model import CAPTION, TINY, _size
from numpy.typing import NDArray

from icl_engines.export.job import export
from icl_engines.torch_engine.device import device_name
from icl_engines.torch_engine.load import load_pipeline
from icl_engines.torch_engine.noise import packed_noise
from icl_studio.api import ModelSpec, Size
from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import EngineStore

PINNED = (
    "torch==2.13.0",
    "optimum-onnx==0.1.0",
    "optimum==2.1.0",
    "transformers==4.57.6",
    "diffusers==0.39.0",
    "onnxruntime>=1.24",
    "sentencepiece>=0.2",
)
LIMIT = 1e-3
"""Of a picture in 0..1, any value: a quarter of one step of 8 bits."""
SEED = 11


def environment(folder: Path) -> Path:
    """The Python of ``folder``, made and filled with :data:`PINNED` unless it is there."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.is_file():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def by_optimum(
    python: Path, exported: Path, asked: dict[str, Any], noise: torch.Tensor, place: Path
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """The picture (height, width, 3) in 0..1 that optimum draws, and what it says of itself."""
    (place / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    np.save(place / "noise.npy", noise.numpy())
    script = Path(__file__).with_name("optimum_picture.py")
    files = [place / name for name in ("asked.json", "noise.npy", "picture.npy")]
    done = subprocess.run(
        [python, script, exported, *files], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return np.load(place / "picture.npy"), json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=TINY, help="a diffusers FLUX folder")
    parser.add_argument("--environment", type=Path, help="where optimum's is, or is to be made")
    parser.add_argument("--canvas", type=_size, default=Size(192, 320), metavar="WIDTHxHEIGHT")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--text-tokens", type=int, default=128, help="T5's padded length")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    spec = ModelSpec(
        id=args.model.name,
        title=args.model.name,
        source=str(args.model),
        family="any",
        max_sequence_length=args.text_tokens,
    )
    model = LocatedModel(spec=spec, folder=args.model.resolve())
    pipeline = load_pipeline(model, torch.device("cpu"), torch.float32)
    noise = packed_noise(pipeline, args.canvas, SEED)
    asked = {
        "prompt": CAPTION,
        "width": args.canvas.width,
        "height": args.canvas.height,
        "num_inference_steps": args.steps,
        "guidance_scale": 3.5,
        "max_sequence_length": args.text_tokens,
    }
    expected = pipeline(**asked, latents=noise, output_type="np").images[0]
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        began = time.monotonic()
        python = environment(args.environment or place / "environment")
        built = time.monotonic() - began
        made = export(model, EngineStore(place / "engines"))
        got, told = by_optimum(python, made.folder, asked, noise, place)
    worst = float(np.abs(got - expected).max())
    error = float(((got - expected) ** 2).mean())
    rows = {
        "benchmark": "export by optimum",
        "machine": device_name(torch.device("cpu")),
        "model": spec.id,
        "canvas": str(args.canvas),
        "steps": args.steps,
        "largest difference of a value in 0..1": worst,
        "PSNR, dB": round(-10 * math.log10(error), 1) if error else "equal",
        "environment built in, seconds": round(built, 1),
        **told,
    }
    if args.json:
        print(json.dumps(rows))
    else:
        print("\n".join(f"{name}: {value}" for name, value in rows.items()))
    if not worst <= LIMIT:
        sys.exit(f"The pictures differ by {worst:.2g}; at most {LIMIT:g} was expected.")


if __name__ == "__main__":
    main()
