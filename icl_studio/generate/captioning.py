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
from .running import Stopping, as_error


class Captioned(Frozen):
    """The text files that were written, and a sentence for each set that got none."""

    written: tuple[Path, ...]
    failed: tuple[str, ...]


def caption_folder(
    source: Path,
    task: TaskSpec | None,
    captioner: CaptionerSpec,
    options: CaptionerOptions,
    folders: UserFolders,
    *,
    taken_as: As = "auto",
    instruction: str = "",
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Captioned:
    """Write the captions that are missing in the folder ``source``.

    Raises :class:`RequestInvalid` without a task, ``NotFound`` for what is no folder (beside
    a zip's files nothing can be written), and what the captioner raises before its first answer.
    """
    if task is None:
        raise RequestInvalid("Which task is the data for?", fix="Add --task TASK.")
    if not source.is_dir():
        raise NotFound(f"{source} is no folder.", fix="Unpack a zip first.")
    names = task.layout.names
    items = wanting(gather(source, source, names, taken_as=taken_as))
    if not items:
        return Captioned(written=(), failed=())
    job = CaptionJob(
        id=f"caption-{secrets.token_hex(6)}",
        captioner=captioner,
        options=options,
        template=task.caption,
        panels=names,
        items=items,
        task=task.id,
        instruction=instruction,
    )
    failed: list[str] = []
    with WorkerClient(folders) as client, Stopping(client) as stop:
        stop.working = True
        for event in client.caption(job, idle=stop.tell):
            if isinstance(event, Notice):
                failed.append(event.message)
            elif isinstance(event, Progress):
                progress(event.step, event.total)
            elif isinstance(event, Failed):
                raise as_error(event, client.log)
    return Captioned(
        written=tuple(item.file for item in items if item.file.is_file()), failed=tuple(failed)
    )
