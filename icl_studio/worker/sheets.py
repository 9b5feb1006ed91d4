"""The sheets of a group of jobs: denoised together or singly, decoded, saved."""

from __future__ import annotations

import logging
import time

from PIL.Image import Image

from ..domain.events import Progress
from ..engines.protocol import DenoiseItem, Engine, StepReport
from ..errors import JobCancelled
from ..sets.receipt import build_receipt
from ..sets.save import save_set
from .desk import Desk
from .failures import is_out_of_memory
from .kit import Kit
from .pace import Work
from .run import Run, chunks

log = logging.getLogger(__name__)


class Sheets:
    """Makes the sets of one group, whose jobs share everything but caption and seed.

    ``everyone`` are all runs of the command, whose time is told as well.
    """

    def __init__(self, engine: Engine, kit: Kit, desk: Desk, everyone: list[Run]) -> None:
        self._engine = engine
        self._kit = kit
        self._desk = desk
        self._everyone = everyone

    def make(self, group: list[Run], batch: int) -> None:
        """Every sheet of ``group``, up to ``batch`` at a time; each is saved before the next."""
        for chunk in chunks([run for run in group if not run.settled], batch):
            with self._desk.settling(chunk):
                self._together(chunk)

    def _together(self, chunk: list[Run]) -> None:
        """Denoise, decode and save the sheets of ``chunk`` together, or one by one if need be."""
        live = self._desk.live(chunk)
        if not live:
            return
        try:
            latents = self._denoise(live)
            begun = time.monotonic()
            with self._desk.phase("decode", live):
                sheets = self._engine.decode(latents)
        except JobCancelled:
            raise
        except Exception as error:
            # One sheet of a batch may be at fault, or the batch too large: go singly.
            if len(live) == 1:
                raise
            self._say_why_singly(live, error)
            for run in live:
                with self._desk.settling([run]):
                    self._together([run])
            return
        for run, sheet in zip(live, sheets, strict=True):
            with self._desk.settling([run]):
                self._save(run, sheet, batch=len(live))
        self._kit.pace.sheet_took((time.monotonic() - begun) / len(live))

    def _denoise(self, live: list[Run]) -> list[object]:
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
            self._kit.pace.step_took(now - last, request.layout.canvas.tokens, len(live))
            self._report_step(live, report)
            last = time.monotonic()

        log.info("denoising %d sheet(s)", len(live))
        with self._desk.phase("denoise", live, total=request.sampling.steps):
            return self._engine.denoise(items, on_step)

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

    def _save(self, run: Run, sheet: Image, *, batch: int) -> None:
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
                batch,
            )
            folder = save_set(
                job.out, job.id, job.request, sheet, receipt, folder_name=job.folder_name
            )
        self._desk.finish(run, folder)

    def _say_why_singly(self, live: list[Run], error: Exception) -> None:
        log.warning("a batch of %d goes singly", len(live), exc_info=error)
        why = "did not fit into memory" if is_out_of_memory(error) else "failed"
        self._desk.notice(live, f"A batch of {len(live)} {why}; its sets are made singly.")
