"""Turning what a user typed into requests, checked against task and model at once."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..domain.caption import CaptionParts, TokenCounter
from ..domain.model import AdapterUse, ModelSpec
from ..domain.problems import Problem
from ..domain.request import MAX_SEED, SetRequest, build_request, problems_of
from ..domain.task import TaskSpec
from ..errors import CaptionInvalid, LayoutInvalid, RequestInvalid, UserError
from ..models.adapters import in_folder
from ..models.find import find_model
from ..models.locate import present_folder
from ..models.tokens import token_counter
from ..paths import UserFolders
from ..plugins import Registry

DEFAULT_MODEL = "tiny"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True)
class Wishes:
    """What a user may say beside task and texts; None leaves it to task, model or request."""

    model: str | None = None
    adapters: tuple[AdapterUse, ...] | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    exact: bool | None = None
    engine: str | None = None
    name: str | None = None


def new_request(
    registry: Registry,
    folders: UserFolders,
    task: str,
    parts: CaptionParts,
    wishes: Wishes,
) -> SetRequest:
    """The request for a set of ``task``. Nothing is downloaded.

    The caption's length is judged when the model's tokenizer is on this machine; a model
    that must be fetched first is judged by :func:`checked` afterwards. Raises ``NotFound``,
    ``RequestInvalid`` and ``ModelUnavailable``.
    """
    spec = registry.task(task)
    model = find_model(wishes.model or DEFAULT_MODEL, registry)
    return build_request(
        spec,
        model,
        parts,
        counter=counter_if_here(model, folders),
        adapters=wishes.adapters,
        seed=wishes.seed,
        steps=wishes.steps,
        guidance=wishes.guidance,
        exact=bool(wishes.exact),
        engine=wishes.engine or "auto",
        name=wishes.name or "",
    )


def changed_request(
    request: SetRequest, registry: Registry, folders: UserFolders, wishes: Wishes
) -> SetRequest:
    """``request`` with ``wishes`` put over it, checked against its model.

    It is self-contained: its task's plugin may have changed or gone. Only another model
    needs the task, because a layout is drawn at its model's own size. Raises what
    :func:`new_request` raises.
    """
    model = find_model(wishes.model or request.model, registry)
    if wishes.model is not None and model.id != request.model:
        return _redrawn(request, model, registry, folders, wishes)
    changed: dict[str, Any] = request.model_dump()
    sampling = {"steps": wishes.steps, "guidance": wishes.guidance}
    changed["sampling"] |= {k: v for k, v in sampling.items() if v is not None}
    others = {
        "adapters": wishes.adapters,
        "seed": wishes.seed,
        "exact": wishes.exact,
        "engine": wishes.engine,
        "name": wishes.name,
    }
    changed |= {k: v for k, v in others.items() if v is not None}
    try:
        request = SetRequest.model_validate(changed)
    except ValidationError as error:
        raise RequestInvalid("The request cannot be used.", problems=problems_of(error)) from None
    check(request, model, counter_if_here(model, folders))
    return request


def _redrawn(
    request: SetRequest,
    model: ModelSpec,
    registry: Registry,
    folders: UserFolders,
    wishes: Wishes,
) -> SetRequest:
    """``request`` on another model; the model it names may be gone for good."""
    task = registry.task(request.task)
    try:
        before: ModelSpec | None = find_model(request.model, registry)
    except UserError:
        before = None
    # What the other model or the task chose is chosen anew; what the user chose stays.
    usual = (before.sampling if before else None) or task.sampling
    sampling = request.sampling
    kept = Wishes(
        model=wishes.model,
        adapters=_adapters_kept(request, task, model, before),
        seed=request.seed,
        steps=None if sampling.steps == usual.steps else sampling.steps,
        guidance=None if sampling.guidance == usual.guidance else sampling.guidance,
        exact=request.exact,
        engine=request.engine,
        name=request.name,
    )
    asked = {field.name: getattr(wishes, field.name) for field in fields(Wishes)}
    kept = replace(kept, **{name: value for name, value in asked.items() if value is not None})
    return new_request(registry, folders, request.task, request.parts, kept)


def _adapters_kept(
    request: SetRequest, task: TaskSpec, model: ModelSpec, before: ModelSpec | None
) -> tuple[AdapterUse, ...] | None:
    """The LoRAs of ``request`` for ``model``; None for the task's own.

    A LoRA fits one family. The task's own is replaced by that of the new family; what the
    user chose stays, and the engine says if it does not fit.
    """
    if before is not None and before.family == model.family:
        return request.adapters
    own = {adapter.source for adapter in task.adapters}
    chosen = tuple(use for use in request.adapters if use.source not in own)
    if not chosen or chosen == request.adapters:
        return chosen or None
    fitting = task.adapter_for(model.family)
    first = (AdapterUse(source=fitting.source, weight=fitting.weight),) if fitting else ()
    return first + chosen


def check(request: SetRequest, model: ModelSpec, counter: TokenCounter | None) -> None:
    """Raise ``RequestInvalid`` when ``model`` cannot draw ``request`` as it stands."""
    found: list[Problem] = []
    try:
        request.layout.check(model.canvas)
    except LayoutInvalid as error:
        found += error.problems or (Problem(where="layout", what=error.message, fix=error.fix),)
    count = counter.count(request.caption) if counter else 0
    if counter is not None and count > counter.limit:
        what = f"has {count} tokens; the model reads {counter.limit}, the rest would be lost."
        fix = f"Shorten it by about {count - counter.limit} tokens."
        found.append(Problem(where="caption", what=what, fix=fix))
    if found:
        raise RequestInvalid(f"The model {model.id!r} cannot draw this request.", problems=found)


def counter_if_here(model: ModelSpec, folders: UserFolders) -> TokenCounter | None:
    """The model's token counter, None when its files are not on this machine yet."""
    folder = present_folder(model, folders)
    return None if folder is None else token_counter(folder, model)


