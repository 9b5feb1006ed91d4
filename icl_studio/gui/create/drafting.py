"""The draft behind signals: typed, undone, judged, kept; nothing here asks for a set."""

from __future__ import annotations

import secrets
from typing import Any, Final

from pydantic import ValidationError
from PySide6.QtCore import QObject, QTimer, Signal

from ...domain.model import AdapterUse
from ...domain.request import MAX_SEED, SetRequest
from ...errors import UserError
from ..handing import UseAdapter
from ..studio import Studio
from ..texts import tr
from . import welcome
from .draft import Draft, History, draft_of
from .judging import Judge, Judgement
from .presets import Presets

DRAFT: Final = "create-draft"
JUDGE_MILLIS: Final = 60
KEEP_MILLIS: Final = 500


class DraftModel(QObject):
    """``changed(what)`` after every change of the draft, ``what`` the field or ``all``; ``judged``
    when :attr:`judgement` is new; ``first_start`` once, where nobody has been here before.
    """

    changed = Signal(str)
    judged = Signal()
    first_start = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self.studio = studio
        self.history = History(Draft(model=studio.settings.model, engine=studio.settings.engine))
        self.judgement = Judgement()
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
        studio.background.call(self, self._read, self._restore, self._not_read)

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

    def use_adapter(self, what: UseAdapter) -> None:
        """Another task and model if need be, and this adapter alone; texts stay by task."""
        if not self.restored:
            self._adapter = what
            return
        self.choose_task(what.task)
        alone = (AdapterUse(source=str(what.file)),)
        self._change(self.draft.with_(model=what.model, adapters=alone), "all")

    def stop_editing(self) -> None:
        """The draft is a new set again."""
        if self.draft.job:
            self._change(self.draft.with_(job=""), "job")

    def keep(self) -> None:
        """Write the draft to the disk; called half a second after the last change."""
        self._keeping.stop()
        data = self.draft.model_dump(mode="json")
        self.studio.background.call(self, lambda: self.studio.remembered.save(DRAFT, data))

    def _change(self, draft: Draft, what: str) -> None:
        if self.history.change(draft, what):
            self._after(what)

    def _after(self, what: str) -> None:
        self._judging.start()
        self._keeping.start()
        self.changed.emit(what)

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
        self.changed.emit("all")
        if self._handed is not None:
            self.take(*self._handed)
        if self._adapter is not None:
            self.use_adapter(self._adapter)

    def _say(self, error: UserError) -> None:
        self.studio.tell_error(error)
