"""Saving a set so that it is there completely or not at all.

Everything is written into a hidden folder beside the library's sets and waited for; the
rename into place is the commit. A set's id is unique: a job that is done twice, even by
two processes at once, makes one set.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from PIL.Image import Image

from ..domain.request import SetRequest
from . import crop, files
from .library import Library
from .locks import PARTIAL, locked, partial_folder, sweep
from .naming import DEFAULT_SET_NAME, numbered, safe_part, set_folder_name
from .png import png_bytes
from .record import (
    RECORD_FILE,
    SET_ID,
    SHEET_FILE,
    Assembly,
    PanelFile,
    Receipt,
    SetRecord,
    is_set_folder,
    schema_for,
)

PANELS_FOLDER = "panels"
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}


def save_set(
    root: Path,
    set_id: str,
    request: SetRequest,
    sheet: Image,
    receipt: Receipt,
    *,
    folder_name: str | None = None,
    assembly: Assembly | None = None,
) -> Path:
    """Save a set under ``root`` and return its folder; one that stands already is returned as is.

    ``folder_name`` is relative to ``root`` (see :func:`~icl_studio.sets.naming.set_folder_name`);
    an open ``{counter}`` is counted up, a name that is taken gets ``-2``. ``assembly`` says
    where the panels come from when not one request drew them all. Raises
    :class:`PictureUnreadable` for a sheet that is not of the canvas size and
    :class:`StorageProblem` for a full, read-only or vanished disk; then nothing is left.
    """
    if not SET_ID.match(set_id) or len(set_id) > 64:
        raise ValueError(f"{set_id!r} cannot be the id of a set")
    root = root.absolute()
    made = datetime.now(UTC)
    name = folder_name or set_folder_name(DEFAULT_SET_NAME, request, set_id, made.astimezone())
    panels = crop.cut(sheet, request.layout)
    record = SetRecord(
        schema_version=schema_for(tags=False, assembled=assembly is not None),
        id=set_id,
        created=made.isoformat(timespec="seconds"),
        request=request,
        receipt=receipt,
        panels=_panel_files(request),
        pixels=crop.pixel_digest(sheet),
        assembly=assembly,
    )
    with files.storage("saving a set", root):
        created = files.make_folders(root)
        try:
            with locked(root, set_id):
                standing = Library(root).find_id(set_id, folder_depth(name))
                return standing or _build(
                    root, name, set_id, lambda partial: _write(partial, record, sheet, panels)
                )
        except BaseException:
            files.remove_if_empty(created)
            raise


def adopt_set(root: Path, set_id: str, contents: Mapping[str, bytes], folder_name: str) -> Path:
    """Save a set that was made on another machine, under the same guards; its folder.

    ``contents`` are its files by their paths inside its folder, with ``/``. One that stands
    already is returned as it is. Raises ``ValueError`` for files that are no set of this id or
    lead out of its folder, and :class:`StorageProblem` as :func:`save_set` does.
    """
    ways = [PurePosixPath(name) for name in contents]
    astray = any(way.is_absolute() or ".." in way.parts or ":" in str(way) for way in ways)
    if astray or SetRecord.model_validate_json(contents[RECORD_FILE]).id != set_id:
        raise ValueError(f"these files are not the set {set_id}")
    root = root.absolute()

    def write(partial: Path) -> None:
        for name, data in contents.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            files.write_new(partial / name, data)

    with files.storage("saving a set", root):
        created = files.make_folders(root)
        try:
            with locked(root, set_id):
                standing = Library(root).find_id(set_id, folder_depth(folder_name))
                return standing or _build(root, folder_name, set_id, write)
        except BaseException:
            files.remove_if_empty(created)
            raise


def folder_depth(name: str | None) -> int:
    """How deep the folder ``name`` of a set lies at most, seen from the folder of all sets.

    Saving looks for a set of its id no deeper, so that a large tree of other files beside
    the sets costs nothing.
    """
    return len(re.split(r"[/\\]", name or DEFAULT_SET_NAME))


def _panel_files(request: SetRequest) -> tuple[PanelFile, ...]:
    return tuple(
        PanelFile(name=panel.name, path=f"{PANELS_FOLDER}/{n:02}-{panel.name}.png", box=panel.box)
        for n, panel in enumerate(request.layout.panels, 1)
    )


def _write(partial: Path, record: SetRecord, sheet: Image, panels: Sequence[Image]) -> None:
    files.write_new(partial / SHEET_FILE, png_bytes(sheet, record))
    for panel, picture in zip(record.panels, panels, strict=True):
        files.write_new(partial / panel.path, png_bytes(picture, record, panel.name))
    files.write_new(partial / RECORD_FILE, record.to_json().encode("utf-8"))


def _build(root: Path, name: str, set_id: str, write: Callable[[Path], None]) -> Path:
    """Write everything into the hidden folder and commit it, or leave nothing."""
    sweep(root)
    partial = partial_folder(root, set_id)
    files.remove_tree(partial)  # ours by the lock, left by a process that died
    try:
        (partial / PANELS_FOLDER).mkdir(parents=True)
        write(partial)
        files.fsync_folder(partial / PANELS_FOLDER)
        files.fsync_folder(partial)
        return _commit(root, name, partial)
    finally:
        files.remove_tree(partial)


def _commit(root: Path, name: str, partial: Path) -> Path:
    """Rename ``partial`` to the first free form of ``name``; parents are made as needed."""
    parts = [part for word in re.split(r"[/\\]", name) if (part := safe_part(word))]
    inside_a_set = any(is_set_folder(root / Path(*parts[:n])) for n in range(1, len(parts)))
    name = ("-" if inside_a_set else "/").join(parts) or partial.name.removeprefix(PARTIAL)
    refused: set[str] = set()
    while True:
        free = numbered(name, lambda n: n in refused or (root / n).exists())
        target = root / free
        made = files.make_folders(target.parent)
        try:
            files.rename_folder(partial, target)
        except OSError as error:
            files.remove_if_empty(made)
            # Between the look and the rename another set may have taken the name.
            if error.errno not in _TAKEN or not target.exists():
                raise
            refused.add(free)
        else:
            # The set stands from here on: a disk that cannot sync its folder changes nothing.
            with suppress(OSError):
                for folder in {target.parent, root, *(path.parent for path in made)}:
                    files.fsync_folder(folder)
            return target
