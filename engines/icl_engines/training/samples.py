"""Sample sheets during training: the engine's own phases, with the average of the adapter."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline
from torch import Tensor

from icl_studio.engines.protocol import DenoiseItem
from icl_studio.training.job import SAMPLES, Reporter, TrainJob
from icl_studio.training.storing import storing

from ..torch_engine.decode import decode
from ..torch_engine.denoise import denoise
from ..torch_engine.encode import Conditioning
from ..torch_engine.memory import free_cache
from ..torch_engine.preview import neutral
from ..torch_engine.quiet import quietly
from .tuned import Tuned


class Sampler:
    """Draws the job's sample requests; the VAE is in memory only while it decodes."""

    def __init__(
        self,
        job: TrainJob,
        scheduler: FlowMatchEulerDiscreteScheduler,
        embeddings: Mapping[str, tuple[Tensor, Tensor]],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._job = job
        self._scheduler = scheduler
        self._embeddings = embeddings
        self._device, self._dtype = device, dtype

    def draw(self, tuned: Tuned, step: int, autocast: Any, report: Reporter) -> None:
        """One PNG per request in the run's ``samples`` folder; those that stand are left alone.

        No random number of the training run is used, so a run is the same with or without.
        """
        paths = [sample_path(self._job.folder, step, i) for i in range(len(self._job.samples))]
        wanted = [i for i, path in enumerate(paths) if not path.is_file()]
        if not wanted:
            return
        pipeline = FluxPipeline(
            scheduler=self._scheduler,
            vae=None,
            text_encoder=None,
            tokenizer=None,
            text_encoder_2=None,
            tokenizer_2=None,
            transformer=tuned.transformer,
        )
        pipeline.set_progress_bar_config(disable=True)
        latents = []
        with tuned.averaged(), autocast():
            for number, index in enumerate(wanted):
                report.phase("sample", number, len(wanted))
                latents += denoise(pipeline, [self._item(index)], neutral(16))
        vae = self._vae()
        pipeline.register_modules(vae=vae)
        for index, sheet in zip(wanted, latents, strict=True):
            packed = sheet.packed.to(self._device, vae.dtype)
            (picture,) = decode(pipeline, [type(sheet)(packed, sheet.canvas)])
            _save(picture, paths[index])
            report.sample(step, index, paths[index])
        del vae, pipeline
        free_cache(self._device)

    def _item(self, index: int) -> DenoiseItem:
        asked = self._job.samples[index]
        prompt, pooled = self._embeddings[asked.caption]
        conditioning = Conditioning(
            prompt[None].to(self._device, self._dtype), pooled[None].to(self._device, self._dtype)
        )
        return DenoiseItem(
            conditioning=conditioning,
            canvas=asked.canvas,
            seed=asked.seed,
            sampling=asked.sampling,
        )

    def _vae(self) -> Any:
        with quietly():
            vae = AutoencoderKL.from_pretrained(
                self._job.model.folder / "vae",
                torch_dtype=self._dtype,
                use_safetensors=True,
                local_files_only=True,
            )
        return vae.to(self._device).eval()


def sample_path(folder: Path, step: int, index: int) -> Path:
    """The file of sample ``index`` (from 0) after ``step`` steps."""
    return folder / SAMPLES / f"{step:07}-{index + 1}.png"


def _save(picture: Any, path: Path) -> None:
    with storing("keeping a sample sheet", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        spare = path.with_name(f".{secrets.token_hex(4)}.partial")
        try:
            picture.save(spare, "PNG")
            spare.replace(path)
        finally:
            spare.unlink(missing_ok=True)