def seeds_from(request: SetRequest, count: int) -> tuple[SetRequest, ...]:
    """``count`` requests with the seeds ``seed``, ``seed + 1``, …; raises ``RequestInvalid``."""
    last = request.seed + count - 1
    if last > MAX_SEED:
        raise RequestInvalid(
            f"{count} sets from seed {request.seed} would need the seed {last}; the last one "
            f"is {MAX_SEED}.",
            fix="Start at a smaller seed.",
        )
    return tuple(request.with_seed(seed) for seed in range(request.seed, last + 1))


def parse_lora(text: str) -> AdapterUse:
    """``FILE`` or ``FILE:WEIGHT``; raises ``RequestInvalid`` for a weight that cannot be.

    A colon belongs to the file when a file of the whole name exists, when it follows a
    Windows drive letter, or when no number comes after it. A file under the working
    directory is named in full, so that the request can be used from any other. ``job:ID``
    names the LoRA that a queued job tunes; the queue knows its file.
    """
    source, weight = text, 1.0
    head, colon, last = text.rpartition(":")
    drive = (os.name == "nt" and len(head) == 1) or head == "job"
    if colon and head and not drive and in_folder(Path.cwd(), text) is None:
        try:
            source, weight = head, float(last)
        except ValueError:
            source = text
    here = in_folder(Path.cwd(), source)
    if here is not None:
        source = str(here.absolute())
    try:
        return AdapterUse(source=source, weight=weight)
    except ValidationError as error:
        raise RequestInvalid(
            f"The LoRA {text!r} cannot be used.",
            problems=problems_of(error),
            fix="Write FILE or FILE:WEIGHT with a weight from -10 to 10, such as style:0.8.",
        ) from None


def unknown_words(model: ModelSpec, parts: CaptionParts) -> tuple[str, ...]:
    """Words of ``parts`` that a model with a vocabulary does not know, each once, in order.

    A word with a hyphen is known when its parts are.
    """
    if not model.vocabulary:
        return ()
    known = {word.casefold() for word in model.vocabulary}
    typed = _WORD.findall(" ".join((parts.summary, *parts.panels)).casefold())
    return tuple(
        word
        for word in dict.fromkeys(typed)
        if word not in known and not all(part in known for part in word.split("-"))
    )


def caption_is_edited(request: SetRequest, registry: Registry) -> bool:
    """Whether the caption of a stored request is not what its task makes of its parts.

    The caption is what is drawn; parts are kept for editing. False for a task that is gone.
    """
    task = registry.tasks.get(request.task)
    if task is None:
        return False
    try:
        return task.caption.render(request.parts) != request.caption
    except CaptionInvalid:
        return True
