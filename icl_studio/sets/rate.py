"""Rating sets: stars, pick and reject, kept in each set's own ``set.json``."""

from __future__ import annotations

from pathlib import Path

from ..domain.problems import UserError
from .changing import change_record
from .record import Rating, SetRecord

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

    Raises what :func:`~icl_studio.sets.changing.change_record` raises.
    """
    return change_record(folder, "rate", lambda record: {"rating": rated(record.rating, word)})


def put_rating(folder: Path, rating: Rating) -> SetRecord:
    """Give the set in ``folder`` exactly this rating, as undoing a rating needs it."""
    return change_record(folder, "rate", lambda _: {"rating": rating})
