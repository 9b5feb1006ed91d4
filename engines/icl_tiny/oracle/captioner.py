"""Joint captions for pictures of the drawn world: read by the oracle, told as training tells them.

A caption that is wrong teaches an adapter something wrong, so a set is left to its user wherever
the oracle is not sure of a fact, or where panels disagree in what the task keeps the same.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from icl_studio.api import CaptionAsk, CaptionerOptions
from icl_studio.errors import CaptionUnsure, PictureUnreadable, RequestInvalid
from icl_tiny.captions import write_parts
from icl_tiny.oracle.read import SURE, Reading, read_panel
from icl_tiny.world.facts import facts
from icl_tiny.world.layouts import LAYOUTS, Layout
from icl_tiny.world.sampling import random_set
from icl_tiny.world.sets import AGREEMENT, agreement

SHAPES = 0.04
"""A panel's shape may differ from the world's by this share: it is read at that size."""


class OracleCaptioner:
    """Describes sets of the ten tasks that show the embedded model's world."""

    def answer(self, ask: CaptionAsk) -> str:
        """What the oracle reads, in sentences as training has them; the user's own texts stay.

        Raises `CaptionUnsure` where a panel cannot be read surely, saying which fact of which
        panel, `RequestInvalid` for a task that this world does not have.
        """
        layout = layout_of(ask.task)
        # Where the search starts; what it ends with does not depend on it.
        starts = random_set(random.Random(f"start/{layout.name}"), layout.name).panels
        readings = [
            read_panel(picture, start)
            for picture, start in zip(_panels(ask, layout), starts, strict=True)
        ]
        doubts = [*_unsure(ask, readings), *_disagreeing(layout.name, readings)]
        if doubts:
            raise CaptionUnsure(
                f"{ask.name} is left to you: {'; '.join(doubts)}.",
                fix="Write its caption yourself, or take the set out.",
            )
        collage = agreement(layout.name, layout.name, tuple(r.panel for r in readings))
        # The same set gets the same words, whenever it is asked for.
        summary, panels = write_parts(random.Random(f"caption/{ask.name}"), collage, layout.name)
        own = ask.texts or ("",) * len(panels)
        texts = [mine or read for mine, read in zip(own, panels, strict=True)]
        return json.dumps({"summary": ask.summary or summary, "panels": texts})


def create(_options: CaptionerOptions) -> OracleCaptioner:
    """The factory that the plugin's `CaptionerSpec` names."""
    return OracleCaptioner()


def layout_of(task: str) -> Layout:
    """The world's layout for `task`, or for the task that one such as "font-design-tuned" is of.

    Raises `RequestInvalid` for a task that this world has no sets of.
    """
    for name, layout in LAYOUTS.items():
        if task == name or task.startswith(f"{name}-"):
            return layout
    raise RequestInvalid(
        f"The oracle cannot describe sets of the task {task!r}.",
        fix=f"It knows {', '.join(LAYOUTS)}. Use another captioner.",
    )


def _panels(ask: CaptionAsk, layout: Layout) -> Iterator[Image.Image]:
    """The set's panels in reading order, each at the world's panel size."""
    if len(ask.pictures) == layout.count:
        for path, name in zip(ask.pictures, ask.panels, strict=True):
            yield _fitted(_opened(path), layout.panel, f"{ask.name}: {name}")
        return
    if len(ask.pictures) != 1:
        raise CaptionUnsure(
            f"{ask.name} is left to you: {len(ask.pictures)} pictures for {layout.count} panels."
        )
    sheet = _fitted(_opened(ask.pictures[0]), layout.canvas, ask.name)
    width, height = layout.panel
    for index in range(layout.count):
        left, top = layout.origin(index)
        yield sheet.crop((left, top, left + width, top + height))


def _fitted(picture: Image.Image, size: tuple[int, int], name: str) -> Image.Image:
    shape = picture.width / picture.height / (size[0] / size[1])
    if abs(shape - 1) > SHAPES:
        raise CaptionUnsure(
            f"{name} is left to you: its shape is {picture.width}x{picture.height}, "
            f"the world draws {size[0]}x{size[1]}.",
            fix="Crop it to that shape, or write its caption yourself.",
        )
    return picture.resize(size, Image.Resampling.BOX) if picture.size != size else picture


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureUnreadable(
            f"The picture {path} cannot be read: {error}.", fix="Check the file."
        ) from error


def _unsure(ask: CaptionAsk, readings: list[Reading]) -> Iterator[str]:
    """For each panel that cannot be read surely, which and why."""
    for name, reading in zip(ask.panels, readings, strict=True):
        if not reading.readable:
            yield f"{name} is no picture of the embedded model's world"
            continue
        for fact, sure in reading.confidence.items():
            if sure < SURE:
                yield f"the {fact} of {name} is perhaps {reading.values[fact]} ({sure:.0%} sure)"


def _disagreeing(task: str, readings: list[Reading]) -> Iterator[str]:
    """The facts in which the task's panels agree, and these do not; nothing if one is no picture.

    One panel without a hat has no hat's colour, so that is compared where all have it.
    """
    if not all(reading.readable for reading in readings):
        return
    said: list[Any] = [facts(reading.panel) for reading in readings]
    for fact in AGREEMENT[task][0]:
        values = [one[fact] for one in said if fact in one]
        if len(set(values)) > 1:
            yield f"its panels disagree in the {fact}: {', '.join(values)}"
