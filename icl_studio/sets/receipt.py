"""Receipts: what a set was made of, exact enough to make it again (see ``verify``)."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .. import __version__
from ..domain.request import SetRequest
from ..engines.protocol import AdapterFile, EngineFacts, LocatedModel
from .hashes import HashCache
from .record import AdapterReceipt, ModelReceipt, Receipt

_WEIGHTS = ("*.safetensors", "*.onnx", "*.onnx_data", "*.onnx.data")
_CONFIGS = (
    "model_index.json",
    "scheduler/*.json",
    "*/config.json",
    "tokenizer*/*",
    "icl_studio.json",
)


def build_receipt(
    facts: EngineFacts,
    model: LocatedModel,
    adapters: Sequence[AdapterFile],
    request: SetRequest,
    hashes: HashCache,
    seconds: Mapping[str, float],
    batch: int,
    measures: Sequence[str] = (),
) -> Receipt:
    """The receipt of one set that the engine with ``facts`` drew of ``request``.

    ``adapters`` are the files of ``request.adapters``, in that order. Hashes every weight
    file that the engine read (where it names none, all in the model's folder) and every
    config that can change a pixel. Raises :class:`StorageProblem` when a file has gone.
    """
    # Not resolved: in a hub cache every file of the folder is a link to somewhere else.
    folder = model.folder.absolute()
    read = weight_files(facts, model)
    inside = [path for path in read if path.is_relative_to(folder)]
    outside = [path for path in read if not path.is_relative_to(folder)]
    used = sorted({*inside, *_found(folder, _CONFIGS, deep=False)})
    return Receipt(
        engine=facts.engine,
        device=facts.device,
        device_name=facts.device_name,
        dtype=facts.dtype,
        versions={
            "icl-studio": __version__,
            "python": platform.python_version(),
            **facts.versions,
        },
        model=ModelReceipt(
            id=model.spec.id,
            family=model.spec.family,
            source=model.spec.source,
            files={path.relative_to(folder).as_posix(): hashes.sha256(path) for path in used},
        ),
        adapters=tuple(
            AdapterReceipt(
                source=use.source,
                file=file.path.name,
                weight=file.weight,
                sha256=hashes.sha256(file.path),
                size=file.path.stat().st_size,
            )
            for use, file in zip(request.adapters, adapters, strict=True)
        ),
        engine_files={
            f"{path.parent.name}/{path.name}": hashes.sha256(path) for path in sorted(outside)
        },
        seed=request.seed,
        steps=request.sampling.steps,
        guidance=request.sampling.guidance,
        max_sequence_length=facts.max_sequence_length,
        batch=batch,
        measures=tuple(measures),
        seconds={phase: round(value, 3) for phase, value in seconds.items()},
        platform=platform.platform(),
    )


def weight_files(facts: EngineFacts, model: LocatedModel) -> list[Path]:
    """The weight files that the engine read; where it names none, all in the model's folder."""
    folder = model.folder.absolute()
    named = [path.absolute() for path in facts.files]
    return named or list(_found(folder, _WEIGHTS, deep=True))


def _found(folder: Path, patterns: Sequence[str], *, deep: bool) -> Iterator[Path]:
    """Files in ``folder`` that match one of ``patterns``."""
    for pattern in patterns:
        paths = folder.rglob(pattern) if deep else folder.glob(pattern)
        yield from (path for path in paths if path.is_file())
