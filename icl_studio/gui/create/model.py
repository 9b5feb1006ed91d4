"""Create behind signals: what is asked of the queue, and the sets that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from ...domain.request import SetRequest
from ...generate.stored import read_request
from ...queue import control
from ...queue.history import pace_of
from ...queue.job import JobRow
from ...queue.store import Filter, Store
from ..handing import EditJob, ShowSet, UseAdapter
from ..studio import Studio
from . import welcome
from .asking import first_seed, jobs_of
from .draft import Draft, History, next_seed
from .drafting import DraftModel
from .room import Room, room_of

RECENT: Final = 24


class CreateModel(DraftModel):
    """Decides; the views show it and tell it what was typed.

    ``queued(ids)`` when sets have been asked for; ``recent_changed`` when :attr:`recent` is new;
    ``paced`` when :attr:`paces` are; ``roomed`` when :attr:`room` is; ``loaded(text)`` when a
    stored request has been taken; ``refused`` when there is something to mend first.
    """

    queued = Signal(list)
    recent_changed = Signal()
    paced = Signal()
    roomed = Signal()
    loaded = Signal(str)
    refused = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(studio, parent)
        self.recent: list[JobRow] = []
        self.paces: dict[str, float] = {}
        self.room: Room | None = None
        self._rooms = 0
        studio.queue_changed.connect(self.look_at_queue)
        studio.bridge.phase_changed.connect(self.look_for_room)
        self.look_at_queue()

    def welcomed(self) -> None:
        """The welcome is over for good."""
        self.studio.background.call(
            self, lambda: self.studio.remembered.save(welcome.FILE, {"done": True})
        )

    def prepare_first(self) -> None:
        """Have a worker load for :meth:`make_first` while the welcome is read."""
        draft, studio = self._first(), self.studio

        def asked() -> SetRequest:
            assert draft is not None
            (job,) = jobs_of(
                draft,
                0,
                studio.registry,
                studio.folders,
                studio.sets_root,
                studio.settings.set_name,
            )
            assert isinstance(job.request, SetRequest)
            return job.request

        if draft is not None:
            studio.bridge.prepare(studio.registry, studio.settings, asked)

    def make_first(self) -> None:
        """The embedded model's storyboard, as ``icl-studio demo`` makes it."""
        draft = self._first()
        if draft is None:
            return
        self.history = History(draft)
        self._after("all")
        self.judged.connect(self._make_first)

    def _first(self) -> Draft | None:
        """What the welcome offers to make; None where the task is switched off."""
        task = self.studio.registry.tasks.get(welcome.TASK)
        if task is None:
            return None
        draft = Draft(task=task.id, model=welcome.MODEL).with_example(task, welcome.MODEL)
        return draft.with_(seed_mode="fixed")

    def _make_first(self) -> None:
        """When it has been judged."""
        self.judged.disconnect(self._make_first)
        self.generate()

    def take_file(self, file: Path) -> None:
        """Write what a set, its picture or a request's JSON asks for."""

        def taken(request: SetRequest) -> None:
            self.take(request)
            self.loaded.emit(file.name)

        self.studio.background.call(self, lambda: read_request(file), taken)

    def receive(self, what: Any) -> None:
        """What other pages hand over: a request, a job to edit, a set's folder to show."""
        if isinstance(what, EditJob):
            self.take(what.request, what.id)
        elif isinstance(what, SetRequest):
            self.take(what)
        elif isinstance(what, ShowSet):
            self.take_file(what.folder)
        elif isinstance(what, UseAdapter):
            self.use_adapter(what)

    def generate(self) -> None:
        """Ask for the sets; or change the job that is being edited."""
        if not self.judgement.sound:
            self.refused.emit()
            return
        draft, seed, studio = self.draft, first_seed(self.draft), self.studio

        def ask(store: Store) -> tuple[str, ...]:
            jobs = jobs_of(
                draft,
                seed,
                studio.registry,
                studio.folders,
                studio.sets_root,
                studio.settings.set_name,
            )
            if draft.job:
                request = jobs[0].request
                assert isinstance(request, SetRequest)
                control.edit(store, draft.job, request)
                return (draft.job,)
            return store.add(jobs)

        studio.desk.ask(self, ask, lambda ids: self._asked_for(ids, draft, seed))

    def cancel(self, ids: Sequence[str]) -> None:
        """Call off those of ``ids`` that are not at their end."""

        def call_off(store: Store) -> None:
            some = [id for id in ids if store.get(id).state in ("waiting", "paused", "running")]
            control.cancel(store, some)

        self.studio.desk.ask(self, call_off)

    def look_at_queue(self) -> None:
        """Read the sets that were made last, and how long such sets take."""
        draft, engines = self.draft, ("auto", *self.studio.registry.engines)

        def read(store: Store) -> tuple[list[JobRow], dict[str, float]]:
            rows = store.page(
                Filter(states=("done",), kind="generate"), limit=RECENT, order="newest"
            )
            paces = {name: pace_of(store, draft.model, name) for name in engines}
            return rows, {name: pace for name, pace in paces.items() if pace is not None}

        self.studio.desk.ask(self, read, self._read_queue, lambda _: None)

    def look_for_room(self) -> None:
        """Find out what the draft's model needs and what is free now."""
        self._rooms += 1
        number, studio, draft = self._rooms, self.studio, self.draft
        ours = (studio.bridge.memory or 0) if studio.bridge.running else None

        def found(room: Room | None) -> None:
            if number == self._rooms and room != self.room:
                self.room = room
                self.roomed.emit()

        studio.background.call(
            self,
            lambda: room_of(
                draft.model,
                draft.engine,
                studio.registry,
                studio.folders,
                studio.settings,
                ours=ours,
            ),
            found,
        )

    def seconds(self, engine: str) -> float | None:
        """How long one set of this draft takes on ``engine``, from sets made here before."""
        pace, layout = self.paces.get(engine), self.judgement.layout
        if pace is None or layout is None:
            return None
        return pace * self.judgement.sampling.steps * layout.canvas.tokens

    def _asked_for(self, ids: tuple[str, ...], draft: Draft, seed: int) -> None:
        if draft.job:
            self.history.replace(self.draft.with_(job=""))
            self._after("job")
            self.studio.go("queue")
            return
        self.history.replace(next_seed(self.draft, seed))
        self._after("seed")
        self.queued.emit(list(ids))
        self.studio.run_queue()
        self.studio.look()

    def _read_queue(self, found: tuple[list[JobRow], dict[str, float]]) -> None:
        recent, paces = found
        if [row.id for row in recent] != [row.id for row in self.recent]:
            self.recent = recent
            self.recent_changed.emit()
        if paces != self.paces:
            self.paces = paces
            self.paced.emit()

    def _after(self, what: str) -> None:
        super()._after(what)
        if what in ("all", "model"):
            self.look_at_queue()
        if what in ("all", "model", "engine"):
            self.look_for_room()

    def _begin(self) -> None:
        super()._begin()
        self.look_for_room()
