"""What takes a while with sets: run again, verify, export. Each in a thread; each says its end."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ...domain.events import Event
from ...domain.request import MAX_SEED
from ...errors import JobCancelled
from ...generate.verifying import verify_set
from ...queue.job import NewJob
from ...queue.store import Store
from ...sets.deliver import Delivered, Delivery, deliver
from ...sets.library import Entry
from ...sets.record import read_record
from ...sets.verify import Verdict
from ..studio import Studio
from ..texts import tr, trn


class Doings(QObject):
    """``verified(folder, words)`` when a set was made again, whatever came of it."""

    verified = Signal(object, str)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._closed = False

    def close(self) -> None:
        """Whatever is being verified is given up at its next step."""
        self._closed = True

    def run_again(self, entries: Sequence[Entry]) -> None:
        """Queue the requests of these sets with seeds of their own, and work on the queue."""
        studio = self._studio
        jobs = [
            NewJob(
                request=entry.record.request.with_seed(secrets.randbelow(MAX_SEED + 1)),
                out=studio.sets_root,
                set_name=studio.settings.set_name,
            )
            for entry in entries
        ]

        def add(store: Store) -> int:
            return len(store.add(jobs))

        def added(count: int) -> None:
            studio.tell(trn("{n} set queued", "{n} sets queued", count))
            studio.look()
            studio.run_queue()

        studio.desk.ask(self, add, added, studio.tell_error)

    def verify(self, entry: Entry) -> None:
        """Make a set again in a temporary folder and say whether it comes out the same."""
        studio = self._studio

        def heard(_: Event) -> None:
            if self._closed:
                raise JobCancelled

        def work() -> Verdict:
            return verify_set(entry, studio.registry, studio.folders, on_event=heard)

        def failed(error: Exception) -> None:
            self.verified.emit(entry.folder, tr("It could not be verified: {why}", why=error))

        studio.background.call(
            self, work, lambda verdict: self.verified.emit(entry.folder, f"{verdict}"), failed
        )

    def export(self, folders: Sequence[Path], to: Path, delivery: Delivery) -> None:
        """Write files as ``icl-studio export`` does."""

        def work() -> list[Delivered]:
            return deliver([Entry(place, read_record(place)) for place in folders], to, delivery)

        def done(files: list[Delivered]) -> None:
            text = trn("{n} file written to {to}", "{n} files written to {to}", len(files), to=to)
            self._studio.tell(text)

        self._studio.background.call(self, work, done, self._studio.tell_error)
