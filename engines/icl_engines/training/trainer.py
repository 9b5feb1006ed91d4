"""The training loop, top to bottom: data, caches, adapter, steps, checkpoints, result."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor

from icl_studio.errors import OutOfMemory, PluginProblem, StorageProblem, TrainingStopped
from icl_studio.training.job import CHECKPOINTS, DATA, LOG, Reporter, TrainJob, TrainResult
from icl_studio.training.prepare import Manifest, changed_files, read_manifest
from icl_studio.training.recipe import Recipe
from icl_studio.training.storing import storing

from ..torch_engine.device import choose_device
from ..torch_engine.memory import memory_errors
from .batches import Batch, Batches
from .cache import Cache
from .checkpoints import Checkpoint, Checkpoints, optimizer_state, restore_optimizer
from .flow import flow_loss, noised
from .preflight import preflight
from .samples import Sampler
from .tuned import Tuned, base_dtype, load_transformer

SMOOTHING = 0.98


def train(job: TrainJob, report: Reporter) -> TrainResult:
    """Train ``job`` until its end or until asked to stop; resumes by itself.

    The trainer that the plugin's ``EngineSpec`` names. Raises :class:`TrainingStopped`,
    ``OutOfMemory``, ``StorageProblem``; the last good checkpoint stands then.
    """
    device = choose_device(job.options)
    try:
        with memory_errors(device, "training"):
            return Training(job, report, device).run()
    except OutOfMemory as error:
        raise OutOfMemory(
            f"{error.message} The last good checkpoint stands.",
            fix="Close other programs and go on with --resume, or start again with a smaller "
            "--preset.",
        ) from error


def learning_rate(recipe: Recipe, step: int) -> float:
    """The rate of step ``step`` (from 0): risen over ``warmup``, fallen to 0 over ``decay``."""
    rise = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    falling = recipe.steps * recipe.decay
    fall = min(1.0, (recipe.steps - step) / falling) if falling else 1.0
    return recipe.learning_rate * rise * fall


class Training:
    """One run. Everything that decides its next step is in its checkpoints."""

    def __init__(self, job: TrainJob, report: Reporter, device: torch.device) -> None:
        self._job, self._report, self._device = job, report, device
        self._recipe = job.recipe
        self._dtype = base_dtype(job.recipe, device)
        self._manifest = _sound_manifest(job)
        self._checkpoints = Checkpoints(
            job.folder / CHECKPOINTS,
            job.recipe.keep,
            {
                "recipe": job.recipe.digest,
                "data set": self._manifest.digest,
                "model": job.hashes.get("transformer", ""),
            },
        )
        self._step = 0
        self._smoothed = 0.0

    def run(self) -> TrainResult:
        recipe, report = self._recipe, self._report
        start = self._checkpoints.newest(report.notice)
        preflight(self._job, self._manifest, self._device)
        self._load()
        if start is not None:
            self._restore(start)
        _cut_log(self._job.folder / LOG, self._step)
        with self._log() as log:
            self._sample()
            while self._step < recipe.steps:
                if report.stopping:
                    return TrainResult(finished=False, step=self._step, checkpoint=self._keep())
                self._one_step(log)
                if self._step % recipe.checkpoint_every == 0 or self._step == recipe.steps:
                    self._keep()
                self._sample()
        self._tuned.write(self._job.result, self._job.metadata)
        return TrainResult(finished=True, step=self._step, file=self._job.result)

    def _load(self) -> None:
        """Fill the caches, then load the transformer alone and put the adapter on it."""
        job, report, recipe = self._job, self._report, self._recipe
        cache = Cache(job, self._device, self._dtype)
        captions = [example.caption for example in self._manifest.examples]
        captions += [asked.caption for asked in job.samples]
        latents = cache.latents(self._manifest, lambda *n: report.phase("cache", *n))
        embeddings = cache.embeddings([*captions, ""], lambda *n: report.phase("cache", *n))
        report.phase("load", 0, 1)
        scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(
            job.model.folder / "scheduler", local_files_only=True
        )
        transformer = load_transformer(job.model.folder, recipe, self._device, self._dtype)
        self._tuned = Tuned(transformer, recipe, self._device)
        transformer.train()
        self._parameters = list(self._tuned.values.values())
        self._optimizer = _optimizer(recipe, self._parameters, self._device)
        self._batches = Batches(self._manifest, latents, embeddings, recipe, scheduler)
        self._sampler = Sampler(job, scheduler, embeddings, self._device, self._dtype)
        self._accelerator = _accelerator(self._device, self._dtype)
        report.phase("load", 1, 1)

    def _autocast(self) -> Any:
        """Half precision around the float32 adapter, where the base computes in it."""
        if self._dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self._device.type, dtype=self._dtype)

    def _one_step(self, log: TextIO) -> None:
        began = time.perf_counter()
        recipe, step = self._recipe, self._step
        rate = learning_rate(recipe, step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batch = self._batches.next()
        self._optimizer.zero_grad(set_to_none=True)
        loss = 0.0
        for part in batch.split(recipe.at_a_time):
            share = len(part.times) / len(batch.times)
            one = self._loss(part) * share
            self._accelerator.backward(one)
            loss += float(one.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters, recipe.clip))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise self._diverged(loss, norm)
        self._optimizer.step()
        self._tuned.follow()
        self._step = step + 1
        self._smoothed = self._smoothed * SMOOTHING + loss * (1 - SMOOTHING)
        smoothed = self._smoothed / (1 - SMOOTHING**self._step)
        speed = recipe.batch / max(1e-9, time.perf_counter() - began)
        line = {"step": self._step, "loss": loss, "smoothed": smoothed, "rate": rate}
        self._write_line(log, line | {"norm": norm, "speed": round(speed, 4)})
        self._report.step(self._step, recipe.steps, loss, smoothed, rate, speed)

    def _loss(self, batch: Batch) -> Tensor:
        """The flow-matching loss of some sheets; their shapes are in :class:`Batch`."""
        batch = batch.to(self._device)
        x = noised(batch.latents, batch.noise, batch.times).to(self._dtype)
        model = self._tuned.transformer
        guidance = None
        if model.config.guidance_embeds:
            guidance = torch.full_like(batch.times, self._recipe.guidance)
        with self._autocast():
            velocity = model(
                hidden_states=x,
                timestep=batch.times.to(self._dtype),
                guidance=guidance,
                pooled_projections=batch.pooled.to(self._dtype),
                encoder_hidden_states=batch.prompt.to(self._dtype),
                txt_ids=batch.text_ids,
                img_ids=batch.image_ids,
                return_dict=False,
            )[0]
        return flow_loss(velocity, batch.latents, batch.noise)

    def _keep(self) -> Path:
        """A checkpoint of this very moment; one with values that are no numbers is never kept."""
        self._report.phase("save", 0, 1)
        tensors, plain = optimizer_state(self._optimizer)
        tensors |= self._tuned.state() | {"random": self._batches.generator.get_state()}
        bad = [n for n, t in tensors.items() if t.is_floating_point() and not t.isfinite().all()]
        if bad:
            raise self._diverged(math.nan, math.nan)
        facts = {
            "order": self._batches.order.state(),
            "optimizer": plain,
            "smoothed": self._smoothed,
        }
        return self._checkpoints.write(self._step, tensors, facts)

    def _restore(self, checkpoint: Checkpoint) -> None:
        try:
            self._tuned.restore(checkpoint.tensors)
            restore_optimizer(self._optimizer, checkpoint.tensors, checkpoint.facts["optimizer"])
            self._batches.generator.set_state(checkpoint.tensors["random"])
            self._batches.order.restore(checkpoint.facts["order"])
        except (KeyError, ValueError, RuntimeError) as error:
            raise TrainingStopped(
                f"The checkpoint at step {checkpoint.step} does not fit this run: {error}.",
                fix="Start a new run in a new folder.",
            ) from error
        self._step, self._smoothed = checkpoint.step, checkpoint.facts["smoothed"]

    def _sample(self) -> None:
        """Draw the sample sheets where they are due, or wanted now.

        Sheets that are only wanted stop no run: where they cannot be drawn it goes on without.
        """
        every, report = self._recipe.sample_every, self._report
        due = every and (self._step % every == 0 or self._step == self._recipe.steps)
        if not self._job.samples or report.stopping or not (due or report.sample_wanted):
            return
        try:
            with memory_errors(self._device, "drawing samples"):
                self._sampler.draw(self._tuned, self._step, self._autocast, report)
        except (OutOfMemory, StorageProblem) as error:
            if due:
                raise
            report.notice(f"The samples that were asked for could not be drawn: {error.message}")
        report.sampling_done()

    def _diverged(self, loss: float, norm: float) -> TrainingStopped:
        return TrainingStopped(
            f"Training diverged at step {self._step + 1}: loss {loss:g}, gradient {norm:g}. "
            "Nothing of this step was kept; the last good checkpoint stands.",
            fix=f"Start again with a lower learning_rate than {self._recipe.learning_rate:g}, or "
            "with a warmup.",
        )

    @contextmanager
    def _log(self) -> Iterator[TextIO]:
        path = self._job.folder / LOG
        with storing("writing the log of the training run", path):
            file = path.open("a", encoding="utf-8", newline="\n")
        try:
            yield file
        finally:
            file.close()

    def _write_line(self, log: TextIO, line: dict[str, Any]) -> None:
        with storing("writing the log of the training run", self._job.folder / LOG):
            log.write(json.dumps(line) + "\n")
            log.flush()


def _sound_manifest(job: TrainJob) -> Manifest:
    """The run's data set; raises :class:`TrainingStopped` when it has changed since it began."""
    folder = job.folder / DATA
    manifest = read_manifest(folder)
    changed = changed_files(folder, manifest)
    if manifest.digest != job.digest or changed:
        names = ", ".join(changed[:5]) or "its list of sheets"
        raise TrainingStopped(
            f"The data set in {folder} has changed since the run began: {names}.",
            fix="Start a new run in a new folder.",
        )
    return manifest


