"""Rating sets: stars, pick and reject, kept in each set's own ``set.json``."""

from __future__ import annotations

import json
from pathlib import Path

from ..domain.problems import UserError
from ..errors import StorageProblem
from . import files
from .locks import locked
from .record import RECORD_FILE, SCHEMA_VERSION, Rating, SetRecord, read_record

WORDS = "0 to 5, pick, reject or clear"


def rated(rating: Rating, word: str) -> Rating:
    """``rating`` after ``word``: stars keep the flag, a flag keeps the stars.

    Raises :class:`UserError` for another word.
    """
    word = word.strip().casefold()
    if word == "clear":
        return Rating()
    if word in ("pick", "reject"):
        return Rating.model_validate({"stars": rating.stars, "flag": word})
    if word in set("012345"):
        return Rating(stars=int(word), flag=rating.flag)
    raise UserError(f"{word!r} is not a rating.", fix=f"Use {WORDS}.")


def rate(folder: Path, word: str) -> SetRecord:
    """Rate the set in ``folder`` and return its new record; nothing else in it changes.

    Of two who rate at once, one waits for the other; the file is replaced in one step.
    Raises :class:`StorageProblem` for a set of a newer schema, which this version must not
    write, and for a disk that cannot be written.
    """
    path = folder / RECORD_FILE
    # Locked inside the set's own folder, the only one that rating needs to write to.
    with files.storage("rating a set", path), locked(folder, RECORD_FILE):
        record = read_record(folder)
        if record.read_only:
            raise StorageProblem(
                f"The set {folder} was saved by a newer ICL Studio (schema "
                f"{record.schema_version}, this one writes {SCHEMA_VERSION}) and is read-only "
                "here.",
                fix="Update ICL Studio to rate it.",
            )
        new = rated(record.rating, word)
        data = json.loads(path.read_text(encoding="utf-8"))
        data["rating"] = new.model_dump(mode="json")
        files.replace_text(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    return record.model_copy(update={"rating": new})
