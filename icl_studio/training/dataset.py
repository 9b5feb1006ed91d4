"""A data set seen through a task: every item checked and placed, one bad file never the others.

Nothing is written here; :mod:`.prepare` writes what a trainer reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from ..domain.caption import CaptionParts, CaptionTemplate, TokenCounter
from ..domain.geometry import CanvasRule, Size
from ..domain.layout import Layout
from ..domain.problems import Frozen, Problem, UserError
from ..domain.task import TaskSpec
from ..errors import CaptionInvalid, PictureUnreadable
from .buckets import Bucket, candidates, histogram, nearest, panel_layout, scaled
from .findings import Finding, as_findings, error, note, warning
from .fitting import Fit, Fitted, fit_picture, fitted_size
from .material import Gathered, Material
from .pictures import open_rgb
from .seams import check_seams

SMALL = 1.05
"""A picture enlarged by more than this is worth a warning, by :data:`TINY` left out."""
TINY = 4.0
ALIKE = 4
"""Perceptual hashes of 256 bits that differ in at most so many are of nearly one picture."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class View:
    """How a task's data is looked at: its template, its buckets, and the fit that was chosen.

    ``layouts`` are the canvases that sheets may be trained at, the task's own first.
    """

    template: CaptionTemplate
    layouts: tuple[Layout, ...]
    fit: Fit = "crop"
    batch: int = 1
    counter: TokenCounter | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return self.layouts[0].names


def view_of(
    task: TaskSpec,
    rule: CanvasRule | None = None,
    *,
    fit: Fit = "crop",
    batch: int = 1,
    scale: float = 1.0,
    buckets: bool = True,
    counter: TokenCounter | None = None,
) -> View:
    """The view of ``task`` at the size that a model with ``rule`` draws it, times ``scale``.

    Without ``buckets`` every sheet goes onto the task's own canvas. Raises ``LayoutInvalid``.
    """
    rule = rule or CanvasRule()
    layout = scaled(task.layout, rule, scale)
    found = candidates(layout, rule) if buckets else [layout]
    return View(task.caption, tuple(found), fit, batch, counter)


class Item(Frozen):
    """One set of a data set: what it is, where it goes, and what is wrong with it.

    ``size`` is that of the sheet as it came, of separate panels that of the first. ``fitted`` are
    the losses per picture. An item with a finding of level ``error`` is not trained on.
    """

    name: str
    kind: str
    size: Size | None
    caption: str
    bucket: Size | None = None
    fitted: tuple[Fitted, ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def usable(self) -> bool:
        return self.bucket is not None and not any(p.level == "error" for p in self.problems)

    @property
    def lost(self) -> int:
        """Pixels that were cut away from this item."""
        return sum(one.lost for one in self.fitted)


@dataclass(frozen=True)
class Inspected:
    """A whole data set after its check; ``material`` and ``items`` go side by side."""

    material: tuple[Material, ...]
    items: tuple[Item, ...]
    buckets: tuple[Bucket, ...]
    problems: tuple[Finding, ...] = ()
    fit: Fit = "crop"

    @property
    def usable(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.usable)

    def to_json(self) -> dict[str, Any]:
        """What ``dataset check --json`` prints."""
        lost = sum(item.lost for item in self.items)
        return {
            "items": [
                {
                    "name": item.name,
                    "kind": item.kind,
                    "size": item.size,
                    "bucket": item.bucket,
                    "usable": item.usable,
                    "lost_pixels": item.lost,
                    "problems": [problem.model_dump() for problem in item.problems],
                }
                for item in self.items
            ],
            "buckets": [bucket.model_dump(mode="json") for bucket in self.buckets],
            "problems": [problem.model_dump() for problem in self.problems],
            "usable": len(self.usable),
            "fit": self.fit,
            "lost_pixels": lost,
        }


@dataclass
class _Seen:
    """What earlier items looked like, for finding one picture twice."""

    exact: dict[str, str] = field(default_factory=dict)
    hashes: list[tuple[int, str]] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)


def inspect(gathered: Gathered, view: View, progress: Progress | None = None) -> Inspected:
    """Check every item of ``gathered`` against ``view``. Raises nothing over a bad item."""
    seen = _Seen()
    items = []
    for number, material in enumerate(gathered.items, 1):
        items.append(_inspect_one(material, view, seen))
        if progress is not None:
            progress(number, len(gathered.items))
    usable = [item for item in items if item.usable]
    buckets = histogram([item.bucket for item in usable if item.bucket], view.batch)
    problems = [*gathered.findings, *_of_the_whole(items, usable)]
    return Inspected(gathered.items, tuple(items), buckets, tuple(problems), view.fit)


def load_pictures(material: Material) -> tuple[list[Image.Image], list[Finding]]:
    """The pictures of one set as RGB; a finding of level error for each that cannot be had."""
    pictures, told = [], []
    for path in material.pictures:
        where = path.name if len(material.pictures) > 1 else ""
        try:
            if path.stat().st_size == 0:
                raise PictureUnreadable(f"{path.name} is empty (0 bytes).", fix="Copy it again.")
            picture, done = open_rgb(path)
        except UserError as problem:
            told.append(error(_without_path(problem.message, path), problem.fix, where))
        except OSError as problem:
            told.append(error(f"cannot be read: {problem}.", "Check the file.", where))
        else:
            pictures.append(picture)
            told += [one.model_copy(update={"where": where}) for one in done]
    return pictures, told


