"""The journey of a set through a worker: look up, load, encode, denoise, decode, save.

Jobs that share model, adapters, canvas and sampling form a group. A group's captions are
encoded in one phase, equal ones once and those of earlier nights not at all, so that the text
encoders and the transformer need not sit in memory together. A claim of the
queue is denoised before the first of it is decoded, what is denoised lying on disk meanwhile;
else each sheet (or batch of sheets) is saved before the next is begun. Either way a stop or a
death at the ninth sheet keeps the work on eight.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ..domain.events import Progress, Started
from ..engines.protocol import Engine, Portable, Verb
from ..errors import JobCancelled
from ..sets.library import Library
from ..sets.receipt import weight_files
from ..sets.save import folder_depth
from .cancellation import Cancellation
from .desk import Desk, Send
from .kit import Kit
from .protocol import Generate
from .run import Run, groups
from .sheets import Sheets

log = logging.getLogger(__name__)
T = TypeVar("T")
HASH_REPORT_SECONDS = 0.5


class Journey:
    """Carries out one :class:`Generate`; every job of it ends in exactly one final event."""

    def __init__(
        self, command: Generate, *, kit: Kit, cancellation: Cancellation, send: Send
    ) -> None:
        self._runs = [Run(job) for job in command.jobs]
        self._batch = command.batch
        self._phased = command.phased
        self._kit = kit
        self._desk = Desk(cancellation, send)

    def go(self) -> None:
        """Make all sets. Never raises for what a job does wrong: the job fails, others go on."""
        for run in self._runs:
            with self._desk.settling([run]):
                self._look_up(run)
        for group in groups([run for run in self._runs if not run.settled]):
            self._make(group)

    def _make(self, group: list[Run]) -> None:
        """All sets of a group, whose jobs share everything but caption and seed."""
        origin = None
        with self._desk.settling(group):
            engine = self._load(group)
            if self._phased and isinstance(engine, Portable):
                origin = self._kit.latents.origin(engine, group[0])
                self._restore(engine, group, origin)
            self._encode(engine, group)
        if any(not run.settled for run in group):
            size = 1 if group[0].job.request.exact else self._batch
            Sheets(engine, self._kit, self._desk, self._runs, origin).make(group, size)
        if any(run.broke_engine for run in group):
            self._kit.warm.drop()

    def _look_up(self, run: Run) -> None:
        """A set of this id that stands already is the answer; nothing is done twice."""
        job = run.job
        folder = Library(job.out).find_id(job.id, folder_depth(job.folder_name))
        if folder is not None:
            self._kit.latents.drop(job.id)
            self._desk.finish(run, folder)

    def _load(self, group: list[Run]) -> Engine:
        job = group[0].job
        with self._desk.phase("load", group):
            engine = self._kit.warm.get(job.engine, job.model, job.options)
            self._kit.ladder.begin(engine, job)
            self._climb(engine, group, "denoise", lambda: engine.use_adapters(job.adapters))
            self._hash(engine, group)
        facts = engine.facts
        for run in self._desk.live(group):
            self._desk.send(
                Started(job=run.job.id, engine=facts.engine, device=facts.device, dtype=facts.dtype)
            )
        return engine

    def _climb(self, engine: Engine, group: list[Run], verb: Verb, action: Callable[[], T]) -> T:
        """``action``, with less memory if it runs out; see :class:`~.ladder.Ladder`."""

        def tell(message: str) -> None:
            self._desk.notice(group, message)

        return self._kit.ladder.climb(engine, group[0].job, verb, action, tell)

    def _hash(self, engine: Engine, group: list[Run]) -> None:
        """Hash the files that receipts will name while everything can still be stopped.

        34 GB take minutes the first time; they are told as steps (megabytes) of the load.
        Afterwards the cache answers.
        """
        job, hashes = group[0].job, self._kit.hashes
        files = [*weight_files(engine.facts, job.model), *(file.path for file in job.adapters)]
        files = [file for file in dict.fromkeys(files) if not hashes.knows(file)]
        total, done, told = sum(file.stat().st_size for file in files), 0, time.monotonic()

        def on_block(size: int) -> None:
            nonlocal done, told
            done += size
            live = self._desk.live(group)
            if not live:
                raise JobCancelled("nobody waits for this any more")
            if time.monotonic() - told > HASH_REPORT_SECONDS:
                told = time.monotonic()
                for run in live:
                    self._tell_load(run, done, total)

        for file in files:
            hashes.sha256(file, on_block)

    def _tell_load(self, run: Run, done: int, total: int) -> None:
        steps = (min(done, total) // 10**6, total // 10**6)
        self._desk.send(Progress(job=run.job.id, phase="load", step=steps[0], total=steps[1]))

    def _restore(self, engine: Portable, group: list[Run], origin: str) -> None:
        """What an earlier worker denoised of ``group`` and could not save any more."""
        for run in self._desk.live(group):
            if self._kit.latents.restore(engine, run, origin):
                log.info("job %s has been denoised already", run.job.id)

    def _encode(self, engine: Engine, group: list[Run]) -> None:
        """Encode every caption of the group at once; if one will not, each by itself."""
        live = [run for run in self._desk.live(group) if run.latents is None]
        if not live:
            return

        def encoded(captions: list[str]) -> list[Any]:
            return self._climb(
                engine,
                live,
                "encode",
                lambda: self._kit.embeddings.encode(engine, live[0].job.model, captions),
            )

        captions = list(dict.fromkeys(run.job.request.caption for run in live))
        with self._desk.phase("encode", live):
            try:
                found = dict(zip(captions, encoded(captions), strict=True))
            except Exception as error:
                # Alone it is the jobs' own failure; together, find out whose it is.
                if len(captions) == 1:
                    raise
                log.warning("captions are encoded one by one", exc_info=error)
                found = {}
                for caption in captions:
                    those = [run for run in live if run.job.request.caption == caption]
                    with self._desk.settling(those):
                        found[caption] = encoded([caption])[0]
        for run in live:
            run.conditioning = found.get(run.job.request.caption)
