"""The journey of a set through a worker: look up, load, encode, denoise, decode, save.

Jobs that share model, adapters, canvas and sampling form a group. A group's captions are
encoded in one phase, equal ones once, so that the text encoders and the transformer need
not sit in memory together. Then each sheet (or batch of sheets) is denoised, decoded and
saved before the next is begun: a VAE is small beside either, and a stop or a death at the
ninth sheet leaves eight sets kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL.Image import Image

from ..domain.events import Cancelled, Finished, Notice, Phase, Progress, Started
from ..engines.protocol import DenoiseItem, Engine, StepReport
from ..errors import JobCancelled, UserError
from ..sets.hashes import HashCache
from ..sets.library import Library
from ..sets.receipt import build_receipt, weight_files
from ..sets.save import folder_depth, save_set
from .cancellation import Cancellation
from .failures import failed, is_out_of_memory
from .pace import Pace, Work
from .protocol import Generate, Reply
from .run import Run, chunks, groups
from .warm import WarmEngine

log = logging.getLogger(__name__)
Send = Callable[[Reply], None]
HASH_REPORT_SECONDS = 0.5


class Journey:
    """Carries out one :class:`Generate`; every job of it ends in exactly one final event."""

    def __init__(
        self,
        command: Generate,
        *,
        warm: WarmEngine,
        pace: Pace,
        hashes: HashCache,
        cancellation: Cancellation,
        send: Send,
    ) -> None:
        self._runs = [Run(job) for job in command.jobs]
        self._batch = command.batch
        self._warm = warm
        self._pace = pace
        self._hashes = hashes
        self._cancellation = cancellation
        self._send = send

    def go(self) -> None:
        """Make all sets. Never raises for what a job does wrong: the job fails, others go on."""
        for run in self._runs:
            with self._settling([run]):
                self._look_up(run)
        for group in groups([run for run in self._runs if not run.settled]):
            self._make(group)

    def _make(self, group: list[Run]) -> None:
        """All sets of a group, whose jobs share everything but caption and seed."""
        with self._settling(group):
            engine = self._load(group)
            self._encode(engine, group)
        size = 1 if group[0].job.request.exact else self._batch
        for chunk in chunks([run for run in group if not run.settled], size):
            with self._settling(chunk):
                self._sheets(engine, chunk)
        if any(run.broke_engine for run in group):
            self._warm.drop()

    def _look_up(self, run: Run) -> None:
        """A set of this id that stands already is the answer; nothing is done twice."""
        job = run.job
        folder = Library(job.out).find_id(job.id, folder_depth(job.folder_name))
        if folder is not None:
            self._finish(run, folder)

    def _load(self, group: list[Run]) -> Engine:
        job = group[0].job
        with self._phase("load", group):
            engine = self._warm.get(job.engine, job.model, job.options)
            engine.use_adapters(job.adapters)
            self._hash(engine, group)
        facts = engine.facts
        for run in self._live(group):
            self._send(
                Started(job=run.job.id, engine=facts.engine, device=facts.device, dtype=facts.dtype)
            )
        return engine

    def _hash(self, engine: Engine, group: list[Run]) -> None:
        """Hash the files that receipts will name while everything can still be stopped.

        34 GB take minutes the first time; they are told as steps (megabytes) of the load.
        Afterwards the cache answers.
        """
        job = group[0].job
        files = [*weight_files(engine.facts, job.model), *(file.path for file in job.adapters)]
        files = [file for file in dict.fromkeys(files) if not self._hashes.knows(file)]
        total, done, told = sum(file.stat().st_size for file in files), 0, time.monotonic()

        def on_block(size: int) -> None:
            nonlocal done, told
            done += size
            live = self._live(group)
            if not live:
                raise JobCancelled("nobody waits for this any more")
            if time.monotonic() - told > HASH_REPORT_SECONDS:
                told = time.monotonic()
                for run in live:
                    self._tell_load(run, done, total)

        for file in files:
            self._hashes.sha256(file, on_block)

    def _tell_load(self, run: Run, done: int, total: int) -> None:
        steps = (min(done, total) // 10**6, total // 10**6)
        self._send(Progress(job=run.job.id, phase="load", step=steps[0], total=steps[1]))

    def _encode(self, engine: Engine, group: list[Run]) -> None:
        """Encode every caption of the group at once; if one will not, each by itself."""
        live = self._live(group)
        captions = list(dict.fromkeys(run.job.request.caption for run in live))
        with self._phase("encode", live):
            try:
                found = dict(zip(captions, engine.encode(captions), strict=True))
            except Exception as error:
                # Alone it is the jobs' own failure; together, find out whose it is.
                if len(captions) == 1:
                    raise
                log.warning("captions are encoded one by one", exc_info=error)
                found = {}
                for caption in captions:
                    with self._settling([r for r in live if r.job.request.caption == caption]):
                        found[caption] = engine.encode([caption])[0]
        for run in live:
            run.conditioning = found.get(run.job.request.caption)

    def _sheets(self, engine: Engine, chunk: list[Run]) -> None:
        """Denoise, decode and save the sheets of ``chunk`` together, or one by one if need be."""
        live = self._live(chunk)
        if not live:
            return
        try:
            latents = self._denoise(engine, live)
            begun = time.monotonic()
            with self._phase("decode", live):
                sheets = engine.decode(latents)
        except JobCancelled:
            raise
        except Exception as error:
            # One sheet of a batch may be at fault, or the batch too large: go singly.
            if len(live) == 1:
                raise
            self._say_why_singly(live, error)
            for run in live:
                with self._settling([run]):
                    self._sheets(engine, [run])
            return
        for run, sheet in zip(live, sheets, strict=True):
            with self._settling([run]):
                self._save(engine, run, sheet, batch=len(live))
        self._pace.sheet_took((time.monotonic() - begun) / len(live))

    def _denoise(self, engine: Engine, live: list[Run]) -> list[object]:
        request = live[0].job.request
        items = [
            DenoiseItem(
                conditioning=run.conditioning,
                canvas=run.job.request.layout.canvas,
                seed=run.job.request.seed,
                sampling=run.job.request.sampling,
            )
            for run in live
        ]
        last = time.monotonic()

        def on_step(report: StepReport) -> None:
            nonlocal last
            now = time.monotonic()
            self._pace.step_took(now - last, request.layout.canvas.tokens, len(live))
            self._report_step(live, report)
            last = time.monotonic()

        log.info("denoising %d sheet(s)", len(live))
        with self._phase("denoise", live, total=request.sampling.steps):
            return engine.denoise(items, on_step)

    def _report_step(self, live: list[Run], report: StepReport) -> None:
        """Stop if every sheet of the batch was cancelled, else tell how far they are."""
        if not self._live(live):
            raise JobCancelled("every sheet of the batch was cancelled")
        request = live[0].job.request
        ahead = Work(report.total - report.step, request.layout.canvas.tokens, len(live))
        behind = [run.work for run in self._runs if not run.settled and run not in live]
        for index, run in enumerate(live):
            if run.settled:
                continue
            preview = None
            if run.previews.due and report.step < report.total:
                preview = run.previews.write(report.preview(index), report.step)
            self._send(
                Progress(
                    job=run.job.id,
                    phase="denoise",
                    step=report.step,
                    total=report.total,
                    eta=self._pace.seconds(ahead),
                    eta_all=self._pace.seconds(ahead, *behind),
                    preview=preview,
                )
            )

    def _save(self, engine: Engine, run: Run, sheet: Image, *, batch: int) -> None:
        """Crop, write and commit the set. Not to be cancelled once begun: it is one rename."""
        if not self._live([run]):
            return
        job = run.job
        with self._phase("save", [run]):
            receipt = build_receipt(
                engine.facts,
                job.model,
                job.adapters,
                job.request,
                self._hashes,
                dict(run.seconds),
                batch,
            )
            folder = save_set(
                job.out, job.id, job.request, sheet, receipt, folder_name=job.folder_name
            )
        self._finish(run, folder)

    def _live(self, runs: Iterable[Run]) -> list[Run]:
        """Those of ``runs`` that are still wanted; the cancelled ones are told so."""
        runs = [run for run in runs if not run.settled]
        for run in runs:
            if run.job.id in self._cancellation:
                self._settle(run, Cancelled(job=run.job.id))
        return [run for run in runs if not run.settled]

    @contextmanager
    def _phase(self, phase: Phase, runs: Sequence[Run], total: int = 1) -> Iterator[None]:
        """Announces a phase and its end, and books its seconds, shared by ``runs``."""
        live = self._live(runs)
        if not live:
            raise JobCancelled("nobody waits for this any more")
        for run in live:
            self._send(Progress(job=run.job.id, phase=phase, step=0, total=total))
        begun = time.monotonic()
        yield
        share = round((time.monotonic() - begun) / len(runs), 3)
        for run in runs:
            run.seconds[phase] = share
        if phase != "denoise":  # whose last step has been reported by then
            for run in runs:
                if not run.settled:
                    self._send(Progress(job=run.job.id, phase=phase, step=total, total=total))

    @contextmanager
    def _settling(self, runs: Sequence[Run]) -> Iterator[None]:
        """What goes wrong inside is the end of those of ``runs`` that have no end yet."""
        try:
            yield
        except JobCancelled:
            for run in runs:
                self._settle(run, Cancelled(job=run.job.id))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a worker outlives its jobs
            for run in runs:
                run.broke_engine = not isinstance(error, UserError) or is_out_of_memory(error)
                self._settle(run, failed(run.job.id, error))

    def _say_why_singly(self, live: list[Run], error: Exception) -> None:
        log.warning("a batch of %d goes singly", len(live), exc_info=error)
        why = "did not fit into memory" if is_out_of_memory(error) else "failed"
        for run in live:
            if not run.settled:
                message = f"A batch of {len(live)} {why}; its sets are made singly."
                self._send(Notice(job=run.job.id, message=message))

    def _finish(self, run: Run, folder: Path) -> None:
        self._settle(run, Finished(job=run.job.id, folder=str(folder), seconds=run.seconds))

    def _settle(self, run: Run, event: Reply) -> None:
        if run.settled:
            return
        run.settled = True
        run.conditioning = None
        run.previews.clear()
        self._cancellation.settle(run.job.id)
        self._send(event)
