"""One training step of ours over the same step written directly with diffusers and peft.

Both sides have the same model, adapter, batch, noise and optimizer; they take turns, so that what
else the machine does meets both. The adapters must agree at the end. Also timed: filling the
caches against finding them filled, and what a resume costs (a run stopped and gone on with, over
one that was not).

    python benchmarks/training_step.py [--model FOLDER] [--pairs 12] [--device cuda]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers import FluxTransformer2DModel
from engine_model import TINY
from peft import LoraConfig
from PIL import Image

from icl_engines.training.trainer import Training
from icl_studio.api import ModelSpec, Size
from icl_studio.engines.protocol import EngineOptions, EngineSpec, LocatedModel
from icl_studio.sets.crop import pixel_digest
from icl_studio.training.job import TrainJob
from icl_studio.training.prepare import Example, Manifest, digest_of
from icl_studio.training.recipe import Recipe

CANVAS = Size(192, 96)
SPEC = EngineSpec(id="torch", title="t", factory="a:b", trainer="icl_engines.training:train")


class Silent:
    """A reporter that says nothing, and stops after ``until`` steps."""

    def __init__(self, until: int = 10**9) -> None:
        self._left = until

    def phase(self, *_: Any) -> None: ...

    def notice(self, *_: Any) -> None: ...

    def sample(self, *_: Any) -> None: ...

    sample_wanted = False

    def sampling_done(self) -> None: ...

    def step(self, *_: Any) -> None:
        self._left -= 1

    @property
    def stopping(self) -> bool:
        return self._left <= 0


def job(folder: Path, model: Path, recipe: Recipe, device: str) -> TrainJob:
    """A run on sheets of noise."""
    data = folder / "data"
    data.mkdir(parents=True)
    examples = []
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 256, (CANVAS.height, CANVAS.width, 3))
        picture = Image.fromarray(pixels.astype(np.uint8))
        picture.save(data / f"{number}.png")
        caption = f"a red fox number {number}; [LEFT] sits; [RIGHT] runs"
        (data / f"{number}.txt").write_text(caption, encoding="utf-8")
        facts = {"picture": f"{number}.png", "text": f"{number}.txt", "caption": caption}
        digest = pixel_digest(picture)
        examples.append(Example(**facts, canvas=CANVAS, pixels=digest, source=str(number)))
    manifest = Manifest(task="pair", examples=tuple(examples), digest=digest_of(examples))
    (data / "dataset.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    spec = ModelSpec(id="m", title="m", source=str(model), family="any", max_sequence_length=128)
    return TrainJob(
        id="bench",
        folder=folder,
        task="pair",
        model=LocatedModel(spec=spec, folder=model),
        engine=SPEC,
        options=EngineOptions(device=device),
        recipe=recipe,
        digest=manifest.digest,
        cache=folder.parent / "cache",
        result=folder / "out.safetensors",
        hashes={"vae": "v", "text": "t", "transformer": "m"},
    )


class Direct:
    """The step as one would write it: diffusers' transformer, peft's adapter, torch's AdamW."""

    def __init__(self, ours: Training, model: Path, recipe: Recipe) -> None:
        self.model = FluxTransformer2DModel.from_pretrained(model / "transformer")
        self.model.requires_grad_(False).train().to(ours._device)
        names = [n.removesuffix(".lora_A.weight") for n in ours._tuned.values if "lora_A" in n]
        self.model.add_adapter(
            LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=names)
        )
        for name, value in ours._tuned.values.items():
            module, _, part = name.removesuffix(".weight").rpartition(".")
            layer = getattr(self.model.get_submodule(module), part)["default"]
            layer.weight.data.copy_(value.data)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.guidance = recipe.guidance
        self.ema = [p.detach().clone() for p in self.parameters]

    def step(self, batch: Any) -> None:
        t = batch.times[:, None, None]
        out = self.model(
            hidden_states=(1 - t) * batch.latents + t * batch.noise,
            timestep=batch.times,
            guidance=torch.full_like(batch.times, self.guidance),
            pooled_projections=batch.pooled,
            encoder_hidden_states=batch.prompt,
            txt_ids=batch.text_ids,
            img_ids=batch.image_ids,
            return_dict=False,
        )[0]
        loss = torch.nn.functional.mse_loss(out, batch.noise - batch.latents)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        torch._foreach_lerp_(self.ema, self.parameters, 0.01)
        loss.item()


