"""Role names in captions: people of a story written as ``<Leo>``, the same in every panel.

The film storyboard LoRA was trained on names in angle brackets (arXiv 2410.23775).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .problems import Problem

MAX_NAME = 40
_ROLE = re.compile(rf"<(?! )([^<>\n]{{1,{MAX_NAME}}})(?<! )>")
_OPENED = re.compile(r"<([^<>]*)(>?)")
_WRITE = "Write a name in angle brackets, such as <Mara>, or leave the brackets out."


def role_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The names written as ``<Leo>`` in ``texts``, each once, in order of appearance."""
    return tuple(dict.fromkeys(_ROLE.findall(" ".join(texts))))


def role_problems(where: str, text: str) -> list[Problem]:
    """Every ``<`` of ``text`` that opens no sound role name.

    One with white space on both sides is a less-than sign and no mistake.
    """
    found = []
    for match in _OPENED.finditer(text):
        inside, close = match.groups()
        if _ROLE.fullmatch(match[0]) or _is_less_than(text, match):
            continue
        shown = " ".join(match[0].split()[:2])
        if not close:
            first = (inside.split() or ["Mara"])[0]
            what = f"has the role name {shown!r}, which is not closed."
            found.append(Problem(where=where, what=what, fix=f"Close it, as in <{first}>."))
        elif not inside.strip():
            what = f"has the role name {shown!r}, which is empty."
            found.append(Problem(where=where, what=what, fix=_WRITE))
        else:
            what = f"has the role name {shown!r}; a name has 1 to {MAX_NAME} characters and no "
            what += "space at either end."
            found.append(Problem(where=where, what=what, fix=_WRITE))
    return found


def _is_less_than(text: str, match: re.Match[str]) -> bool:
    inside, close = match.groups()
    before = text[: match.start()]
    spaced = inside[:1].isspace() and (not before or before[-1].isspace())
    return spaced and (not close or bool(inside.strip()))
