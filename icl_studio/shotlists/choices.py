"""Wildcards and choices in texts: ``{red|blue} hat``, ``a __colour__ hat``.

Which one is taken follows from a seed alone, so the same list with the same seeds gives the
same texts. ``__colour__`` takes a line of ``colour.txt`` in the user's wildcards folder;
lines may hold choices and wildcards again. The request keeps the text that came out, the
job the text it came from.
"""

from __future__ import annotations

import difflib
import hashlib
import random
import re
from pathlib import Path
from typing import Final

from ..errors import RequestInvalid

_CHOICE: Final = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_WILDCARD: Final = re.compile(r"__([A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_))*)__")
_MOST: Final = 1000
"""Choices in one text; more is a wildcard that holds itself."""


def has_choices(text: str) -> bool:
    """Whether :func:`chosen` would change ``text``."""
    return bool(_CHOICE.search(text) or _WILDCARD.search(text))


def chosen(text: str, seed: int, place: str, wildcards: Path) -> str:
    """``text`` with every choice made, by ``seed`` and ``place`` (the column).

    Raises :class:`RequestInvalid` for an unknown or empty wildcard, one that holds itself,
    and a brace that is left open.
    """
    digest = hashlib.sha256(f"{seed}/{place}".encode()).digest()
    dice = random.Random(digest)
    for _ in range(_MOST):
        found = _CHOICE.search(text)
        if found:  # the innermost first, so that choices may hold choices
            taken = dice.choice(found[1].split("|")).strip()
        else:
            found = _WILDCARD.search(text)
            if not found:
                break
            taken = dice.choice(_lines(found[1], wildcards))
        text = text[: found.start()] + taken + text[found.end() :]
    else:
        raise RequestInvalid("has a wildcard that holds itself.", fix="Mend its file.")
    if re.search(r"\{[^}]*\|", text) or re.search(r"\|[^{]*\}", text):
        raise RequestInvalid("has a choice with a brace missing.", fix="Write {one|other}.")
    return text


def _lines(name: str, wildcards: Path) -> list[str]:
    file = wildcards / f"{name}.txt"
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError:
        known = sorted(path.stem for path in wildcards.glob("*.txt"))
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise RequestInvalid(
            f"names the wildcard {name!r}, which is not there.", fix=f"{hint}Write {file}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RequestInvalid(
            f"names a wildcard that cannot be read: {file}.", fix="Save it as UTF-8 text."
        ) from error
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise RequestInvalid(f"names the wildcard {name!r}, which is empty.", fix=f"Fill {file}.")
    return lines
