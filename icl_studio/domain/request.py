"""The one frozen object that says everything that affects the pixels of a set."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from .caption import CaptionParts, TokenCounter
from .layout import Layout
from .model import AdapterUse, Identifier, ModelSpec, Sampling
from .problems import Frozen, LayoutInvalid, Problem, RequestInvalid
from .task import TaskSpec

MAX_SEED = 2**32 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]

_NOT_PIXELS = {"schema_version", "engine", "name"}


class SetRequest(Frozen):
    """A set that is asked for, complete and self-contained.

    ``caption`` and ``layout`` are resolved, so that the request still replays after the
    task's plugin has changed or gone; ``parts`` are kept for editing. ``engine`` (a
    preference) and ``name`` (a label) change no pixel and stay outside :attr:`digest`.
    """

    schema_version: Literal[1] = 1
    task: Identifier
    parts: CaptionParts
    caption: str
    layout: Layout
    model: Annotated[str, Field(min_length=1)]
    adapters: tuple[AdapterUse, ...] = ()
    seed: Seed
    sampling: Sampling = Sampling()
    exact: bool = False
    engine: str = "auto"
    name: Annotated[str, Field(max_length=120)] = ""

    @property
    def digest(self) -> str:
        """sha256 hex of everything that affects the pixels, stable over key order and runs."""
        data = self.model_dump(mode="json", exclude=_NOT_PIXELS)
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_seed(self, seed: int) -> SetRequest:
        """The same request with another seed."""
        return self.model_copy(update={"seed": seed})


def build_request(
    task: TaskSpec,
    model: ModelSpec,
    parts: CaptionParts,
    *,
    counter: TokenCounter | None = None,
    adapters: Sequence[AdapterUse] | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    exact: bool = False,
    engine: str = "auto",
    name: str = "",
) -> SetRequest:
    """Validate what the user asked against ``task`` and ``model`` and resolve it.

    ``adapters=None`` takes the task's own adapter for the model's family; an empty
    sequence takes none. ``seed=None`` draws one. ``steps`` and ``guidance`` None are the
    model's own where it has any (FLUX.1-schnell), else the task's.
    Raises :class:`RequestInvalid` with every problem at once: panel count, markers, empty
    text, length, canvas, numbers.
    """
    found: list[Problem] = task.caption.problems(parts, counter)
    layout = task.layout
    try:
        layout = task.layout.fitted(model.canvas)
    except LayoutInvalid as error:
        found += error.problems or (Problem(where="layout", what=error.message, fix=error.fix),)
    if adapters is None:
        own = task.adapter_for(model.family)
        adapters = [AdapterUse(source=own.source, weight=own.weight)] if own else []
    usual = model.sampling or task.sampling
    if not found:
        try:
            return SetRequest(
                task=task.id,
                parts=parts,
                caption=task.caption.render(parts),
                layout=layout,
                model=model.id,
                adapters=tuple(adapters),
                seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
                sampling=Sampling(
                    steps=usual.steps if steps is None else steps,
                    guidance=usual.guidance if guidance is None else guidance,
                ),
                exact=exact,
                engine=engine,
                name=name,
            )
        except ValidationError as error:
            found += problems_of(error)
    raise RequestInvalid(f"The request does not fit the task {task.id!r}.", problems=found)


def problems_of(error: ValidationError) -> list[Problem]:
    """A pydantic error as our own problems: one per wrong or unknown key, named by its path."""
    found = []
    for item in error.errors(include_url=False):
        where = ".".join(str(step) for step in item["loc"])
        what = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            found.append(Problem(where=where, what="is not a known key.", fix="Remove it."))
        else:
            found.append(Problem(where=where, what=f"{what[:1].lower()}{what[1:]}."))
    return found
