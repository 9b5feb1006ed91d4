"""A data set written down for a trainer: sheets at their buckets' sizes, captions, one manifest.

The folder is a data set itself (``NNNN.png`` beside ``NNNN.txt``), so it can be looked at, checked
and trained on again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from PIL import Image
from pydantic import Field, ValidationError

from ..domain.geometry import Size
from ..domain.problems import Frozen
from ..errors import StorageProblem, UserError
from ..sets.crop import pixel_digest
from ..sets.files import fsync_folder, make_folders, remove_tree, replace_text, storage
from .dataset import Inspected, Progress, View, compose, layout_for, load_pictures

MANIFEST = "dataset.json"


class Example(Frozen):
    """One sheet that is trained on: files inside the manifest's folder.

    ``pixels`` is the digest of its pixels (:func:`~icl_studio.sets.crop.pixel_digest`), ``source``
    the name of the item it was made from.
    """

    picture: str
    text: str
    caption: str = Field(min_length=1)
    canvas: Size
    pixels: str
    source: str


class Manifest(Frozen):
    """All of a prepared data set; ``digest`` changes when a pixel or a word of it does."""

    schema_version: int = 1
    task: str
    examples: tuple[Example, ...] = Field(min_length=1)
    digest: str


def digest_of(examples: Iterable[Example]) -> str:
    """sha256 hex over pixels, captions and canvases, whatever the order or the names."""
    lines = sorted(f"{e.pixels} {e.canvas} {e.caption}" for e in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def prepare(
    inspected: Inspected, task: str, view: View, folder: Path, progress: Progress | None = None
) -> Manifest:
    """Write the usable items of ``inspected`` into ``folder``, which must not exist or be empty.

    Put together beside it and renamed: ``folder`` is whole or not there. Raises
    :class:`UserError` when nothing is usable or the folder is taken, ``StorageProblem``.
    """
    usable = [
        (material, item)
        for material, item in zip(inspected.material, inspected.items, strict=True)
        if item.usable
    ]
    if not usable:
        raise UserError(
            "Nothing in the data set can be trained on.",
            fix="Run `icl-studio dataset check` to see what is wrong with each item.",
            problems=[
                problem.model_copy(update={"where": f"{item.name} {problem.where}".strip()})
                for item in inspected.items
                for problem in item.problems
                if problem.level == "error"
            ][:20]
            or inspected.problems,
        )
    if folder.exists() and any(folder.iterdir()):
        raise StorageProblem(f"{folder} is not empty.", fix="Name a new folder.")
    examples = []
    spare = folder.with_name(f".{folder.name}.partial")
    with storage("preparing the data set", folder):
        remove_tree(spare)
        make_folders(spare)
        for number, (material, item) in enumerate(usable, 1):
            pictures, _ = load_pictures(material)
            sizes = [Size(*picture.size) for picture in pictures]
            sheet = compose(pictures, layout_for(sizes, view), view.fit)
            name = f"{number:04}"
            _write_png(spare / f"{name}.png", sheet)
            (spare / f"{name}.txt").write_text(item.caption + "\n", "utf-8", newline="\n")
            examples.append(
                Example(
                    picture=f"{name}.png",
                    text=f"{name}.txt",
                    caption=item.caption,
                    canvas=Size(*sheet.size),
                    pixels=pixel_digest(sheet),
                    source=item.name,
                )
            )
            if progress is not None:
                progress(number, len(usable))
        manifest = Manifest(task=task, examples=tuple(examples), digest=digest_of(examples))
        text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
        replace_text(spare / MANIFEST, text + "\n")
        if folder.exists():
            folder.rmdir()
        os.rename(spare, folder)  # noqa: PTH104
        fsync_folder(folder.parent)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``; raises :class:`UserError` when it is missing or damaged."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as problem:
        raise UserError(
            f"The prepared data set {folder} cannot be read: {_first_line(problem)}.",
            fix="Prepare it again with `icl-studio dataset import`.",
        ) from problem


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """The pictures and texts in ``folder`` that are no longer as ``manifest`` says."""
    changed = []
    for example in manifest.examples:
        try:
            with Image.open(folder / example.picture) as picture:
                same = pixel_digest(picture.convert("RGB")) == example.pixels
            text = (folder / example.text).read_text(encoding="utf-8")
        except (OSError, SyntaxError, ValueError):
            changed.append(example.picture)
            continue
        if not same:
            changed.append(example.picture)
        if text.strip() != example.caption:
            changed.append(example.text)
    return changed


def _write_png(path: Path, picture: Image.Image) -> None:
    with path.open("xb") as file:
        picture.save(file, "PNG", compress_level=1)
        file.flush()
        os.fsync(file.fileno())


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0].rstrip(".")
