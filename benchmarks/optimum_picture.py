"""What `optimum_pipeline.py` runs in the environment of optimum: one picture by ORTFluxPipeline.

    python optimum_picture.py EXPORT ASKED.json NOISE.npy PICTURE.npy

Nothing of ICL Studio is imported. Prints the releases it ran with as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from optimum.onnxruntime import ORTFluxPipeline

PACKAGES = ("torch", "optimum", "optimum-onnx", "transformers", "diffusers", "onnxruntime")


def main(export: str, asked: str, noise: str, picture: str) -> None:
    began = time.monotonic()
    pipeline = ORTFluxPipeline.from_pretrained(export, provider="CPUExecutionProvider")
    loaded = time.monotonic()
    drawn = pipeline(
        **json.loads(Path(asked).read_text(encoding="utf-8")),
        latents=torch.from_numpy(np.load(noise)),
        output_type="np",
    ).images[0]
    np.save(picture, drawn)
    seconds = {"load": loaded - began, "picture": time.monotonic() - loaded}
    print(json.dumps({"versions": {n: version(n) for n in PACKAGES}, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
