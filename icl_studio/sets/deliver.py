"""Delivering sets: panels and sheets as files of a chosen format, size and name.

Everything that can be known beforehand is checked before the first file is written, and
no file that exists is ever replaced.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from pydantic import Field, ValidationError

from ..domain.geometry import Size
from ..domain.problems import Frozen, UserError
from ..domain.request import problems_of
from ..errors import PictureUnreadable
from . import files
from .formats import DEFAULT_QUALITY, MAX_SIDE, Format, encoded
from .library import Entry
from .naming import DEFAULT_EXPORT_NAME, Value, check_template, numbered, render_name, set_values
from .pictures import open_picture
from .record import member
from .sizes import SizeRule, parse_size

_ALIASES = {
    "png": "png",
    "jpg": "jpg",
    "jpeg": "jpg",
    "webp": "webp",
    "tif": "tiff",
    "tiff": "tiff",
}


class Delivery(Frozen):
    """How to deliver; ``quality`` is for JPEG and WebP, where 100 is lossless WebP."""

    format: Format = "png"
    name: str = DEFAULT_EXPORT_NAME
    size: str = "100%"
    quality: int = Field(default=DEFAULT_QUALITY, ge=1, le=100)
    metadata: Literal["full", "clean"] = "full"
    what: Literal["panels", "sheet", "both"] = "panels"


class Delivered(Frozen):
    """One file that was written; ``panel`` is None for a sheet."""

    set_id: str
    panel: str | None
    path: Path
    size: Size


class _Item(NamedTuple):
    """One picture to be written."""

    entry: Entry
    panel: str | None
    source: Path
    original: Size
    size: Size
    name: str


def delivery_of(**choices: object) -> Delivery:
    """A :class:`Delivery` from what a user typed; None takes the default.

    Raises :class:`UserError` for a wrong choice, size or name template.
    """
    given = {key: value for key, value in choices.items() if value is not None}
    given["format"] = _ALIASES.get(
        str(given.get("format", "png")).lower().lstrip("."), given.get("format", "png")
    )
    try:
        delivery = Delivery.model_validate(given)
    except ValidationError as error:
        raise UserError(
            "The pictures cannot be delivered so.", problems=problems_of(error)
        ) from error
    parse_size(delivery.size)
    check_template(delivery.name)
    return delivery


def deliver(
    sets: Sequence[Entry],
    folder: Path,
    delivery: Delivery,
    on_file: Callable[[int, int], None] | None = None,
) -> list[Delivered]:
    """Write what ``delivery`` asks of ``sets`` into ``folder``, which is made if missing.

    ``on_file(done, total)`` is called after each file. A name that is taken gets a number.
    Raises :class:`UserError` and its kinds, before anything is written where that is
    possible; files already written when a disk fills up are whole and stay.
    """
    items = _plan(sets, delivery)
    done: list[Delivered] = []
    taken: set[Path] = set()
    for item in items:
        with files.storage(f"writing picture {len(done) + 1} of {len(items)}", folder):
            path = _write(item, folder, delivery, taken)
        done.append(
            Delivered(set_id=item.entry.record.id, panel=item.panel, path=path, size=item.size)
        )
        if on_file is not None:
            on_file(len(done), len(items))
    return done


def _plan(sets: Sequence[Entry], delivery: Delivery) -> list[_Item]:
    """All pictures to write, with their sizes and names; raises before a file is touched."""
    rule = parse_size(delivery.size)
    items: list[_Item] = []
    for entry in sets:
        folder, record = entry
        values = set_values(record.request, record.id, record.created_at)
        values["engine"] = record.receipt.engine
        if delivery.what != "panels":
            canvas = record.request.layout.canvas
            source = member(folder, record.sheet)
            items.append(_item(entry, None, source, canvas, rule, delivery, values))
        if delivery.what == "sheet":
            continue
        texts = record.request.parts.panels
        for n, panel in enumerate(record.panels, 1):
            text = texts[n - 1] if n <= len(texts) else ""
            own: dict[str, Value] = {"panel": panel.name, "index": n, "text": text}
            source = member(folder, panel.path)
            items.append(
                _item(entry, panel.name, source, panel.box.size, rule, delivery, values | own)
            )
    return items


def _item(
    entry: Entry,
    panel: str | None,
    source: Path,
    original: Size,
    rule: SizeRule,
    delivery: Delivery,
    values: dict[str, Value],
) -> _Item:
    size = rule.of(*original)
    limit = MAX_SIDE[delivery.format]
    if max(size) > limit:
        raise UserError(
            f"A {delivery.format} file can be {limit} pixels long, not {max(size)}.",
            fix="Choose a smaller --size or another --format.",
        )
    sized = values | {"width": size.width, "height": size.height}
    return _Item(entry, panel, source, original, size, render_name(delivery.name, sized))


def _write(item: _Item, folder: Path, delivery: Delivery, taken: set[Path]) -> Path:
    picture = open_picture(item.source)
    if picture.size != item.original:
        raise PictureUnreadable(
            f"{item.source} has been changed since it was saved: it is {Size(*picture.size)} "
            f"pixels, the set says {item.original}.",
            fix="Put the saved picture back, or deliver the changed one by hand.",
        )
    if picture.size != item.size:
        picture = picture.resize(item.size, Image.Resampling.LANCZOS)
    record = item.entry.record if delivery.metadata == "full" else None
    data = encoded(picture, delivery.format, delivery.quality, record, item.panel)

    def is_taken(name: str) -> bool:
        path = folder / f"{name}.{delivery.format}"
        return path in taken or path.exists()

    while True:
        path = folder / f"{numbered(item.name, is_taken)}.{delivery.format}"
        files.make_folders(path.parent)
        taken.add(path)
        try:
            write_beside(path, data)
        except FileExistsError:
            continue  # another program took the name since we looked
        return path


def write_beside(path: Path, data: bytes) -> None:
    """Write a new file in one step; raises ``FileExistsError`` instead of replacing one."""
    spare = path.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        files.write_new(spare, data)
        try:
            os.link(spare, path)
        except FileExistsError:
            raise
        except OSError:
            # A disk without hard links (FAT): claim the name, then fill it.
            path.open("xb").close()
            os.replace(spare, path)  # noqa: PTH105
    finally:
        spare.unlink(missing_ok=True)
