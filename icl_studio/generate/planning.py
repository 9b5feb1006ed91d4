"""From requests to jobs: engine chosen, model and adapters found, folders named, disk tried."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..domain.request import SetRequest
from ..engines.protocol import EngineOptions, EngineSpec, LocatedModel
from ..errors import NotFound
from ..models.adapters import resolve_adapter
from ..models.find import find_model
from ..models.locate import DownloadProgress, check_access, locate
from ..models.tokens import token_counter
from ..paths import UserFolders
from ..plugins import Registry
from ..sets.files import make_folders, probe, remove_if_empty, storage
from ..sets.naming import DEFAULT_SET_NAME, check_template, set_folder_name
from ..sets.record import new_set_id
from ..worker.protocol import GenerateJob
from .asking import check
from .choosing import Job, check_stored, choose_fastest

log = logging.getLogger(__name__)
FAVOURITE = "torch"
"""What ``auto`` means unless a compiled engine is known to be faster: everything works on it."""


@dataclass(frozen=True)
class Place:
    """Where sets go and what computes them; nothing here changes a pixel on one machine."""

    out: Path
    set_name: str = DEFAULT_SET_NAME
    options: EngineOptions = field(default_factory=EngineOptions)
    previews: Path | None = None
    say: Callable[[str], None] = log.info
    """Told, in one line each, what was decided for the user."""


def plan(
    requests: Sequence[SetRequest],
    registry: Registry,
    folders: UserFolders,
    place: Place,
    progress: DownloadProgress | None = None,
    ids: Sequence[str] | None = None,
) -> tuple[GenerateJob, ...]:
    """One job per request, in order. Downloads what is missing and may be downloaded.

    ``ids`` are those of the sets, one per request; None draws them.
    Every way in which a job can be known to fail is found here, cheapest first: template,
    folder, engine, whether the models may be had, adapters, then the
    models themselves. Raises the ``UserError`` of each.
    """
    check_template(place.set_name)
    check_folder(place.out)
    engines = {name: choose_engine(name, registry) for name in {r.engine for r in requests}}
    uses = dict.fromkeys(use for request in requests for use in request.adapters)
    names = dict.fromkeys(request.model for request in requests)
    for name in names:
        check_access(find_model(name, registry), folders)
    files = {use: resolve_adapter(use, folders, progress) for use in uses}
    models = {name: _located(name, registry, folders, progress) for name in names}
    counters = {name: token_counter(model) for name, model in models.items()}
    choices: dict[Job, EngineSpec] = {}
    checked: set[tuple[Job, str]] = set()
    jobs = []
    for request, set_id in zip(requests, ids or [new_set_id() for _ in requests], strict=True):
        model, adapters = models[request.model], tuple(files[use] for use in request.adapters)
        check(request, model.spec, counters[request.model])
        engine = engines[request.engine]
        asked = Job(model, request.layout.canvas, adapters, place.options)
        if request.engine == "auto":
            if asked not in choices:
                choice = choose_fastest(asked, engine, registry, folders)
                choices[asked] = choice.spec
                if choice.why:
                    place.say(choice.why)
            engine = choices[asked]
        elif engine.stored and (asked, engine.id) not in checked:
            check_stored(asked, engine, folders)
            checked.add((asked, engine.id))
        jobs.append(
            GenerateJob(
                id=set_id,
                request=request,
                model=model,
                adapters=adapters,
                engine=engine,
                options=place.options,
                out=place.out.absolute(),
                folder_name=set_folder_name(place.set_name, request, set_id, datetime.now()),
                previews=place.previews,
            )
        )
    return tuple(jobs)


def _located(
    name: str, registry: Registry, folders: UserFolders, progress: DownloadProgress | None
) -> LocatedModel:
    """The model called ``name``, here, with the facts that hold once it is here.

    A hub model that no plugin knows is taken for FLUX.1-dev until its own files can say
    better: how long a text it reads, its family (:func:`~icl_studio.models.find.find_model`).
    """
    located = locate(find_model(name, registry), folders, progress)
    return located.model_copy(update={"spec": find_model(name, registry)})


def choose_engine(name: str, registry: Registry) -> EngineSpec:
    """The engine called ``name``; for ``auto`` torch, else the first that is installed.

    Raises ``NotFound`` with what there is, and when nothing is installed that can run.
    """
    if name != "auto":
        spec = registry.engine(name)
        missing = spec.missing()
        if missing:
            raise NotFound(
                f"The engine {name!r} needs {', '.join(missing)}, which is not installed.",
                fix=f"{_how_to_install(missing)}, or choose another --engine.",
            )
        return spec
    fitting = [spec for spec in registry.engines.values() if not spec.missing()]
    if not fitting:
        raise NotFound(
            "There is no engine that can run on this machine.",
            fix="Run `icl-studio doctor` to see what is missing.",
        )
    return next((spec for spec in fitting if spec.id == FAVOURITE), fitting[0])


_EXTRAS = {
    "onnxruntime": "onnx",
    "onnx": "onnx",
    "onnxscript": "onnx",
    "tensorrt_rtx": "tensorrt",
    "ray": "ray",
}
"""Modules of optional engines, and the extra of this package that brings them."""


def _how_to_install(modules: Sequence[str]) -> str:
    extras = sorted({_EXTRAS[name] for name in modules if name in _EXTRAS})
    what = f"icl-studio[{','.join(extras)}]" if extras else " ".join(modules)
    return f'Run: {sys.executable} -m pip install "{what}"'


def check_folder(out: Path) -> None:
    """Raise ``StorageProblem`` unless sets can be saved in ``out``; leaves nothing behind.

    Asked before an hour of work, not after it.
    """
    with storage("looking whether sets can be saved", out):
        made = make_folders(out.absolute())
        try:
            probe(out.absolute())
        finally:
            remove_if_empty(made)
