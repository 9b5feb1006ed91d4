"""Memory that an export needs over the loaded transformer, phase by phase.

A FLUX transformer of true width with one block of each kind and random weights (535 M
parameters, 2.1 GB in float32) is written, loaded once to see what that takes, then exported as
``engines export`` does, parity and all. Resident memory is sampled all along; it counts mapped
files too. Target: growth of at most 1.6 x the loaded model.

    python benchmarks/export_memory.py [--width 3072 --heads 24] [--dtype float32] [--json]
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import threading
import time
from pathlib import Path

import psutil
import torch

from icl_engines.export.job import export
from icl_engines.export.load import load_some
from icl_engines.testing import random_flux_model, write_random_flux
from icl_engines.torch_engine.device import DTYPES, device_name
from icl_studio.engines.store import EngineStore

EVERY = 0.05


class Sampler(threading.Thread):
    """The most resident memory (bytes) of this process in each phase, sampled."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.phase = ""
        self.peaks: dict[str, int] = {}

    def run(self) -> None:
        me = psutil.Process()
        while True:
            phase = self.phase
            self.peaks[phase] = max(self.peaks.get(phase, 0), me.memory_info().rss)
            time.sleep(EVERY)

    def say(self, phase: str) -> None:
        self.phase = phase


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", type=int, default=3072)
    parser.add_argument("--heads", type=int, default=24)
    parser.add_argument("--dtype", choices=tuple(DTYPES), default="float32")
    parser.add_argument("--keep", type=Path, help="a folder that model and export are left in")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = args.keep or Path(temporary)
        folder = place / "random-flux"
        if not folder.is_dir():
            write_random_flux(folder, width=args.width, heads=args.heads, layers=1, single_layers=1)
        model = random_flux_model(folder)
        gc.collect()
        before = psutil.Process().memory_info().rss
        pipeline = load_some(model, ("transformer",), torch.float32)
        with torch.no_grad():  # every page of the mapped file is read, as work would read it
            weights = sum(p.numel() * p.element_size() for p in pipeline.transformer.parameters())
            sum(float(p.sum()) for p in pipeline.transformer.parameters())
        loaded = psutil.Process().memory_info().rss
        del pipeline
        gc.collect()
        sampler = Sampler()
        sampler.start()
        began = time.monotonic()
        made = export(model, EngineStore(place / "engines"), dtype=args.dtype, say=sampler.say)
        seconds = time.monotonic() - began
        worst = max(case.relative_l2 for case in made.manifest.parity)
        sheet = min(case.psnr_db or 100.0 for case in made.manifest.parity)
    peak = max(sampler.peaks.values())
    rows = {
        "benchmark": "export memory",
        "machine": device_name(torch.device("cpu")),
        "dtype": args.dtype,
        "weights of the transformer, GB": round(weights / 1e9, 2),
        "resident before loading, GB": round(before / 1e9, 2),
        "resident with it loaded, GB": round(loaded / 1e9, 2),
        "peak by phase, GB": {name: round(b / 1e9, 2) for name, b in sampler.peaks.items() if name},
        "growth over the loaded model / its weights": round((peak - loaded) / weights, 2),
        "peak / loaded": round(peak / loaded, 2),
        "seconds": round(seconds),
        "worst relative difference": worst,
        "worst sheet, dB": round(sheet, 1),
    }
    if args.json:
        print(json.dumps(rows))
    else:
        print("\n".join(f"{name}: {value}" for name, value in rows.items()))


if __name__ == "__main__":
    main()
