"""From data and adapters to tasks: a TaskSpec found from a data set, an adapter for a task."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ..domain.caption import CaptionTemplate
from ..domain.geometry import Size, snap
from ..domain.layout import QUAD, Layout
from ..domain.markers import MARKER
from ..domain.model import AdapterSource
from ..domain.request import problems_of
from ..domain.task import TaskExample, TaskSpec
from ..errors import AdapterRejected, CaptionInvalid, RequestInvalid
from ..paths import UserFolders
from ..sets.files import make_folders, replace_text, storage
from .dataset import load_pictures
from .lorafile import LoraInfo
from .material import Gathered, Material
from .seams import find_grid

FULL_AREA = 1024 * 1536
"""Pixels of a task's canvas at full size, as the released ones have on average."""
LOOKED_AT = 24
PAIRS = {(1, 2): ("LEFT", "RIGHT"), (2, 1): ("TOP", "BOTTOM"), (2, 2): QUAD}


def task_from(gathered: Gathered, task_id: str, title: str) -> tuple[TaskSpec, float]:
    """A task whose layout and caption form are read off a data set, and how sure the layout is.

    The markers that most captions carry, in their order, are the panels (a prefix marker that
    opens every caption is no panel); the seams that most sheets show are the grid. The share of
    sheets that show it is returned as well. Raises :class:`RequestInvalid` saying what cannot be
    found out.
    """
    captions = [item.caption for item in gathered.items if item.caption]
    prefix, openings, joint = _form(captions)
    sheets = [item for item in gathered.items if len(item.pictures) == 1][:LOOKED_AT]
    pictures = [picture for item in sheets for picture in load_pictures(item)[0]]
    found = find_grid(pictures, len(openings))
    if found is None:
        raise RequestInvalid(
            f"No grid of {len(openings)} panels can be seen in the sheets.",
            fix="Write the task by hand: docs/plugins.md shows a whole one.",
        )
    (rows, cols), share = found
    shape = _median_shape([Size(*picture.size) for picture in pictures])
    layout = Layout.grid(rows, cols, _panel(rows, cols, shape), _names(rows, cols, openings))
    template = CaptionTemplate(
        prefix=prefix, openings=openings, summary_joint=joint, panel_joint=joint
    )
    try:
        task = TaskSpec(
            id=task_id,
            title=title,
            description=f"Found from {len(gathered.items)} sets.",
            layout=layout,
            caption=template,
            examples=_example(gathered.items, template),
        )
    except ValidationError as error:
        raise RequestInvalid("The task cannot be made.", problems=problems_of(error)) from error
    return task, share


def with_adapter(task: TaskSpec, source: str, family: str) -> TaskSpec:
    """``task`` with the adapter ``source`` for models of ``family``, instead of one it had."""
    others = tuple(adapter for adapter in task.adapters if adapter.family != family)
    return task.model_copy(
        update={"adapters": (*others, AdapterSource(family=family, source=source))}
    )


def keep_adapter(info: LoraInfo, folders: UserFolders, name: str | None = None) -> Path:
    """Copy the file into the user's adapters folder, where tasks find it by name.

    A file of that name with the same content is the answer; with another it is refused.
    Raises :class:`AdapterRejected`, ``StorageProblem``.
    """
    target = folders.adapters / f"{name or info.path.stem}.safetensors"
    if target.resolve() == info.path.resolve():
        return target
    with storage("keeping the adapter", target):
        make_folders(target.parent)
        if target.exists():
            if target.read_bytes() == info.path.read_bytes():
                return target
            raise AdapterRejected(
                f"There is another LoRA called {target.stem} already: {target}.",
                fix="Give this one another name with --name.",
            )
        spare = target.with_name(f".{target.name}.partial")
        try:
            shutil.copyfile(info.path, spare)
            spare.replace(target)
        finally:
            spare.unlink(missing_ok=True)
    return target


def write_task(task: TaskSpec, folders: UserFolders, *, replace: bool = False) -> Path:
    """Write ``task`` as a task file: it is a task from now on.

    Raises :class:`RequestInvalid` where a file of that id stands and may not be replaced.
    """
    path = folders.tasks / f"{task.id}.json"
    if path.exists() and not replace:
        raise RequestInvalid(f"{path} already exists.", fix="Choose another id.")
    text = json.dumps(task.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    with storage("writing a task", path):
        make_folders(path.parent)
        replace_text(path, text)
    return path


def _form(captions: Sequence[str]) -> tuple[str, tuple[str, ...], str]:
    """(prefix, openings, joint) that most captions share."""
    rows = Counter(tuple(MARKER.findall(caption)) for caption in captions)
    if not rows:
        raise RequestInvalid("No set has a caption.", fix="Write captions first.")
    markers, count = rows.most_common(1)[0]
    if count * 2 < len(captions) or len(set(markers)) != len(markers):
        raise RequestInvalid(
            f"The captions do not share their markers: {count} of {len(captions)} have "
            f"{' '.join(markers) or 'none'}.",
            fix="Write every caption in one form, such as: summary; [LEFT] text; [RIGHT] text.",
        )
    fitting = [text for text in captions if tuple(MARKER.findall(text)) == markers]
    prefix = ""
    if markers and all(text.startswith(markers[0]) for text in fitting):
        prefix, markers = markers[0], markers[1:]
    if len(markers) < 2:
        raise RequestInvalid(
            "The captions have fewer than two panel markers.",
            fix="Open the text of every panel with a marker, such as [LEFT] and [RIGHT].",
        )
    ends = Counter(
        text[: match.start()].rstrip()[-1:]
        for text in fitting
        for match in re.finditer("|".join(map(re.escape, markers)), text)
    )
    end, often = ends.most_common(1)[0]
    joint = end if end in (";", ",") and often * 2 > sum(ends.values()) else ""
    return prefix, markers, joint


def _names(rows: int, cols: int, openings: Sequence[str]) -> tuple[str, ...]:
    names = tuple(opening.strip("[]") for opening in openings)
    return names if len(set(names)) == len(names) else PAIRS.get((rows, cols), ())


def _median_shape(sizes: Sequence[Size]) -> float:
    shapes = sorted(size.width / size.height for size in sizes)
    return shapes[len(shapes) // 2]


def _panel(rows: int, cols: int, shape: float) -> tuple[int, int]:
    """A panel size of about the full area whose canvas is in multiples of 64."""
    width = snap((FULL_AREA * shape) ** 0.5, 64 * cols)
    height = snap(FULL_AREA / width, 64 * rows)
    return width // cols, height // rows


def _example(items: Sequence[Material], template: CaptionTemplate) -> tuple[TaskExample, ...]:
    """The first caption that follows the form, as the task's example."""
    for item in items:
        try:
            parts = template.parse(item.caption)
        except CaptionInvalid:
            continue
        return (TaskExample(summary=parts.summary, panels=parts.panels),)
    return ()
