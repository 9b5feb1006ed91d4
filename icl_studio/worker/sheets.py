"""The sheets of a group of jobs: denoised together or singly, decoded, saved."""

from __future__ import annotations

import logging
import time
from statistics import median

from PIL.Image import Image

from ..domain.events import Progress
from ..engines.exhaustion import is_out_of_memory
from ..engines.protocol import DenoiseItem, Engine, Portable, StepReport
from ..errors import JobCancelled
from ..sets.receipt import build_receipt
from ..sets.save import save_set
from .batches import kind_of
from .desk import Desk
from .kit import Kit
from .pace import Work
from .run import Run, chunks

log = logging.getLogger(__name__)


PASS = 8
"""Sheets between two turns of the components; as many as a claim of the queue has jobs."""


class Sheets:
    """Makes the sets of one group, whose jobs share everything but caption and seed.

    ``everyone`` are all runs of the command, whose time is told as well. With an ``origin``
    (:meth:`.latents.Latents.origin`) the group is made in phases: a pass of sheets is denoised
    before the first of it is decoded, so that the transformer and the VAE need not lie on the
    device together, and what has been denoised is on disk meanwhile. Without one, each sheet is
    saved before the next is begun: whoever waits for it sees it at once.
    """

    def __init__(
        self,
        engine: Engine,
        kit: Kit,
        desk: Desk,
        everyone: list[Run],
        origin: str | None = None,
    ) -> None:
        self._engine = engine
        self._kit = kit
        self._desk = desk
        self._everyone = everyone
        self._origin = origin

    def make(self, group: list[Run], batch: int) -> None:
        """Every sheet of ``group``, up to ``batch`` at a time; see :class:`.batches.BatchSizes`."""
        left = [run for run in group if not run.settled]
        kind = kind_of(self._engine, group[0].job)
        while left:
            size = self._kit.batches.choose(kind, batch)
            some, left = _split(left, size if self._origin is None else max(PASS, size))
            todo = [run for run in some if run.latents is None]
            while todo:
                chunk, todo = _split(todo, self._kit.batches.choose(kind, batch))
                self._draw(chunk)
            for run in some:
                if not run.settled:
                    with self._desk.settling([run]):
                        self._develop(run)

    def _draw(self, chunk: list[Run]) -> None:
        """Denoise the sheets of ``chunk`` together, or fewer at a time."""
        with self._desk.settling(chunk):
            live = self._desk.live(chunk)
            if len(live) == 1:
                self._alone(live)
            elif live:
                try:
                    self._denoise(live)
                except JobCancelled:
                    raise
                except Exception as error:  # noqa: BLE001 - too large, or one sheet at fault
                    self._in_parts(live, error)

    def _alone(self, live: list[Run]) -> None:
        """Denoise one sheet, with less memory if need be."""
        (run,) = live
        self._kit.ladder.climb(
            self._engine,
            run.job,
            "denoise",
            lambda: self._denoise(live),
            lambda message: self._desk.notice(live, message),
        )

    def _in_parts(self, live: list[Run], error: Exception) -> None:
        """Half as many at a time when memory ran out, else singly."""
        full = is_out_of_memory(error)
        if full:
            self._kit.batches.did_not_fit(kind_of(self._engine, live[0].job), len(live))
        size = -(-len(live) // 2) if full else 1
        log.warning("a batch of %d is made %d at a time", len(live), size, exc_info=error)
        why = "did not fit into memory" if full else "failed"
        how = f"{size} at a time" if size > 1 else "singly"
        self._desk.notice(live, f"A batch of {len(live)} {why}; its sets are made {how}.")
        for part in chunks(live, size):
            self._draw(part)

    def _develop(self, run: Run) -> None:
        """Decode and save a sheet that has been denoised."""
        begun = time.monotonic()
        with self._desk.phase("decode", [run]):
            (sheet,) = self._kit.ladder.climb(
                self._engine,
                run.job,
                "decode",
                lambda: self._engine.decode([run.latents]),
                lambda message: self._desk.notice([run], message),
            )
        self._save(run, sheet)
        self._kit.pace.sheet_took(time.monotonic() - begun)

    def _denoise(self, live: list[Run]) -> None:
        """One batch; each of ``live`` has its latents then."""
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
        steps: list[float] = []

        def on_step(report: StepReport) -> None:
            nonlocal last
            steps.append(time.monotonic() - last)
            self._kit.pace.step_took(steps[-1], request.layout.canvas.tokens, len(live))
            self._report_step(live, report)
            last = time.monotonic()

        log.info("denoising %d sheet(s)", len(live))
        with self._desk.phase("denoise", live, total=request.sampling.steps):
            latents = self._engine.denoise(items, on_step)
        kind = kind_of(self._engine, live[0].job)
        self._kit.batches.took(kind, len(live), median(steps) / len(live) if steps else 0.0)
        for run, latent in zip(live, latents, strict=True):
            run.latents, run.batch = latent, len(live)
            if self._origin is not None and isinstance(self._engine, Portable) and not run.settled:
                self._kit.latents.keep(self._engine, run, self._origin)

    def _report_step(self, live: list[Run], report: StepReport) -> None:
        """Stop if every sheet of the batch was cancelled, else tell how far they are."""
        if not self._desk.live(live):
            raise JobCancelled("every sheet of the batch was cancelled")
        request = live[0].job.request
        ahead = Work(report.total - report.step, request.layout.canvas.tokens, len(live))
        behind = [run.work for run in self._everyone if not run.settled and run not in live]
        for index, run in enumerate(live):
            if run.settled:
                continue
            preview = None
            if run.previews.due and report.step < report.total:
                preview = run.previews.write(report.preview(index), report.step)
            self._desk.send(
                Progress(
                    job=run.job.id,
                    phase="denoise",
                    step=report.step,
                    total=report.total,
                    eta=self._kit.pace.seconds(ahead),
                    eta_all=self._kit.pace.seconds(ahead, *behind),
                    preview=preview,
                )
            )

    def _save(self, run: Run, sheet: Image) -> None:
        """Crop, write and commit the set. Not to be cancelled once begun: it is one rename."""
        if not self._desk.live([run]):
            return
        job = run.job
        with self._desk.phase("save", [run]):
            receipt = build_receipt(
                self._engine.facts,
                job.model,
                job.adapters,
                job.request,
                self._kit.hashes,
                dict(run.seconds),
                run.batch,
                self._kit.ladder.changing(job),
            )
            folder = save_set(
                job.out, job.id, job.request, sheet, receipt, folder_name=job.folder_name
            )
        self._kit.latents.drop(job.id)
        self._desk.finish(run, folder)


def _split(runs: list[Run], size: int) -> tuple[list[Run], list[Run]]:
    return runs[:size], runs[size:]
