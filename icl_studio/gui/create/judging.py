"""What is wrong with a draft, found while it is typed: the caption, its tokens, its markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...domain.caption import CaptionParts, TokenCounter
from ...domain.layout import Layout
from ...domain.markers import MARKER
from ...domain.model import AdapterUse, ModelSpec, Sampling
from ...domain.problems import Problem, UserError
from ...domain.task import TaskSpec
from ...generate.asking import unknown_words
from ...paths import UserFolders
from ...plugins import Registry
from ...shotlists.choices import chosen, has_choices
from ...shotlists.lookups import Lookups
from .draft import Draft, Texts

Span = tuple[int, int]


@dataclass(frozen=True)
class Judgement:
    """A draft as its task and model see it.

    ``caption`` is the joint caption as it stands, with wildcards put in for ``seed``; ``openings``
    are where its markers lie. ``wrong`` maps a place (``summary``, ``panel1`` …) to the
    stretches of its text that cannot stay. ``tokens`` is None while nothing can count them.
    ``adapters`` and ``sampling`` are what would be used, the task's own included.
    """

    task: TaskSpec | None = None
    model: ModelSpec | None = None
    layout: Layout | None = None
    caption: str = ""
    openings: tuple[Span, ...] = ()
    tokens: int | None = None
    limit: int = 0
    wild: bool = False
    seed: int = 0
    problems: tuple[Problem, ...] = ()
    wrong: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    adapters: tuple[AdapterUse, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def sound(self) -> bool:
        """Whether it can be made; False while nothing has been judged yet."""
        return self.task is not None and not self.problems

    @property
    def markers_sound(self) -> bool:
        return not self.wrong

    def problems_at(self, place: str) -> tuple[Problem, ...]:
        """What is wrong with the text at ``place``."""
        where = place.replace("panel", "panel ") if place != "summary" else place
        return tuple(problem for problem in self.problems if problem.where == where)


class Judge:
    """Judges drafts, in one thread at a time; what models and LoRAs are is looked up once."""

    def __init__(self, registry: Registry, folders: UserFolders) -> None:
        self._registry = registry
        self._folders = folders
        self._lookups = Lookups(registry, folders)

    def judge(self, draft: Draft) -> Judgement:
        """Everything that is so with ``draft``; raises nothing over what was typed."""
        task = self._registry.tasks.get(draft.task)
        if task is None:
            return Judgement(problems=(_gone(draft.task),))
        found: list[Problem] = []
        model, counter = self._model(draft.model, found)
        texts, wild = self._texts(draft, task, found)
        parts = CaptionParts(summary=texts.summary, panels=texts.panels)
        found += task.caption.problems(parts, counter)
        caption = task.caption.written(parts)
        adapters = _adapters(draft, task, model)
        self._means(draft, adapters, found)
        usual = (model.sampling if model else None) or task.sampling
        return Judgement(
            task=task,
            model=model,
            layout=_layout(task, model, found),
            caption=caption,
            openings=tuple(_openings(caption, task)),
            tokens=counter.count(caption) if counter else None,
            limit=counter.limit if counter else 0,
            wild=wild,
            seed=draft.seed,
            problems=tuple(found),
            wrong=_wrong(draft.typed(len(texts.panels)), task, found),
            hints=_hints(model, parts),
            adapters=adapters,
            sampling=Sampling(
                steps=usual.steps if draft.steps is None else draft.steps,
                guidance=usual.guidance if draft.guidance is None else draft.guidance,
            ),
        )

    def _model(
        self, name: str, found: list[Problem]
    ) -> tuple[ModelSpec | None, TokenCounter | None]:
        try:
            return self._lookups.model(name)
        except UserError as error:
            found.append(Problem(where="model", what=error.message, fix=error.fix))
            return None, None

    def _texts(self, draft: Draft, task: TaskSpec, found: list[Problem]) -> tuple[Texts, bool]:
        """The texts with every choice made, and whether there were any."""
        return made_choices(draft, task, draft.seed, self._folders.data / "wildcards", found)

    def _means(self, draft: Draft, adapters: Sequence[AdapterUse], found: list[Problem]) -> None:
        """Engine and LoRAs: are they here."""
        error = self._lookups.engine(draft.engine)
        if error is not None:
            found.append(Problem(where="engine", what=error.message, fix=error.fix))
        for use in adapters:
            try:
                self._lookups.lora(use)
            except UserError as refused:
                found.append(Problem(where="LoRA", what=refused.message, fix=refused.fix))


def made_choices(
    draft: Draft, task: TaskSpec, seed: int, wildcards: Path, found: list[Problem]
) -> tuple[Texts, bool]:
    """The texts of ``draft`` as they are drawn with ``seed``, and whether any had a choice."""
    typed = draft.typed(len(task.layout.panels))
    places = ("summary", *(f"panel{n}" for n in range(1, len(typed.panels) + 1)))
    said: list[str] = []
    wild = False
    for place in places:
        text = typed.at(place)
        wild |= has_choices(text)
        try:
            said.append(chosen(text, seed, place, wildcards))
        except UserError as error:
            where = place.replace("panel", "panel ")
            found.append(Problem(where=where, what=error.message, fix=error.fix))
            said.append(text)
    return Texts(summary=said[0], panels=tuple(said[1:])), wild


def _gone(task: str) -> Problem:
    return Problem(
        where="task",
        what=f"The task {task!r} is not there any more; your texts are kept.",
        fix="Switch its plugin on again, or choose another task.",
    )


def _adapters(draft: Draft, task: TaskSpec, model: ModelSpec | None) -> tuple[AdapterUse, ...]:
    if draft.adapters is not None:
        return draft.adapters
    own = task.adapter_for(model.family) if model else None
    return (AdapterUse(source=own.source, weight=own.weight),) if own else ()


def _layout(task: TaskSpec, model: ModelSpec | None, found: list[Problem]) -> Layout:
    if model is None:
        return task.layout
    try:
        return task.layout.fitted(model.canvas)
    except UserError as error:
        found += error.problems or (Problem(where="layout", what=error.message, fix=error.fix),)
        return task.layout


def _openings(caption: str, task: TaskSpec) -> list[Span]:
    """Where the words that the task writes stand in ``caption``."""
    spans = []
    at = 0
    for word in (task.caption.prefix, *task.caption.openings):
        found = caption.find(word, at) if word else -1
        if found >= 0:
            spans.append((found, found + len(word)))
            at = found + len(word)
    return spans


def _wrong(
    typed: Texts, task: TaskSpec, problems: Sequence[Problem]
) -> dict[str, tuple[Span, ...]]:
    """Where a text holds a marker or a word of the task that a problem names."""
    found: dict[str, tuple[Span, ...]] = {}
    for n in range(len(typed.panels) + 1):
        place = f"panel{n}" if n else "summary"
        where = f"panel {n}" if n else "summary"
        told = " ".join(problem.what for problem in problems if problem.where == where)
        text = typed.at(place)
        words = {*MARKER.findall(text), *task.caption.openings, *task.caption.markers}
        spans = [
            (at, at + len(word))
            for word in words
            if repr(word) in told
            for at in _all(text.casefold(), word.casefold())
        ]
        if spans:
            found[place] = tuple(sorted(spans))
    return found


def _all(text: str, word: str) -> list[int]:
    places, at = [], text.find(word)
    while at >= 0:
        places.append(at)
        at = text.find(word, at + 1)
    return places


def _hints(model: ModelSpec | None, parts: CaptionParts) -> tuple[str, ...]:
    """Words that a small model does not know: they stop nothing, and do nothing."""
    return unknown_words(model, parts) if model else ()
