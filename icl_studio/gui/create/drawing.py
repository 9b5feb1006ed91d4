"""The sets under way that this page has asked for: what they look like by now, and when done."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ...domain.events import Cancelled, Event, Failed, Finished, Progress, Started
from ...errors import NotFound
from ...queue.job import Job
from ...queue.states import UNFINISHED
from ...queue.store import Store
from ...sets.record import SHEET_FILE
from ..images import read_image
from ..studio import Studio
from ..texts import clock, tr

MOST = 2048


class Drawing(QObject):
    """Follows jobs by their ids.

    ``pictured(image, sharp)`` shows what there is by now; ``progressed(part, text)`` how far it
    is, ``part`` None while nothing is under way; ``failed(sentence, job)`` why one could not be
    made; ``done(folder)`` a set that stands.
    """

    pictured = Signal(QImage, bool)
    progressed = Signal(object, str)
    failed = Signal(str, str)
    done = Signal(Path)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._open: list[str] = []
        self._asked = 0
        self._ended = 0
        self._shown = 0
        studio.bridge.heard.connect(self._heard)
        studio.queue_changed.connect(self._look)

    @property
    def open_jobs(self) -> tuple[str, ...]:
        """Jobs that are not at their end."""
        return tuple(self._open)

    def follow(self, ids: list[str]) -> None:
        """Follow these jobs too."""
        if not self._open:
            self._asked = self._ended = 0
        self._open += [id for id in ids if id not in self._open]
        self._asked += len(ids)
        self.progressed.emit(0.0, self._numbered(tr("Starting the worker")))

    def show_set(self, folder: Path) -> None:
        """Show the sheet of a finished set."""
        self._read(str(folder / SHEET_FILE), sharp=True)

    def _heard(self, event: Event) -> None:
        if event.job not in self._open:
            return
        match event:
            case Started():
                self.progressed.emit(0.0, self._numbered(tr("Starting")))
            case Progress():
                self._progress(event)
            case Finished():
                self._end(event.job)
                self.show_set(Path(event.folder))
                self.done.emit(Path(event.folder))
            case Failed():
                self._end(event.job)
                self.failed.emit(f"{event.message} {event.fix}".strip(), event.job)
            case Cancelled():
                self._end(event.job)

    def _look(self) -> None:
        """Jobs come to their end without a word too: called off elsewhere, made by another."""
        open_ = self.open_jobs

        def read(store: Store) -> dict[str, Job | None]:
            found: dict[str, Job | None] = dict.fromkeys(open_)
            for id in open_:
                with suppress(NotFound):  # taken out of the queue by another program
                    found[id] = store.get(id)
            return found

        if open_:
            self._studio.desk.ask(self, read, self._looked, lambda _: None)

    def _looked(self, found: dict[str, Job | None]) -> None:
        for id, job in found.items():
            if id not in self._open or (job is not None and job.state in UNFINISHED):
                continue
            self._end(id)
            if job is not None and job.folder is not None:
                self.show_set(job.folder)
                self.done.emit(job.folder)
            elif job is not None and job.error is not None:
                self.failed.emit(f"{job.error.message} {job.error.fix}".strip(), id)

    def _progress(self, event: Progress) -> None:
        said = {
            "load": tr("Loading the model"),
            "encode": tr("Reading the texts"),
            "denoise": tr("Drawing, step {n} of {total}", n=event.step, total=event.total),
            "decode": tr("Developing"),
            "save": tr("Saving"),
        }.get(event.phase, "")
        if event.eta is not None and event.phase != "load":
            said = tr("{doing}, about {time} left", doing=said, time=clock(event.eta))
        part = event.step / event.total if event.phase == "denoise" and event.total else None
        if event.phase in ("decode", "save"):
            part = 1.0
        self.progressed.emit(part or 0.0, self._numbered(said))
        if event.preview:
            self._read(event.preview, sharp=False)

    def _read(self, file: str, *, sharp: bool) -> None:
        """Only the newest is shown; a preview that is gone by now was followed by a better one."""
        self._shown += 1
        number = self._shown

        def shown(image: QImage) -> None:
            if number == self._shown:
                self.pictured.emit(image, sharp)

        def gone(error: Exception) -> None:
            if sharp:
                self._studio.tell_error(error)

        self._studio.background.call(self, lambda: read_image(Path(file), MOST), shown, gone)

    def _end(self, job: str) -> None:
        self._open.remove(job)
        self._ended += 1
        if not self._open:
            self.progressed.emit(None, "")

    def _numbered(self, said: str) -> str:
        if self._asked <= 1:
            return said
        n = min(self._ended + 1, self._asked)
        return tr("Set {n} of {total}: {doing}", n=n, total=self._asked, doing=said)
