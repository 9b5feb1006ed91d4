"""What can be done with the jobs of the queue, in its own thread, and the way back from each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ...queue import control, undo
from ...queue.job import JobRow
from ...queue.store import Store
from ...shotlists.checking import Checked
from ..handing import EditJob
from ..studio import Studio
from ..texts import trn
from .lists import queue_list
from .telling import kept_words, mend_for


class QueueActions(QObject):
    """Acts and remembers how each act is taken back; ``acted(text)`` says what was done."""

    acted = Signal(str)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self._undo: list[Callable[[Store], object]] = []

    def act(self, name: str, ids: Sequence[str]) -> None:
        """``pause``, ``resume``, ``cancel``, ``retry``, ``duplicate``, ``first`` or ``last``."""
        some = tuple(ids)
        if not some:
            return
        does: dict[str, Callable[[Store], object]] = {
            "pause": lambda store: control.pause(store, some),
            "resume": lambda store: control.resume(store, some),
            "cancel": lambda store: _call_off(store, some),
            "retry": lambda store: control.retry(store, some),
            "duplicate": lambda store: control.duplicate(store, some),
            "first": lambda store: _move(store, some, "first"),
            "last": lambda store: _move(store, some, "last"),
        }
        n = len(some)
        said = {
            "pause": trn("{n} job paused.", "{n} jobs paused.", n),
            "resume": trn("{n} job resumed.", "{n} jobs resumed.", n),
            "cancel": trn("{n} job called off.", "{n} jobs called off.", n),
            "retry": trn("{n} job is tried again.", "{n} jobs are tried again.", n),
            "duplicate": trn("{n} job doubled.", "{n} jobs doubled.", n),
            "first": trn("{n} job moved.", "{n} jobs moved.", n),
            "last": trn("{n} job moved.", "{n} jobs moved.", n),
        }

        def done(answer: object) -> None:
            back = self._way_back(name, some, answer)
            if back is not None:
                self._undo.append(back)
            self.acted.emit(said[name])
            self.studio.look()

        self.studio.desk.ask(self, does[name], done)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    def undo(self) -> None:
        """Take the last change back, as far as the queue still allows it; what it does not, is
        said by ``acted``."""

        def done(answer: object) -> None:
            self.acted.emit(kept_words(answer) if isinstance(answer, undo.TakenBack) else "")
            self.studio.look()

        if self._undo:
            self.studio.desk.ask(self, self._undo.pop(), done)

    def move(self, ids: Sequence[str], before: str) -> None:
        """Put jobs before another one, or with an empty ``before`` last."""
        some = tuple(ids)

        def done(stood: tuple[undo.Stood, ...]) -> None:
            self._undo.append(lambda store: undo.put_back(store, stood))
            self.acted.emit(trn("{n} job moved.", "{n} jobs moved.", len(some)))
            self.studio.look()

        self.studio.desk.ask(self, lambda store: _move(store, some, before or "last"), done)

    def mend(self, row: JobRow) -> None:
        """Do what helps ``row``."""
        mend = mend_for(row)
        if mend is None:
            return
        if mend.act == "edit":
            self.edit(row.id)
        else:
            self.act(mend.act, [row.id])

    def edit(self, id: str) -> None:
        """Bring the job to Create; one that failed is written there as a new set."""

        def read(store: Store) -> EditJob:
            job = store.get(id)
            same = job.state in ("waiting", "paused")
            return EditJob(id if same else "", job.request)

        self.studio.desk.ask(self, read, lambda found: self.studio.go("create", found))

    def pause_all(self, paused: bool) -> None:
        """Claim nothing any more, or go on."""
        self.studio.desk.ask(
            self,
            lambda store: control.pause_queue(store, paused),
            lambda _: self.studio.look(),
        )

    def clear_done(self) -> None:
        """Take done and cancelled jobs off the list; their sets stay."""
        self.studio.desk.ask(self, control.clear, lambda _: self.studio.look())

    def accept(self, file: Path, found: Checked) -> None:
        """Queue the good rows of a checked list."""
        studio = self.studio
        studio.desk.ask(
            self,
            lambda store: queue_list(
                store, found, file.stem, studio.sets_root, studio.settings.set_name
            ),
            lambda ids: self._accepted(len(ids), ids),
        )

    def _accepted(self, n: int, ids: Sequence[str]) -> None:
        some = tuple(ids)
        self._undo.append(lambda store: control.cancel(store, some))
        self.acted.emit(trn("{n} set queued.", "{n} sets queued.", n))
        self.studio.look()

    def _way_back(
        self, name: str, ids: tuple[str, ...], answer: object
    ) -> Callable[[Store], object] | None:
        match name:
            case "pause":
                return lambda store: control.resume(store, ids)
            case "resume":
                return lambda store: control.pause(store, ids)
            case "cancel" if isinstance(answer, tuple):
                return lambda store: _call_in(store, ids, answer)
            case "first" | "last" if isinstance(answer, tuple):
                return lambda store: undo.put_back(store, answer)
            case "retry" if isinstance(answer, tuple):
                return lambda store: undo.take_back(store, answer)
            case "duplicate" if isinstance(answer, tuple):
                return lambda store: control.cancel(store, answer)
        return None


def _move(store: Store, ids: Sequence[str], where: str) -> tuple[undo.Stood, ...]:
    """Move jobs; where they stood before."""
    stood = undo.stood(store, ids)
    control.move(store, ids, where)
    return stood


def _call_off(store: Store, ids: Sequence[str]) -> tuple[str, ...]:
    """Call jobs off; those of them that were paused, and are to be again when it is undone."""
    paused = tuple(id for id in ids if store.get(id).state == "paused")
    control.cancel(store, ids)
    return paused


def _call_in(store: Store, ids: Sequence[str], paused: Sequence[str]) -> None:
    """Undo :func:`_call_off`."""
    control.retry(store, ids)
    control.pause(store, paused)