def _optimizer(
    recipe: Recipe, parameters: list[torch.nn.Parameter], device: torch.device
) -> torch.optim.Optimizer:
    options: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    if recipe.optimizer == "adamw" or device.type == "cpu":
        return torch.optim.AdamW(parameters, **options)
    try:
        import bitsandbytes
    except ImportError:
        raise PluginProblem(
            "The optimizer adamw8bit needs bitsandbytes, which is not installed.",
            fix='Use "optimizer": "adamw" (about 0.7 GB more for FLUX.1 at rank 16), or get it.',
        ) from None
    optimizer: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(parameters, **options)
    return optimizer


def _accelerator(device: torch.device, dtype: torch.dtype) -> Accelerator:
    """A fresh accelerator: its state is global, and a worker trains one job after another."""
    AcceleratorState._reset_state(reset_partial_state=True)
    precision = "bf16" if dtype == torch.bfloat16 and device.type == "cuda" else "no"
    return Accelerator(mixed_precision=precision, cpu=device.type == "cpu")


def _cut_log(path: Path, step: int) -> None:
    """Drop what was logged after the checkpoint that a run resumes from, and a torn last line."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if int(json.loads(line)["step"]) <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    spare = path.with_name(f".{path.name}.partial")
    with storing("writing the log of the training run", path):
        spare.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8", newline="\n")
        spare.replace(path)
