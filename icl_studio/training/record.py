"""The record of a training run: what it is, how far it is, how it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ..domain.problems import Frozen
from ..errors import NotFound, StorageProblem
from ..sets.files import replace_text, storage
from ..sets.locks import Lock
from .job import LOG, TrainJob

RECORD_FILE, JOB_FILE, LOCK_FILE = "run.json", "job.json", ".training.lock"
State = Literal["running", "done", "stopped", "failed", "interrupted"]
"""``interrupted``: its process died; it resumes from its last checkpoint."""


class RunRecord(Frozen):
    """All of ``run.json``. ``result`` is the finished file, only with the state ``done``."""

    schema_version: int = Field(default=1, ge=1)
    id: str
    task: str
    model: str
    state: State
    step: int = 0
    total: int
    examples: int
    began: str
    ended: str | None = None
    message: str = ""
    fix: str = ""
    result: Path | None = None


class Line(Frozen):
    """One step as ``log.jsonl`` has it; ``norm`` is the gradient's length, ``speed`` sheets/s."""

    step: int
    loss: float
    smoothed: float
    rate: float
    norm: float = 0.0
    speed: float = 0.0


def save_job(job: TrainJob, examples: int) -> None:
    """Write a new run's job and record into its folder, which exists."""
    record = RunRecord(
        id=job.id,
        task=job.task,
        model=job.model.spec.id,
        state="stopped",
        total=job.recipe.steps,
        examples=examples,
        began=_now(),
        message="Not begun.",
    )
    with storage("writing the record of a training run", job.folder):
        replace_text(job.folder / JOB_FILE, job.model_dump_json(indent=2) + "\n")
    _write(job.folder, record)


def read_job(folder: Path) -> TrainJob:
    """The job of the run in ``folder``; raises :class:`NotFound`, :class:`StorageProblem`."""
    path = folder / JOB_FILE
    if not path.is_file():
        raise NotFound(
            f"{folder} is no training run.", fix="`icl-studio train status` lists the runs."
        )
    try:
        return TrainJob.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise StorageProblem(
            f"The job of the training run is damaged: {path}.", fix="Start a new run."
        ) from error


def begin(job: TrainJob) -> None:
    """The run goes on now."""
    note(job.folder, state="running", message="", fix="", ended=None)


def note(folder: Path, **changes: Any) -> None:
    """Change the record; an end gets its time, its last step and, if done, its result."""
    record = _read(folder)
    values = record.model_dump() | changes
    if changes.get("state") not in (None, "running"):
        values["ended"] = _now()
        lines = read_log(folder)
        values["step"] = changes.get("step", lines[-1].step if lines else record.step)
    if values["state"] == "done":
        values["result"] = read_job(folder).result
    _write(folder, RunRecord.model_validate(values))


def read_run(folder: Path) -> RunRecord:
    """The record in ``folder``; a run whose process has died is ``interrupted``.

    Raises :class:`NotFound`, :class:`StorageProblem`.
    """
    record = _read(folder)
    lines = read_log(folder)
    if record.state != "running":
        return record
    values: dict[str, Any] = {"step": lines[-1].step if lines else record.step}
    if not _is_held(folder):
        values |= {
            "state": "interrupted",
            "message": "Its process ended without a word.",
            "fix": f"Go on with: icl-studio train --resume {folder}",
        }
    return record.model_copy(update=values)


def all_runs(root: Path) -> list[tuple[Path, RunRecord]]:
    """Every readable run below ``root``, newest first."""

    def readable() -> Iterator[tuple[Path, RunRecord]]:
        for path in root.glob(f"*/{RECORD_FILE}"):
            try:
                yield path.parent, read_run(path.parent)
            except (NotFound, StorageProblem):
                continue

    return sorted(readable(), key=lambda pair: pair[1].began, reverse=True)


def read_log(folder: Path) -> list[Line]:
    """The steps of a run; a line that was torn by a death is left out."""
    try:
        text = (folder / LOG).read_text(encoding="utf-8")
    except OSError:
        return []
    lines = []
    for line in text.splitlines():
        try:
            lines.append(Line.model_validate_json(line))
        except ValidationError:
            continue
    return lines


def _read(folder: Path) -> RunRecord:
    path = folder / RECORD_FILE
    if not path.is_file():
        raise NotFound(
            f"{folder} is no training run.", fix="`icl-studio train status` lists the runs."
        )
    try:
        return RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise StorageProblem(
            f"The record of the training run is damaged: {path}.", fix="Start a new run."
        ) from error


def _write(folder: Path, record: RunRecord) -> None:
    text = json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    with storage("writing the record of a training run", folder):
        replace_text(folder / RECORD_FILE, text)


def _is_held(folder: Path) -> bool:
    """Whether a living process trains in ``folder``."""
    path = folder / LOCK_FILE
    if not path.exists():
        return False
    lock = Lock(path)
    try:
        if not lock.take(wait=False):
            return True
    except OSError:
        return os.access(folder, os.W_OK)
    held = not lock.certain
    lock.drop()
    return held


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
