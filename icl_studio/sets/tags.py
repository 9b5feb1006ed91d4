"""Tags: words of the user's own on a set, kept in its ``set.json`` and found by ``tag:``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..domain.problems import UserError
from ..domain.request import problems_of
from .changing import change_record
from .record import MAX_TAG, SetRecord, Tag

MAX_TAGS = 50
_TAG: TypeAdapter[str] = TypeAdapter(Tag)


def parse_tag(text: str) -> str:
    """``text`` as a tag, without space around it; raises :class:`UserError`."""
    try:
        return _TAG.validate_python(text)
    except ValidationError as error:
        raise UserError(
            f"{text!r} cannot be a tag: {problems_of(error)[0].what}",
            fix=f"Use 1 to {MAX_TAG} characters without commas or quotes.",
        ) from None


def tagged(
    tags: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> tuple[str, ...]:
    """``tags`` with some added at the end and some taken away; upper and lower case are one.

    Raises :class:`UserError` for what is no tag, and for more than ``MAX_TAGS``.
    """
    gone = {parse_tag(text).casefold() for text in remove}
    kept = {tag.casefold(): tag for tag in tags if tag.casefold() not in gone}
    for text in map(parse_tag, add):
        kept.setdefault(text.casefold(), text)
    if len(kept) > MAX_TAGS:
        raise UserError(f"A set can have {MAX_TAGS} tags.", fix="Take some away first.")
    return tuple(kept.values())


def tag(folder: Path, add: Iterable[str] = (), remove: Iterable[str] = ()) -> SetRecord:
    """Change the tags of the set in ``folder``; its new record.

    Raises what :func:`tagged` and :func:`~icl_studio.sets.changing.change_record` raise.
    """
    added, removed = list(add), list(remove)
    return change_record(
        folder, "tag", lambda record: {"tags": tagged(record.tags, added, removed)}
    )


def put_tags(folder: Path, tags: Iterable[str]) -> SetRecord:
    """Give the set in ``folder`` exactly these tags; raises as :func:`tag`."""
    wanted = tagged((), tags)
    return change_record(folder, "tag", lambda _: {"tags": wanted})
