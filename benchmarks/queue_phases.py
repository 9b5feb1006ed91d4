"""What the phases of a claim save: equal captions, captions of earlier nights, parts of a model.

Each figure is a ratio of times of the real torch engine in this process, in interleaved runs:

- "equal captions": encoding a claim of eight whose captions are equal, over eight unlike ones;
- "warm embeddings": the same eight unlike captions once they are on disk, over encoding them;
- "phases, a claim": eight sheets denoised and then decoded with ``--memory phases``, over sheet
  by sheet with the same preset: how often parts of the model come and go is all that differs;
- "phases, memory": bytes of weights in memory at the most with ``phases``, over ``resident``.

    python benchmarks/queue_phases.py [--model FOLDER] [--pairs 3]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from queue_work import show

from icl_engines.torch_engine import TorchEngine, create
from icl_engines.torch_engine.resting import META
from icl_studio.api import Size
from icl_studio.domain.model import Sampling
from icl_studio.engines.protocol import DenoiseItem, EngineOptions, LocatedModel, MemoryPreset
from icl_studio.models.find import find_model
from icl_studio.models.locate import locate
from icl_studio.paths import user_folders
from icl_studio.plugins import load_registry
from icl_studio.sets.hashes import HashCache
from icl_studio.settings import Settings
from icl_studio.worker.embeddings import Embeddings

CLAIM = 8


def timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


class Bench:
    """Engines of one model, and ever new captions."""

    def __init__(self, model: LocatedModel, scratch: Path, steps: int) -> None:
        self.model, self.scratch, self.steps = model, scratch, steps
        self.hashes = HashCache(scratch / "hashes.sqlite")
        self.engines = {name: self._engine(name) for name in ("resident", "phases")}
        self.number = 0

    def _engine(self, memory: MemoryPreset) -> TorchEngine:
        return create(self.model, EngineOptions(device="cpu", memory=memory))

    def captions(self) -> list[str]:
        self.number += 1
        return [f"a creature in place {self.number} of row {n}" for n in range(CLAIM)]

    def kept(self) -> Embeddings:
        """An empty shelf on disk, whose encoders have been hashed."""
        self.number += 1
        kept = Embeddings(self.scratch / f"kept-{self.number}", self.hashes)
        kept.encode(self.engines["resident"], self.model, ["the first one hashes the files"])
        return kept

    def encoding(self) -> tuple[float, float, float]:
        """Seconds for unlike captions, for those once kept, and for equal ones."""
        engine, texts, kept = self.engines["resident"], self.captions(), self.kept()
        cold = timed(lambda: kept.encode(engine, self.model, texts))
        warm = timed(lambda: kept.encode(engine, self.model, texts))
        # A journey asks for each caption of a claim once.
        equal = list(dict.fromkeys([self.captions()[0]] * CLAIM))
        return cold, warm, timed(lambda: kept.encode(engine, self.model, equal))

    def sheets(self) -> tuple[float, float]:
        """Seconds for a claim in phases, and sheet by sheet."""
        engine = self.engines["phases"]
        items = [self._item(engine, seed) for seed in range(CLAIM)]

        def together() -> None:
            engine.decode([engine.denoise([item])[0] for item in items])

        def singly() -> None:
            for item in items:
                engine.decode(engine.denoise([item]))

        return timed(together), timed(singly)

    def _item(self, engine: TorchEngine, seed: int) -> DenoiseItem:
        (conditioning,) = engine.encode(["a creature in the wood"])
        sampling = Sampling(steps=self.steps)
        return DenoiseItem(
            conditioning=conditioning, canvas=Size(192, 192), seed=seed, sampling=sampling
        )

    def most_weights(self, memory: str) -> int:
        """Bytes of weights after each verb, the most of them."""
        engine, found = self.engines[memory], []
        item = self._item(engine, 0)
        found.append(weights(engine))
        latents = engine.denoise([item])
        found.append(weights(engine))
        engine.decode(latents)
        return max(*found, weights(engine))


def weights(engine: TorchEngine) -> int:
    line = engine.pipeline
    parts = (line.text_encoder, line.text_encoder_2, line.transformer, line.vae)
    every = [weight for part in parts for weight in part.parameters()]
    return sum(weight.nbytes for weight in every if weight.device != META)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        folders = user_folders(Path(folder))
        registry = load_registry(folders, Settings())
        model = locate(find_model(args.model, registry), folders)
        bench = Bench(model, Path(folder), args.steps)
        bench.encoding(), bench.sheets()  # warm up
        encoding = [bench.encoding() for _ in range(args.pairs)]
        sheets = [bench.sheets() for _ in range(args.pairs)]
        phases, resident = bench.most_weights("phases"), bench.most_weights("resident")
    return {
        f"encoding {CLAIM} unlike captions, ms": median(cold for cold, _, _ in encoding) * 1000,
        "equal captions / unlike ones": median(equal / cold for cold, _, equal in encoding),
        "warm embeddings / encoding": median(warm / cold for cold, warm, _ in encoding),
        "phases, a claim / sheet by sheet": median(both / one for both, one in sheets),
        "phases, weights in memory / resident": phases / resident,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=3)
    args = parser.parse_args()
    show(f"phases, {args.model}", measure(args), as_json=args.json)


if __name__ == "__main__":
    main()
