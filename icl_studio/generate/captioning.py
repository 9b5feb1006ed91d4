"""Captions for a folder of sets: what lacks one, and a worker that writes them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from ..domain.events import Failed, Notice, Progress
from ..domain.problems import Frozen
from ..domain.task import TaskSpec
from ..engines.captioners import CaptionerOptions, CaptionerSpec
from ..errors import NotFound, RequestInvalid
from ..paths import UserFolders
from ..training.captioning import CaptionJob, wanting
from ..training.material import As, gather
from ..worker.client import WorkerClient
from ..worker.protocol import Caption
from .running import Stopping, as_error


class Captioned(Frozen):
    """The text files that were written, and a sentence for each set that got none."""

    written: tuple[Path, ...]
    failed: tuple[str, ...]


def plan_captions(
    source: Path,
    task: TaskSpec | None,
    captioner: CaptionerSpec,
    options: CaptionerOptions,
    *,
    taken_as: As = "auto",
    instruction: str = "",
) -> CaptionJob | None:
    """What there is to write in the folder ``source``; None if nothing is missing.

    Raises :class:`RequestInvalid` without a task and ``NotFound`` for what is no folder (beside
    a zip's files nothing can be written).
    """
    if task is None:
        raise RequestInvalid("Which task is the data for?", fix="Add --task TASK.")
    if not source.is_dir():
        raise NotFound(f"{source} is no folder.", fix="Unpack a zip first.")
    names = task.layout.names
    items = wanting(gather(source, source, names, taken_as=taken_as))
    if not items:
        return None
    return CaptionJob(
        id=f"caption-{secrets.token_hex(6)}",
        captioner=captioner,
        options=options,
        template=task.caption,
        panels=names,
        items=items,
        task=task.id,
        instruction=instruction,
    )


def write_captions(
    job: CaptionJob | None,
    folders: UserFolders,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Captioned:
    """Have a worker write what ``job`` asks for.

    Raises what the captioner raises before its first answer.
    """
    if job is None:
        return Captioned(written=(), failed=())
    failed: list[str] = []
    with WorkerClient(folders) as client, Stopping(client) as stop:
        stop.working = True
        for event in client.perform(Caption(job=job), idle=stop.tell):
            if isinstance(event, Notice):
                failed.append(event.message)
            elif isinstance(event, Progress):
                progress(event.step, event.total)
            elif isinstance(event, Failed):
                raise as_error(event, client.log)
    return Captioned(
        written=tuple(item.file for item in job.items if item.file.is_file()), failed=tuple(failed)
    )
