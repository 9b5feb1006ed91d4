"""Engine onnx against torch's settings, a sheet at a time, in one interleaved run; and its LoRAs.

Each sheet is caption to picture. torch's settings are those that change no number but by
rounding: its own kernels, and its linears by oneDNN. The LoRA has rank 16 on every linear of the
transformer. Targets: onnx at least 1.5 x the fastest of torch's settings; binding a LoRA that is
in memory at most 5 ms, from disk 50 ms; a sheet with it at most 1.25 x one without; engine start
at most 2 s. ``--step`` times one step at 1,024 image tokens without and with a LoRA instead, for
a model of FLUX.1-dev's true width (as ``export_memory.py --keep`` leaves one): at most 1.05 x.

Wall time is what counts on a quiet machine; on a busy one the process's CPU time hardly scatters
(with --threads 1).

    python benchmarks/onnx_engine.py [--engines FOLDER] [--threads 1] [--json]
    python benchmarks/onnx_engine.py --step --model FOLDER [--engines FOLDER]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from engine_model import CAPTION, arguments, load, show
from torch.utils import mkldnn

from icl_engines.export.job import export
from icl_engines.export.reference import Case, step_inputs
from icl_engines.onnx_engine import OnnxEngine
from icl_engines.onnx_engine import create as create_onnx
from icl_engines.testing import write_random_lora
from icl_engines.torch_engine import TorchEngine
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import AdapterFile, DenoiseItem, EngineOptions
from icl_studio.engines.store import EngineStore

Times = dict[str, list[tuple[float, float]]]
SWAPS = 20


def sheet(engine: TorchEngine | OnnxEngine, args: argparse.Namespace) -> None:
    """One sheet, from its caption to its picture."""
    (conditioning,) = engine.encode([CAPTION])
    item = DenoiseItem(
        conditioning=conditioning,
        canvas=args.canvas,
        seed=11,
        sampling=Sampling(steps=args.steps, guidance=args.guidance),
    )
    engine.decode(engine.denoise([item]))


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of ``call``."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def interleaved(sides: Mapping[str, Callable[[], object]], pairs: int) -> Times:
    """Every side ``pairs`` times, in turns, forwards and backwards; once before that to warm up."""
    for call in sides.values():
        call()
    times: Times = {name: [] for name in sides}
    for turn in range(pairs):
        for name in list(sides) if turn % 2 == 0 else list(reversed(sides)):
            times[name].append(seconds(sides[name]))
    return times


def ratio(times: Times, over: str, under: str) -> dict[str, float]:
    """Median of the pairs' ratios by both clocks."""
    return {
        clock: statistics.median(
            a[i] / b[i] for a, b in zip(times[over], times[under], strict=True)
        )
        for i, clock in enumerate(("wall", "CPU"))
    }


def swaps(engine: OnnxEngine, first: Path, second: Path) -> dict[str, object]:
    """Milliseconds to make a LoRA act that is in memory, and one that is read from disk."""
    one, other = [AdapterFile(path=first)], [AdapterFile(path=second)]
    engine.use_adapters(one)
    engine.use_adapters(other)
    warm = [seconds(partial(engine.use_adapters, (one, other)[i % 2]))[0] for i in range(SWAPS)]
    cold = []
    for _ in range(SWAPS):
        os.utime(first)  # another version of the file: it is read again
        cold.append(seconds(partial(engine.use_adapters, one))[0])
        engine.use_adapters(other)
    rows: dict[str, object] = {}
    for name, found in (("in memory", warm), ("from disk", cold)):
        rows[f"binding a LoRA {name}, ms, median"] = statistics.median(found) * 1e3
        rows[f"binding a LoRA {name}, ms, fastest"] = min(found) * 1e3
    return rows


def of_sheets(args: argparse.Namespace, engine: TorchEngine, onnx: OnnxEngine, lora: Path) -> Times:
    """Sheets by every setting. The torch settings share one set of weights, but for oneDNN's."""
    by_onednn = load(args)
    by_onednn.pipeline.transformer = mkldnn.to_mkldnn(by_onednn.pipeline.transformer)

    def with_lora() -> None:
        onnx.use_adapters([AdapterFile(path=lora)])
        try:
            sheet(onnx, args)
        finally:
            onnx.use_adapters([])

    sides = {
        "torch": partial(sheet, engine, args),
        "torch, oneDNN linears": partial(sheet, by_onednn, args),
        "onnx": partial(sheet, onnx, args),
        "onnx with a LoRA": with_lora,
    }
    return interleaved(sides, args.pairs)


def of_steps(args: argparse.Namespace, onnx: OnnxEngine, lora: Path) -> Times:
    """One step at 1,024 image tokens without and with the LoRA, already bound."""
    transformer = onnx.pipeline.transformer
    given = step_inputs(transformer.config, Case(32, 32, args.text_tokens, 0))

    def step(adapters: list[AdapterFile]) -> tuple[float, float]:
        onnx.use_adapters(adapters)
        return seconds(lambda: transformer(**given))

    times: Times = {"onnx": [], "onnx with a LoRA": []}
    for turn in range(-1, args.pairs):
        sides = [("onnx", []), ("onnx with a LoRA", [AdapterFile(path=lora)])]
        for name, adapters in sides if turn % 2 == 0 else sides[::-1]:
            found = step(adapters)
            if turn >= 0:  # the first warms up
                times[name].append(found)
    return times


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--engines", type=Path, help="a store with the export; else it is made")
    parser.add_argument("--step", action="store_true", help="one step only, for a wide model")
    args = parser.parse_args()
    engine = load(args)
    model = engine._model
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        os.environ["ICL_STUDIO_HOME"] = str(place)
        if args.engines:
            (place / "engines").symlink_to(args.engines.resolve(), target_is_directory=True)
        else:
            export(model, EngineStore(place / "engines"))
        started: list[OnnxEngine] = []
        start = seconds(lambda: started.append(create_onnx(model, EngineOptions(device="cpu"))))
        (onnx,) = started
        first = write_random_lora(place / "first.safetensors", args.model, rank=16, seed=1)
        second = write_random_lora(place / "second.safetensors", args.model, rank=16, seed=2)
        rows: dict[str, object] = {"engine start, seconds": start[0]}
        rows["engine start, CPU seconds"] = start[1]
        if args.step:
            times = of_steps(args, onnx, first)
        else:
            rows |= swaps(onnx, first, second)
            onnx.use_adapters([])
            times = of_sheets(args, engine, onnx, first)
        for name, found in times.items():
            rows[f"{name}, seconds"] = statistics.median(wall for wall, _ in found)
            rows[f"{name}, CPU seconds"] = statistics.median(cpu for _, cpu in found)
        for name in times:
            if name.startswith("torch"):
                rows |= {f"{name} / onnx, {c}": r for c, r in ratio(times, name, "onnx").items()}
        with_lora = ratio(times, "onnx with a LoRA", "onnx")
        rows |= {f"with a LoRA of rank 16 / without, {c}": r for c, r in with_lora.items()}
        rows |= {"pairs": args.pairs, "threads": torch.get_num_threads()}
        rows["canvas"] = str(Size(512, 512) if args.step else args.canvas)
        show("engine onnx", engine, rows, as_json=args.json)


if __name__ == "__main__":
    main()
