"""A training run in a worker: hashes, the engine's trainer, events, the run's record."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..domain.events import Cancelled, Finished, Learnt, Notice, Phase, Progress, Sampled, Started
from ..domain.problems import IclStudioError
from ..engines.named import plugged
from ..errors import JobCancelled, PluginProblem, StorageProblem
from ..sets.hashes import HashCache
from ..sets.locks import Lock
from ..training.job import Trainer, TrainJob
from ..training.page import write_page
from ..training.record import LOCK_FILE, State, begin, note
from ..training.sampling import answer_wish, samples_wanted
from .cancellation import Cancellation
from .failures import failed
from .protocol import Reply

log = logging.getLogger(__name__)
HASH_REPORT_SECONDS = 0.5
COMPONENTS = {
    "vae": ("vae",),
    "text": ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    "transformer": ("transformer", "scheduler"),
}
"""What a run's caches and its record name by hash, and the folders that make it up."""


class Training:
    """Carries out one :class:`~icl_studio.worker.protocol.Train`, and is the trainer's reporter."""

    def __init__(
        self,
        job: TrainJob,
        hashes: HashCache,
        cancellation: Cancellation,
        send: Callable[[Reply], None],
    ) -> None:
        self._job = job
        self._hashes = hashes
        self._cancellation = cancellation
        self._send = send
        self._times: deque[float] = deque(maxlen=50)
        self._stepped = 0.0
        self._began = time.monotonic()

    @property
    def stopping(self) -> bool:
        return self._job.id in self._cancellation

    def go(self) -> None:
        """Train, and tell how it ended in one final event. Never raises for what a job does."""
        job = self._job
        lock = Lock(job.folder / LOCK_FILE)
        try:
            if not lock.take(wait=False):
                raise StorageProblem(
                    f"Another process is training in {job.folder}.",
                    fix="Wait for it, or train into another folder.",
                )
            self._train()
        except JobCancelled:
            self._end("stopped", "Stopped before training began.")
            self._send(Cancelled(job=job.id))
        # Whatever a trainer raises is told to whoever waits for the job.
        except Exception as error:  # noqa: BLE001
            event = failed(job.id, error)
            self._end("failed", event.message, event.fix)
            self._send(event)
        finally:
            lock.drop()
            self._cancellation.settle(job.id)

    def _train(self) -> None:
        job = self._job
        begin(job)
        job = self._job = self._hashed(job)
        trainer = trainer_of(job)
        facts = job.options
        self._send(
            Started(
                job=job.id,
                engine=job.engine.id,
                device=facts.device or "auto",
                dtype=job.recipe.base,
            )
        )
        result = trainer(job, self)
        if result.finished:
            self._end("done", step=result.step)
            seconds = time.monotonic() - self._began
            self._send(Finished(job=job.id, folder=str(job.folder), seconds={"train": seconds}))
            return
        message = f"Stopped after step {result.step}; a checkpoint of that moment stands."
        self._end("stopped", message, step=result.step)
        self._send(Cancelled(job=job.id))

    def _end(self, state: State, message: str = "", fix: str = "", **more: Any) -> None:
        """Say in the record how it ended; a disk that is full already cannot take that either."""
        try:
            note(self._job.folder, state=state, message=message, fix=fix, **more)
            write_page(self._job.folder)
            answer_wish(self._job.folder)
        except (IclStudioError, OSError):
            log.exception("the record of %s could not be written", self._job.folder)

    def _hashed(self, job: TrainJob) -> TrainJob:
        """``job`` with the hashes of its model; minutes for 34 GB the first time, then cached."""
        hashes = {}
        for name, folders in COMPONENTS.items():
            files = [
                path
                for folder in folders
                for path in sorted((job.model.folder / folder).glob("*"))
                if path.is_file()
            ]
            digests = [f"{path.name} {self._hash(path)}" for path in files]
            hashes[name] = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        metadata = dict(job.metadata)
        if "icl_studio" in metadata:
            told = json.loads(metadata["icl_studio"])
            told["base"]["sha256"] = hashes["transformer"]
            metadata["icl_studio"] = json.dumps(told)
        return job.model_copy(update={"hashes": hashes, "metadata": metadata})

    def _hash(self, path: Path) -> str:
        total, done, told = path.stat().st_size, 0, time.monotonic()

        def on_block(size: int) -> None:
            nonlocal done, told
            done += size
            if self.stopping:
                raise JobCancelled("nobody waits for this any more")
            if time.monotonic() - told > HASH_REPORT_SECONDS:
                told = time.monotonic()
                self.phase("load", done // 10**6, total // 10**6)

        return self._hashes.sha256(path, on_block)

    def phase(self, name: str, done: int, total: int) -> None:
        if self.stopping and name == "cache":
            raise JobCancelled("nobody waits for this any more")
        known: dict[str, Phase] = {
            "load": "load",
            "cache": "cache",
            "sample": "sample",
            "save": "save",
        }
        self._send(Progress(job=self._job.id, phase=known[name], step=done, total=total))
        self._stepped = 0.0  # what comes between two steps is no step's time

    def step(
        self, step: int, total: int, loss: float, smoothed: float, rate: float, speed: float
    ) -> None:
        moment = time.monotonic()
        if self._stepped:
            self._times.append(moment - self._stepped)
        self._stepped = moment
        eta = None
        if len(self._times) > 2:
            eta = (total - step) * sum(self._times) / len(self._times)
        self._send(
            Learnt(
                job=self._job.id,
                step=step,
                total=total,
                loss=loss,
                smoothed=smoothed,
                rate=rate,
                speed=speed,
                eta=eta,
            )
        )

    def notice(self, message: str) -> None:
        self._send(Notice(job=self._job.id, message=message))

    def sample(self, step: int, index: int, picture: Path) -> None:
        self._send(Sampled(job=self._job.id, step=step, index=index, picture=str(picture)))
        note(self._job.folder, step=step)
        write_page(self._job.folder)

    @property
    def sample_wanted(self) -> bool:
        return samples_wanted(self._job.folder)

    def sampling_done(self) -> None:
        try:
            answer_wish(self._job.folder)
        except OSError:  # Windows, while somebody asks again; then they are drawn once more
            log.exception("the wish for samples in %s could not be removed", self._job.folder)
        count = len(self._job.samples)
        self.phase("sample", count, count)


def trainer_of(job: TrainJob) -> Trainer:
    """The trainer that the job's engine names. Raises :class:`PluginProblem`."""
    spec = job.engine
    if spec.trainer is None:
        raise PluginProblem(
            f"The engine {spec.id!r} cannot tune adapters.", fix="Choose --engine torch."
        )
    what, fix = f"The trainer of {spec.id!r}", "Run `icl-studio doctor`."
    found: Trainer = plugged(spec.trainer, what, fix)
    return found
