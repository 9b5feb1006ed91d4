"""Captions of a data set in a worker: one set after the other, each written at once."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.events import Cancelled, Finished, Notice, Progress
from ..engines.captioners import Captioner
from ..engines.named import plugged
from ..errors import CaptionInvalid, CaptionUnsure, PictureUnreadable
from ..training.captioning import CaptionJob, caption_for, write_caption
from .cancellation import Cancellation
from .failures import failed
from .protocol import Reply


class Captioning:
    """Carries out one :class:`~icl_studio.worker.protocol.Caption`."""

    def __init__(
        self, job: CaptionJob, cancellation: Cancellation, send: Callable[[Reply], None]
    ) -> None:
        self._job = job
        self._cancellation = cancellation
        self._send = send

    def go(self) -> None:
        """Write what can be written. A set that gets no caption stops no other."""
        job = self._job
        try:
            captioner = create(job)
            for number, item in enumerate(job.items, 1):
                if job.id in self._cancellation:
                    self._send(Cancelled(job=job.id))
                    return
                try:
                    text = caption_for(captioner, item, job)
                    if not write_caption(item.file, text):
                        self._say(f"{item.file} stands meanwhile and was left as it is.")
                except (CaptionInvalid, CaptionUnsure, PictureUnreadable) as error:
                    self._say(str(error))
                done = Progress(job=job.id, phase="caption", step=number, total=len(job.items))
                self._send(done)
            folder = str(job.items[0].file.parent) if job.items else ""
            self._send(Finished(job=job.id, folder=folder))
        # Whatever a captioner raises is told to whoever waits for the job.
        except Exception as error:  # noqa: BLE001
            self._send(failed(job.id, error))
        finally:
            self._cancellation.settle(job.id)

    def _say(self, message: str) -> None:
        self._send(Notice(job=self._job.id, message=message))


def create(job: CaptionJob) -> Captioner:
    """The captioner that the job names, set up. Raises :class:`PluginProblem`."""
    spec = job.captioner
    factory = plugged(
        spec.factory,
        f"The captioner {spec.id!r}",
        fix="Choose another --captioner, or update the plugin.",
        missing=spec.missing(),
    )
    captioner: Captioner = factory(job.options)
    return captioner
