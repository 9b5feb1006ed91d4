"""What is being written on Create, as one frozen record; undo is the records before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...domain.model import AdapterUse
from ...domain.request import MAX_SEED, Seed, SetRequest
from ...domain.task import TaskSpec

SeedMode = Literal["fixed", "random", "increment"]
MERGE_SECONDS: Final = 1.0
MOST_STEPS_BACK: Final = 500
MOST_SETS: Final = 64
LOOK: Final = (
    "model", "engine", "adapters", "seed_mode", "count", "steps", "guidance", "exact",
)  # fmt: skip
"""What a preset keeps: everything but the task, its texts and the seed itself."""


class Texts(BaseModel):
    """What is typed for a task, letter by letter: a blank at the end is still being typed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    summary: str = ""
    panels: tuple[str, ...] = ()

    def at(self, place: str) -> str:
        """The text of ``summary`` or ``panel1`` …; empty where there is none."""
        if place == "summary":
            return self.summary
        number = int(place.removeprefix("panel"))
        return self.panels[number - 1] if number <= len(self.panels) else ""


class Draft(BaseModel):
    """A set being written. Texts are kept for each task, so that changing the task loses none.

    ``adapters`` None is the task's own; ``steps`` and ``guidance`` None are the model's or the
    task's. ``job`` is the queued job that is being edited, empty for a new set.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: str = "film-storyboard"
    texts: dict[str, Texts] = Field(default_factory=dict)
    model: str = "tiny"
    engine: str = "auto"
    adapters: tuple[AdapterUse, ...] | None = None
    seed_mode: SeedMode = "random"
    seed: Seed = 0
    count: Annotated[int, Field(ge=1, le=MOST_SETS)] = 1
    steps: Annotated[int, Field(ge=1, le=500)] | None = None
    guidance: Annotated[float, Field(ge=0, le=50)] | None = None
    exact: bool = False
    job: str = ""

    def typed(self, panels: int) -> Texts:
        """The texts of the task, padded or cut to ``panels`` of them."""
        texts = self.texts.get(self.task, Texts())
        some = (*texts.panels, *[""] * panels)[:panels]
        return Texts(summary=texts.summary, panels=some)

    def with_text(self, place: str, text: str, panels: int) -> Draft:
        """This draft with another text at ``place``: ``summary`` or ``panel1`` …"""
        typed = self.typed(panels)
        if place == "summary":
            changed = typed.model_copy(update={"summary": text})
        else:
            number = int(place.removeprefix("panel"))
            some = list(typed.panels)
            some[number - 1] = text
            changed = typed.model_copy(update={"panels": tuple(some)})
        return self.with_(texts={**self.texts, self.task: changed})

    def with_(self, **facts: Any) -> Draft:
        return self.model_copy(update=facts)

    def with_example(self, task: TaskSpec, family: str) -> Draft:
        """This draft with the example of ``task`` in it, where it has one."""
        example = task.example_for(family)
        if example is None:
            return self.with_(task=task.id)
        texts = Texts(summary=example.summary, panels=example.panels)
        return self.with_(task=task.id, texts={**self.texts, task.id: texts}, seed=example.seed)

    @property
    def look(self) -> dict[str, Any]:
        """What a preset keeps, as JSON."""
        return self.model_dump(mode="json", include=set(LOOK))

    def with_look(self, look: Mapping[str, Any]) -> Draft:
        """This draft with a preset's look; raises ``ValidationError`` for one that is none."""
        known = {key: value for key, value in look.items() if key in LOOK}
        return Draft.model_validate_json(
            Draft.model_validate({**self.model_dump(), **known}).model_dump_json()
        )


def draft_of(request: SetRequest, task: TaskSpec | None, before: Draft, job: str = "") -> Draft:
    """A draft that asks for ``request`` again; ``before`` keeps the texts of other tasks.

    Numbers that are the task's own stay free, so that another model may choose its own.
    """
    texts = Texts(summary=request.parts.summary, panels=request.parts.panels)
    usual = task.sampling if task is not None else None
    same_steps = usual is not None and request.sampling.steps == usual.steps
    same_guidance = usual is not None and request.sampling.guidance == usual.guidance
    return before.with_(
        task=request.task,
        texts={**before.texts, request.task: texts},
        model=request.model,
        engine=request.engine,
        adapters=request.adapters,
        seed_mode="fixed",
        seed=request.seed,
        count=1,
        steps=None if same_steps else request.sampling.steps,
        guidance=None if same_guidance else request.sampling.guidance,
        exact=request.exact,
        job=job,
    )


def next_seed(draft: Draft, seed: int) -> Draft:
    """The draft after ``count`` sets from ``seed`` on: increment goes past them."""
    if draft.seed_mode == "increment":
        return draft.with_(seed=(seed + draft.count) % (MAX_SEED + 1))
    return draft.with_(seed=seed)


class History:
    """The drafts so far: one change of one field within a second is one step back.

    ``clock`` in seconds is asked at every change.
    """

    def __init__(self, draft: Draft, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._past: list[Draft] = []
        self._future: list[Draft] = []
        self._last: tuple[str, float] = ("", float("-inf"))
        self.now = draft

    def change(self, draft: Draft, what: str) -> bool:
        """Make ``draft`` the current one; ``what`` names the field. False if nothing changed."""
        if draft == self.now:
            return False
        moment = self._clock()
        field, when = self._last
        together = field == what and moment - when <= MERGE_SECONDS and bool(self._past)
        if not together:
            self._past.append(self.now)
            del self._past[:-MOST_STEPS_BACK]
        self._future.clear()
        self._last = (what, moment)
        self.now = draft
        return True

    def replace(self, draft: Draft) -> None:
        """Change without a step back: what the program did by itself (the next seed)."""
        self.now = draft

    def undo(self) -> bool:
        """One step back; False at the beginning."""
        return self._go(self._past, self._future)

    def redo(self) -> bool:
        """One step forward again; False at the end."""
        return self._go(self._future, self._past)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def _go(self, source: list[Draft], other: list[Draft]) -> bool:
        if not source:
            return False
        other.append(self.now)
        self.now = source.pop()
        self._last = ("", float("-inf"))
        return True