def compose(pictures: Sequence[Image.Image], layout: Layout, fit: Fit) -> Image.Image:
    """The sheet of ``layout``'s canvas from one sheet or from one picture per panel.

    Gutters of a sheet put together from panels are white. Raises :class:`PictureUnreadable`.
    """
    if len(pictures) == 1:
        return fit_picture(pictures[0], layout.canvas, fit)[0]
    width, height = layout.canvas
    sheet = Image.new("RGB", (width, height), "white")
    for picture, box in zip(pictures, layout.boxes, strict=True):
        sheet.paste(fit_picture(picture, box.size, fit)[0], (box.x0, box.y0))
    return sheet


def layout_for(sizes: Sequence[Size], view: View) -> Layout:
    """The bucket that a sheet (one size) or separate panels (one size each) go to."""
    if len(sizes) == 1:
        return nearest(sizes[0], view.layouts)
    return panel_layout(sizes, view.layouts)


def joint_caption(material: Material, template: CaptionTemplate) -> str:
    """The joint caption of ``material``: its own, else the form filled from its panels' texts.

    Empty where there is neither. Raises :class:`CaptionInvalid` for texts that do not fit.
    """
    if material.caption or not material.texts:
        return material.caption
    parts = CaptionParts(summary=material.summary, panels=material.texts)
    return template.render(parts)


def _inspect_one(material: Material, view: View, seen: _Seen) -> Item:
    found = list(material.findings)
    broken = any(finding.level == "error" for finding in found)
    pictures, told = load_pictures(material)
    found += told
    caption, problems = _checked_caption(material, view)
    found += problems
    sizes = [Size(*picture.size) for picture in pictures]
    bucket: Size | None = None
    fitted: tuple[Fitted, ...] = ()
    if pictures and not broken and len(pictures) == len(material.pictures):
        layout = layout_for(sizes, view)
        bucket = layout.canvas
        fitted, problems = _checked_fit(sizes, layout, view.fit)
        found += problems
        found += _checked_doubles(pictures, caption, material.name, seen)
        if len(pictures) == 1 and min(sizes[0]) >= 32:
            found += check_seams(pictures[0], layout)
    return Item(
        name=material.name,
        kind=material.kind,
        size=sizes[0] if sizes else None,
        caption=caption,
        bucket=bucket,
        fitted=fitted,
        problems=tuple(found),
    )


def _checked_caption(material: Material, view: View) -> tuple[str, list[Finding]]:
    if not (material.caption or material.texts):
        return "", [error("has no caption.", "Write one, or run `icl-studio dataset caption`.")]
    template = view.template
    try:
        caption = joint_caption(material, template)
        parts = template.parse(caption)
    except CaptionInvalid as problem:
        return material.caption, as_findings(problem.problems or [_whole(problem)])
    found = template.problems(parts, view.counter)
    return caption, as_findings(found)


def _whole(problem: CaptionInvalid) -> Problem:
    return Problem(where="caption", what=problem.message, fix=problem.fix)


def _checked_fit(
    sizes: Sequence[Size], layout: Layout, fit: Fit
) -> tuple[tuple[Fitted, ...], list[Finding]]:
    """What fitting does to each picture, and what is to be said of it."""
    places = [layout.canvas] if len(sizes) == 1 else [box.size for box in layout.boxes]
    wheres = [""] if len(sizes) == 1 else list(layout.names)
    done, found = [], []
    for size, place, where in zip(sizes, places, wheres, strict=True):
        try:
            fitted = fitted_size(size, place, fit)
        except PictureUnreadable as problem:
            found.append(error(problem.message, problem.fix, where))
            continue
        done.append(fitted)
        words = str(fitted)
        if fitted.scale > TINY:
            what = f"is {size}, far too small for its place of {place}."
            found.append(error(what, "Use a larger picture.", where))
        elif fitted.scale > SMALL:
            what = f"is {size}, too small for its place of {place}: {words}."
            found.append(warning(what, "Use a larger picture.", where))
        elif words:
            found.append(note(f"{words}, to be {place}.", where))
    return tuple(done), found


def _checked_doubles(
    pictures: Sequence[Image.Image], caption: str, name: str, seen: _Seen
) -> list[Finding]:
    """Whether these pictures or this caption came before."""
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(f"{picture.size}".encode())
        digest.update(picture.tobytes())
    found = []
    twin = seen.exact.setdefault(digest.hexdigest(), name)
    prints = _fingerprint(pictures[0])
    if twin != name:
        found.append(warning(f"is the same picture as {twin}.", "Leave one of them out."))
    else:
        for other, other_name in seen.hashes:
            if (prints ^ other).bit_count() <= ALIKE:
                what = f"looks nearly the same as {other_name}."
                found.append(warning(what, "Leave one of them out, if it is the same."))
                break
    seen.hashes.append((prints, name))
    if caption:
        same = seen.captions.setdefault(caption, name)
        if same != name:
            found.append(warning(f"has the same caption as {same}.", "Tell them apart in words."))
    return found


def _fingerprint(picture: Image.Image) -> int:
    """A difference hash of 256 bits: is each cell brighter than its left neighbour?"""
    grey = picture.convert("L").resize((17, 16), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(16):
        for column in range(16):
            place = row * 17 + column
            bits = bits << 1 | (grey[place + 1] > grey[place])
    return bits


def _of_the_whole(items: Iterable[Item], usable: Sequence[Item]) -> list[Finding]:
    if not list(items):
        return [error("holds no pictures.", "Put pictures with .txt captions into it.")]
    if not usable:
        return [error("holds nothing that can be trained on.", "Mend the items listed above.")]
    if len(usable) < 5:
        what = f"has {len(usable)} usable set{'s' if len(usable) > 1 else ''}"
        fix = "20 to 100 are usual (arXiv 2410.23775); so few are learnt by heart."
        return [warning(f"{what}.", fix)]
    return []


def _without_path(message: str, path: Path) -> str:
    """``message`` with the path as a name: the item says where it lies already."""
    return message.replace(str(path), path.name)
