"""Stage `latents`: whole canvases, drawn and encoded once, kept with what they show.

Captions are not kept: they are written anew every time a canvas is used.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from icl_tiny.training.config import LatentsRecipe, RunConfig
from icl_tiny.training.data import SINGLES, to_tensor
from icl_tiny.training.start import kept_stats
from icl_tiny.training.vae import load_vae
from icl_tiny.world import LAYOUTS, Layout, draw_collage
from icl_tiny.world.sampling import Collage, from_plain, random_collage, to_plain

ALL_LAYOUTS: dict[str, Layout] = {**{single.name: single for single in SINGLES}, **LAYOUTS}
_ENCODE_PIXELS = 120_000


@dataclass(frozen=True)
class LatentStats:
    """`scaled = (latent - shift) * scale` has mean 0 and standard deviation 1."""

    shift: float
    scale: float


class LatentStore:
    """All canvases of a run by layout: latents (n, 16, h/8, w/8) float16 and their contents."""

    def __init__(self, folder: Path) -> None:
        """Read every shard under `folder`. Raises FileNotFoundError when the stage has not run."""
        self.latents: dict[str, Tensor] = {}
        self.collages: dict[str, list[Collage]] = {}
        stats = json.loads((folder / "stats.json").read_text())
        self.stats = LatentStats(stats["shift"], stats["scale"])
        for name in ALL_LAYOUTS:
            shards = [torch.load(f, weights_only=True) for f in sorted(folder.glob(f"{name}.*.pt"))]
            if shards:
                self.latents[name] = torch.cat([s["latents"] for s in shards])
                self.collages[name] = [from_plain(c) for s in shards for c in s["collages"]]

    def scaled(self, layout: str, indices: list[int]) -> Tensor:
        """Scaled latents, float32, as the transformer sees them."""
        return (self.latents[layout][indices].float() - self.stats.shift) * self.stats.scale


def encode_latents(config: RunConfig) -> None:
    """Run or resume the stage: `<run>/latents/<layout>.<k>.pt`, then stats and the preview map."""
    folder = config.folder / "latents"
    folder.mkdir(parents=True, exist_ok=True)
    vae = load_vae(config)
    for name, count in _counts(config.latents).items():
        for k in range(0, count, config.latents.shard):
            path = folder / f"{name}.{k // config.latents.shard:03d}.pt"
            if not path.exists():
                _write_shard(
                    vae, config, ALL_LAYOUTS[name], min(config.latents.shard, count - k), path
                )
    _write_stats(folder, kept_stats(config))
    fit_preview(LatentStore(folder), folder / "latent_rgb.json")


def _counts(recipe: LatentsRecipe) -> dict[str, int]:
    total = sum(recipe.shares.values())
    counts = {
        name: max(1, round(recipe.collages * share / total))
        for name, share in recipe.shares.items()
    }
    return counts | {single.name: max(1, recipe.singles // len(SINGLES)) for single in SINGLES}


@torch.no_grad()
def _write_shard(
    vae: AutoencoderKL, config: RunConfig, layout: Layout, count: int, path: Path
) -> None:
    rng = random.Random(f"{config.latents.seed}-{path.name}")
    collages = [random_collage(rng, layout) for _ in range(count)]
    width, height = layout.canvas
    batch = max(1, _ENCODE_PIXELS // (width * height))
    encoded = []
    for k in range(0, count, batch):
        pictures = [to_tensor(draw_collage(layout, c.panels)) for c in collages[k : k + batch]]
        inputs = torch.stack(pictures).to(config.device, memory_format=torch.channels_last)
        encoded.append(vae.encode(inputs).latent_dist.mode().half().cpu())
    shard = {
        "latents": torch.cat(encoded).contiguous(),
        "collages": [to_plain(c) for c in collages],
    }
    temporary = path.with_suffix(".tmp")
    torch.save(shard, temporary)
    temporary.replace(path)
    print(json.dumps({"stage": "latents", "file": path.name, "canvases": count}), flush=True)


def _write_stats(folder: Path, kept: tuple[float, float] | None) -> None:
    if kept is not None:
        _note_stats(folder, *kept)
        return
    values = [
        torch.load(f, weights_only=True)["latents"].flatten() for f in sorted(folder.glob("*.pt"))
    ]
    everything = torch.cat(values).float()
    _note_stats(folder, round(float(everything.mean()), 4), round(1 / float(everything.std()), 4))


def _note_stats(folder: Path, shift: float, scale: float) -> None:
    stats = {"shift": shift, "scale": scale}
    (folder / "stats.json").write_text(json.dumps(stats) + "\n")


@torch.no_grad()
def fit_preview(store: LatentStore, path: Path) -> None:
    """Least squares from scaled latents to pictures averaged 8x8 (values in -1..1)."""
    rows, targets = [], []
    for name, collages in store.collages.items():
        for index in range(0, min(24, len(collages)), 3):
            scaled = store.scaled(name, [index])
            picture = to_tensor(draw_collage(ALL_LAYOUTS[name], collages[index].panels))[None]
            rows.append(scaled.permute(0, 2, 3, 1).flatten(0, 2))
            small = torch.nn.functional.avg_pool2d(picture, 8)
            targets.append(small.permute(0, 2, 3, 1).flatten(0, 2))
    inputs = torch.cat(rows)
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    solution = torch.linalg.lstsq(inputs, torch.cat(targets)).solution
    data = {
        "matrix": [[round(v, 5) for v in row] for row in solution[:-1].tolist()],
        "bias": [round(v, 5) for v in solution[-1].tolist()],
    }
    path.write_text(json.dumps(data) + "\n")
