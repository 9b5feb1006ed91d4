"""Latents and text embeddings on disk, by content hash: computed once, for every run to come.

While they are computed only the VAE, then only the text encoders are in memory; while a model is
trained, neither is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, FluxPipeline
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from icl_studio.errors import TrainingStopped
from icl_studio.training.job import DATA, TrainJob
from icl_studio.training.prepare import Manifest
from icl_studio.training.storing import storing

from ..torch_engine.encode import encode
from ..torch_engine.memory import free_cache
from ..torch_engine.quiet import quietly

Tick = Callable[[int, int], None]


class Cache:
    """What the model makes of the sheets and captions of one job; all tensors on the CPU."""

    def __init__(self, job: TrainJob, device: torch.device, dtype: torch.dtype) -> None:
        self._job = job
        self._device, self._dtype = device, dtype
        self._folder = job.cache

    def latents(self, manifest: Manifest, tick: Tick) -> list[Tensor]:
        """Packed, scaled latents (tokens, channels) in float32, one per example.

        The mean of the VAE's distribution: a sheet is one point, not a cloud. Encoded as a
        whole, since the VAE's norms look at the whole canvas. Raises
        :class:`TrainingStopped` for a picture that has gone or changed.
        """
        keys = [self._key("vae", example.pixels, *example.canvas) for example in manifest.examples]
        found = [self._read(key) for key in keys]
        missing = [i for i, entry in enumerate(found) if entry is None]
        tick(len(keys) - len(missing), len(keys))
        if missing:
            vae = self._vae()
            for number, index in enumerate(missing, 1):
                example = manifest.examples[index]
                picture = self._job.folder / DATA / example.picture
                found[index] = {"latents": _encoded(vae, _pixels(picture), self._device)}
                self._write(keys[index], found[index] or {})
                tick(len(keys) - len(missing) + number, len(keys))
            del vae
            free_cache(self._device)
        return [entry["latents"] for entry in found if entry is not None]

    def embeddings(self, captions: Sequence[str], tick: Tick) -> dict[str, tuple[Tensor, Tensor]]:
        """(hidden states (length, width), pooled (width,)) by caption, as the engine encodes."""
        length = self._job.model.spec.max_sequence_length
        captions = list(dict.fromkeys(captions))
        keys = {caption: self._key("text", caption, length) for caption in captions}
        found = {caption: self._read(keys[caption]) for caption in captions}
        missing = [caption for caption in captions if found[caption] is None]
        tick(len(captions) - len(missing), len(captions))
        if missing:
            pipeline = self._text_pipeline()
            for number, caption in enumerate(missing, 1):
                (one,) = encode(pipeline, [caption], length)
                entry = {"prompt": one.prompt[0].cpu(), "pooled": one.pooled[0].cpu()}
                # Clones: tensors made in inference mode cannot take part in training.
                found[caption] = {name: value.clone() for name, value in entry.items()}
                self._write(keys[caption], entry)
                tick(len(captions) - len(missing) + number, len(captions))
            del pipeline
            free_cache(self._device)
        return {
            caption: (entry["prompt"], entry["pooled"])
            for caption, entry in found.items()
            if entry is not None
        }

    def _vae(self) -> Any:
        with quietly():
            vae = AutoencoderKL.from_pretrained(
                self._job.model.folder / "vae",
                torch_dtype=self._dtype,
                use_safetensors=True,
                local_files_only=True,
            )
        return vae.to(self._device).eval().requires_grad_(False)

    def _text_pipeline(self) -> Any:
        with quietly():
            return FluxPipeline.from_pretrained(
                self._job.model.folder,
                transformer=None,
                vae=None,
                dtype=self._dtype,
                use_safetensors=True,
                local_files_only=True,
            ).to(self._device)

    def _key(self, component: str, *what: object) -> str:
        hashed = self._job.hashes.get(component, "")
        text = json.dumps([1, component, hashed, str(self._dtype), *what], default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _read(self, key: str) -> dict[str, Tensor] | None:
        """An entry, None where there is none; a damaged one is thrown away and made again."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return load_file(path)
        except (SafetensorError, OSError):
            path.unlink(missing_ok=True)
            return None

    def _write(self, key: str, entry: dict[str, Tensor]) -> None:
        path = self._path(key)
        with storing("keeping latents and embeddings", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            spare = path.with_name(f".{secrets.token_hex(4)}.partial")
            try:
                spare.write_bytes(save({name: value.contiguous() for name, value in entry.items()}))
                os.replace(spare, path)  # noqa: PTH105
            finally:
                spare.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.safetensors"


def _pixels(picture: Path) -> Tensor:
    """An RGB picture as (1, 3, height, width) in -1..1."""
    try:
        with Image.open(picture) as opened:
            values = np.asarray(opened.convert("RGB"), dtype=np.float32)
    except (OSError, ValueError, SyntaxError) as error:
        raise TrainingStopped(
            f"The sheet {picture} of the data set cannot be read: {error}.",
            fix="Start a new run from the original data.",
        ) from error
    return torch.from_numpy(values.copy()).permute(2, 0, 1)[None] / 127.5 - 1.0


@torch.no_grad()
def _encoded(vae: Any, pixels: Tensor, device: torch.device) -> Tensor:
    mean = vae.encode(pixels.to(device, vae.dtype)).latent_dist.mode()
    latents = (mean.float() - vae.config.shift_factor) * vae.config.scaling_factor
    _, channels, height, width = latents.shape
    packed = FluxPipeline._pack_latents(latents, 1, channels, height, width)
    return packed[0].cpu().clone()  # type: ignore[no-any-return]
