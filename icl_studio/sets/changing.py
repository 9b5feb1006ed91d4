"""Changing what a user thinks of a set, in its own ``set.json``: rating and tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import StorageProblem
from . import files
from .locks import locked
from .record import RECORD_FILE, SCHEMA_VERSION, SetRecord, read_record, schema_for


def change_record(
    folder: Path, doing: str, change: Callable[[SetRecord], Mapping[str, Any]]
) -> SetRecord:
    """Put the fields that ``change`` returns into the record of ``folder``; the new record.

    ``doing`` is a verb for people (``"rate"``). Of two who change at once, one waits for the
    other; the file is replaced in one step and its other keys stay as they are. Raises
    :class:`StorageProblem` for a set of a newer schema, which this version must not write,
    for a damaged one, and for a disk that cannot be written.
    """
    path = folder / RECORD_FILE
    # Locked inside the set's own folder, the only one that this needs to write to.
    with files.storage(f"trying to {doing} a set", path), locked(folder, RECORD_FILE):
        record = read_record(folder)
        if record.read_only:
            raise StorageProblem(
                f"The set {folder} was saved by a newer ICL Studio (schema "
                f"{record.schema_version}, this one writes {SCHEMA_VERSION}) and is read-only "
                "here.",
                fix=f"Update ICL Studio to {doing} it.",
            )
        changed = record.model_copy(update=dict(change(record)))
        lowest = schema_for(tags=bool(changed.tags), assembled=changed.assembly is not None)
        changed = changed.model_copy(update={"schema_version": lowest})
        if changed != record:
            files.replace_text(path, _text(path, changed))
    return changed


def _text(path: Path, record: SetRecord) -> str:
    """The new text of ``path``: keys and their order stay as they stand in the old one."""
    old = json.loads(path.read_text(encoding="utf-8"))
    new = json.loads(record.to_json())
    kept = {key: new[key] for key in old if key in new}
    return json.dumps(kept | new, indent=2, ensure_ascii=False) + "\n"
