"""``icl-studio rate``: stars, pick and reject."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import JsonOption, emit_json, out


def command(
    which: Annotated[str, typer.Argument(metavar="SET", help="Id, part of it, or folder.")],
    rating: Annotated[str, typer.Argument(help="0 to 5, pick, reject or clear.")],
    as_json: JsonOption = False,
) -> None:
    """Give a set stars, or pick or reject it; stars and flag are kept apart."""
    from ..sets.rate import rate
    from .sets import library, stars

    entry = library().get(which)
    record = rate(entry.folder, rating)
    if as_json:
        emit_json({"id": record.id, "folder": entry.folder, "rating": record.rating})
    else:
        out.print(f"{record.id}: {stars(record.rating) or 'no rating'}", markup=False)
