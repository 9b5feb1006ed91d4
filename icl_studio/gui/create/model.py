"""Create behind signals: the draft, what is wrong with it, and the sets that come of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from PySide6.QtCore import QObject, QTimer, Signal

from ...domain.model import AdapterUse
from ...domain.request import MAX_SEED, SetRequest
from ...errors import UserError
from ...generate.stored import read_request
from ...queue import control
from ...queue.history import pace_of
from ...queue.job import JobRow
from ...queue.store import Filter, Store
from ..handing import EditJob, ShowSet, UseAdapter
from ..studio import Studio
from ..texts import tr
from . import welcome
from .asking import first_seed, jobs_of
from .draft import Draft, History, draft_of, next_seed
from .judging import Judge, Judgement
from .presets import Presets
from .room import Room, room_of

DRAFT: Final = "create-draft"
JUDGE_MILLIS: Final = 60
KEEP_MILLIS: Final = 500
RECENT: Final = 24


class CreateModel(QObject):
    """Decides; the views show it and tell it what was typed.

    ``changed(what)`` after every change of the draft, ``what`` the field or ``all``; ``judged``
    when :attr:`judgement` is new; ``queued(ids)`` when sets have been asked for; ``recent_changed``
    when :attr:`recent` is new; ``paced`` when :attr:`paces` are; ``roomed`` when :attr:`room` is;
    ``loaded(text)`` when a stored
    request has been taken; ``first_start`` once, where nobody has been here before.
    """

    changed = Signal(str)
    judged = Signal()
    queued = Signal(list)
    recent_changed = Signal()
    paced = Signal()
    roomed = Signal()
    loaded = Signal(str)
    refused = Signal()
    first_start = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self.history = History(Draft(model=studio.settings.model, engine=studio.settings.engine))
        self.judgement = Judgement()
        self.recent: list[JobRow] = []
        self.paces: dict[str, float] = {}
        self.room: Room | None = None
        self._rooms = 0
        self.presets = Presets(studio, self)
        self.restored = False
        self._handed: tuple[SetRequest, str] | None = None
        self._adapter: UseAdapter | None = None
        self._judge = Judge(studio.registry, studio.folders)
        self._asked = 0
        self._judging = QTimer(self, singleShot=True, interval=JUDGE_MILLIS)
        self._judging.timeout.connect(self._ask_judge)
        self._keeping = QTimer(self, singleShot=True, interval=KEEP_MILLIS)
        self._keeping.timeout.connect(self.keep)
        studio.tasks_changed.connect(self._tasks_changed)
        studio.queue_changed.connect(self.look_at_queue)
        studio.bridge.phase_changed.connect(self.look_for_room)
        studio.background.call(self, self._read, self._restore, self._not_read)
        self.look_at_queue()

    @property
    def draft(self) -> Draft:
        return self.history.now

    @property
    def panels(self) -> int:
        task = self.studio.registry.tasks.get(self.draft.task)
        return len(task.layout.panels) if task else len(self.draft.typed(0).panels)

    def type_text(self, place: str, text: str) -> None:
        """Another text at ``summary`` or ``panel1`` …"""
        self._change(self.draft.with_text(place, text, self.panels), place)

    def choose_task(self, id: str) -> None:
        """Another task; with its example where nothing has been typed for it yet."""
        task = self.studio.registry.tasks.get(id)
        if task is None or id == self.draft.task:
            return
        model = self.studio.registry.models.get(self.draft.model)
        if id in self.draft.texts:
            self._change(self.draft.with_(task=id), "all")
        else:
            family = model.family if model else ""
            seed = self.draft.seed
            self._change(self.draft.with_example(task, family).with_(seed=seed), "all")

    def set(self, **facts: Any) -> None:
        """Change fields of the draft other than texts."""
        self._change(self.draft.with_(**facts), ",".join(sorted(facts)))

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

    def draw_seed(self) -> None:
        """Another seed, by chance, which then stays."""
        self._change(self.draft.with_(seed=secrets.randbelow(MAX_SEED), seed_mode="fixed"), "seed")

    def undo(self) -> None:
        if self.history.undo():
            self._after("all")

    def redo(self) -> None:
        if self.history.redo():
            self._after("all")

    def use_preset(self, name: str) -> None:
        """The look of a preset, put over the draft."""
        look = self.presets.look(name)
        if look is None:
            return
        try:
            self._change(self.draft.with_look(look), "all")
        except ValidationError:
            self.studio.tell(tr("The preset {name} is damaged.", name=name), "error")

    def take(self, request: SetRequest, job: str = "") -> None:
        """Write ``request`` anew, or the queued job ``job`` that asks for it."""
        if not self.restored:
            self._handed = (request, job)
            return
        task = self.studio.registry.tasks.get(request.task)
        self._change(draft_of(request, task, self.draft, job), "all")

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

    def use_adapter(self, what: UseAdapter) -> None:
        """Another task and model if need be, and this adapter alone; texts stay by task."""
        if not self.restored:
            self._adapter = what
            return
        self.choose_task(what.task)
        alone = (AdapterUse(source=str(what.file)),)
        self._change(self.draft.with_(model=what.model, adapters=alone), "all")

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

    def stop_editing(self) -> None:
        """The draft is a new set again."""
        if self.draft.job:
            self._change(self.draft.with_(job=""), "job")

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

    def keep(self) -> None:
        """Write the draft to the disk; called half a second after the last change."""
        self._keeping.stop()
        data = self.draft.model_dump(mode="json")
        self.studio.background.call(self, lambda: self.studio.remembered.save(DRAFT, data))

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

    def _change(self, draft: Draft, what: str) -> None:
        if self.history.change(draft, what):
            self._after(what)

    def _after(self, what: str) -> None:
        self._judging.start()
        self._keeping.start()
        self.changed.emit(what)
        if what in ("all", "model"):
            self.look_at_queue()
        if what in ("all", "model", "engine"):
            self.look_for_room()

    def _ask_judge(self) -> None:
        self._asked += 1
        draft, judge, number = self.draft, self._judge, self._asked

        def answered(judgement: Judgement) -> None:
            if number == self._asked:  # an older answer is about a text that is gone
                self.judgement = judgement
                self.judged.emit()

        self.studio.background.call(self, lambda: judge.judge(draft), answered)

    def _tasks_changed(self) -> None:
        self._judge = Judge(self.studio.registry, self.studio.folders)
        self._ask_judge()
        self.changed.emit("tasks")

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        remembered = self.studio.remembered
        return remembered.load(DRAFT), remembered.load(welcome.FILE)

    def _restore(self, found: tuple[dict[str, Any], dict[str, Any]]) -> None:
        data, been_here = found
        if data:
            try:
                self.history = History(Draft.model_validate(data))
            except ValidationError:
                self.studio.background.call(
                    self, lambda: self.studio.remembered.set_aside(DRAFT), self._say
                )
        handed = self._handed
        self._begin()
        if not data and not been_here and handed is None:
            self.first_start.emit()

    def _not_read(self, error: Exception) -> None:
        self.studio.tell_error(error)
        self._begin()

    def _begin(self) -> None:
        """With what was typed before, else with the example of the first task."""
        self.restored = True
        tasks = self.studio.registry.tasks
        draft = self.draft
        if not draft.texts and tasks:
            task = tasks.get(draft.task) or next(iter(tasks.values()))
            model = self.studio.registry.models.get(draft.model)
            self.history = History(draft.with_example(task, model.family if model else ""))
        self._ask_judge()
        self.look_for_room()
        self.changed.emit("all")
        if self._handed is not None:
            self.take(*self._handed)
        if self._adapter is not None:
            self.use_adapter(self._adapter)

    def _say(self, error: UserError) -> None:
        self.studio.tell_error(error)

    def _read_queue(self, found: tuple[list[JobRow], dict[str, float]]) -> None:
        recent, paces = found
        if [row.id for row in recent] != [row.id for row in self.recent]:
            self.recent = recent
            self.recent_changed.emit()
        if paces != self.paces:
            self.paces = paces
            self.paced.emit()
