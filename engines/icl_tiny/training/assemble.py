"""Stage `assemble`: one normal diffusers folder in float16, written aside, renamed into place."""

import json
import shutil
from pathlib import Path

from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline

from icl_tiny.training.build import build_model, load_model
from icl_tiny.training.card import write_card
from icl_tiny.training.config import RunConfig
from icl_tiny.training.latents import LatentStats
from icl_tiny.training.text import load_tokenizers
from icl_tiny.training.vae import load_vae
from icl_tiny.vocabulary import write_vocabulary

SHARD_SIZE = "14MB"
WEIGHT_LIMIT = 15_000_000
"""No file may be larger, in bytes."""
FOLDER_LIMIT = 32_000_000
# FLUX.1-dev's own settings.
_SCHEDULER = {
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
    "base_shift": 0.5,
    "max_shift": 1.15,
    "base_image_seq_len": 256,
    "max_image_seq_len": 4096,
}


def assemble(config: RunConfig, target: Path) -> None:
    """Write the run's newest weights to `target` as a FluxPipeline folder, in place of the old."""
    pipeline = _pipeline(config)
    for part in (
        pipeline.vae,
        pipeline.transformer,
        pipeline.text_encoder,
        pipeline.text_encoder_2,
    ):
        part.half()
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    pipeline.save_pretrained(fresh, safe_serialization=True, max_shard_size=SHARD_SIZE)
    _clean_configs(fresh)
    write_vocabulary(fresh / "vocabulary.json")
    preview = config.folder / "latents" / "latent_rgb.json"
    if preview.exists():
        shutil.copy(preview, fresh / "latent_rgb.json")
    write_card(config.folder, fresh / "README.md")
    check_sizes(fresh)
    for path in fresh.rglob("*.safetensors"):
        path.chmod(0o644)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _pipeline(config: RunConfig) -> FluxPipeline:
    tokenizers = load_tokenizers(config.folder, config.vocabulary_captions)
    stage = next((s for s in ("distill", "flux") if (config.folder / f"{s}.ckpt").exists()), None)
    model = load_model(config, tokenizers, stage) if stage else build_model(config, tokenizers)
    vae = load_vae(config)
    stats = _stats(config.folder / "latents" / "stats.json")
    vae.register_to_config(scaling_factor=stats.scale, shift_factor=stats.shift)
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**_SCHEDULER),
        vae=vae,
        text_encoder=model.text_encoder,
        tokenizer=tokenizers.clip,
        text_encoder_2=model.text_encoder_2,
        tokenizer_2=tokenizers.t5,
        transformer=model.transformer,
    )


def _stats(path: Path) -> LatentStats:
    if not path.exists():
        return LatentStats(0.0, 1.0)
    data = json.loads(path.read_text())
    return LatentStats(data["shift"], data["scale"])


def _clean_configs(folder: Path) -> None:
    """Remove paths of the machine that made the folder from its configurations."""
    for path in (*folder.glob("*.json"), *folder.glob("*/*config*.json")):
        data = json.loads(path.read_text())
        if isinstance(data, dict):
            kept = {k: v for k, v in data.items() if k not in ("_name_or_path", "name_or_path")}
            path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def check_sizes(folder: Path) -> int:
    """The folder's size in bytes. Raises ValueError when a file or the whole is too large."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for path, size in sizes.items():
        if size > WEIGHT_LIMIT:
            raise ValueError(f"{path} has {size} bytes, more than {WEIGHT_LIMIT}")
    total = sum(sizes.values())
    if total > FOLDER_LIMIT:
        raise ValueError(f"{folder} has {total} bytes, more than {FOLDER_LIMIT}")
    return total