def steps(folder: Path, model: Path, recipe: Recipe, pairs: int, device: str) -> dict[str, Any]:
    """Pairs of steps, ours and the direct one, on the same batches."""
    ours = Training(job(folder, model, recipe, device), Silent(), torch.device(device))
    began = time.perf_counter()
    ours._load()
    cold = time.perf_counter() - began
    direct = Direct(ours, model, recipe)
    batches = [ours._batches.next() for _ in range(pairs + 2)]
    times: dict[str, list[float]] = {"ours": [], "direct": []}
    with (folder / "log.jsonl").open("w", encoding="utf-8") as log:
        for number, batch in enumerate(batches):
            ours._batches.next = lambda batch=batch: batch  # type: ignore[method-assign,misc]
            there = batch.to(ours._device)
            sides = {"ours": partial(ours._one_step, log), "direct": partial(direct.step, there)}
            for name in sorted(sides, reverse=bool(number % 2)):
                began = time.perf_counter()
                sides[name]()
                if number >= 2:  # the first two warm up
                    times[name].append(time.perf_counter() - began)
    wanted = torch.cat([p.detach().flatten() for p in direct.parameters])
    have = torch.cat([p.detach().flatten() for p in ours._tuned.values.values()])
    ratio = [a / b for a, b in zip(times["ours"], times["direct"], strict=True)]
    return {
        "ours, seconds a step": round(median(times["ours"]), 4),
        "direct, seconds a step": round(median(times["direct"]), 4),
        "ours / direct, median of pairs": round(median(ratio), 3),
        "ours / direct, fastest of each": round(min(times["ours"]) / min(times["direct"]), 3),
        "largest difference of the adapters": float((wanted - have).abs().max()),
        "loading with empty caches, seconds": round(cold, 2),
    }


def resumed(root: Path, model: Path, recipe: Recipe, device: str) -> dict[str, Any]:
    """A run in one piece and one in two; both begin with full caches."""
    seconds = {}
    for name, until in (("one piece", 10**9), ("two pieces", recipe.steps // 2)):
        asked = job(root / name, model, recipe, device)
        began = time.perf_counter()
        for reporter in (Silent(until), Silent()):
            if not asked.result.exists():
                Training(asked, reporter, torch.device(device)).run()
        seconds[name] = time.perf_counter() - began
    same = (root / "one piece/out.safetensors").read_bytes() == (
        root / "two pieces/out.safetensors"
    ).read_bytes()
    began = time.perf_counter()
    Training(job(root / "warm", model, recipe, device), Silent(), torch.device(device))._load()
    return {
        "loading with full caches, seconds": round(time.perf_counter() - began, 2),
        "a resume costs, seconds": round(seconds["two pieces"] - seconds["one piece"], 2),
        "same bytes after a resume": same,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=TINY)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    recipe = Recipe(rank=8, alpha=8, batch=args.batch, steps=6, sample_every=0, dropout=0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rows = steps(root / "steps", args.model.resolve(), recipe, args.pairs, args.device)
        rows |= resumed(root, args.model.resolve(), recipe, args.device)
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows["peak memory, MB"] = round(peak / (2**20 if sys.platform == "darwin" else 1024))
    if args.device.startswith("cuda"):
        rows["peak GPU memory, MB"] = round(torch.cuda.max_memory_allocated() / 2**20)
    print(json.dumps(rows | {"threads": torch.get_num_threads(), "batch": args.batch}, indent=2))


if __name__ == "__main__":
    main()
