"""Panel markers such as ``[SCENE-1]``: what they look like, and a caption's cuts at them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .problems import Problem

MARKER = re.compile(r"\[[A-Z0-9]+(?:-[A-Z0-9]+)*\]")
_ENDED = (".", "!", "?", "…")
_FIRST_END = re.compile(r"(?P<kept>[.!?…]+[\"'”’»)]*)\s+|;\s+")


def opening_problems(text: str, openings: Sequence[str]) -> list[Problem]:
    """Openings of a whole caption that are missing, repeated or out of order."""
    found: list[Problem] = []
    position = -1
    for opening in openings:
        n = text.count(opening)
        at = text.find(opening)
        if n == 0:
            found.append(Problem(where="caption", what=f"lacks {opening!r}.", fix="Add it."))
        elif n > 1:
            found.append(Problem(where="caption", what=f"has {opening!r} {n} times."))
        elif at < position:
            found.append(Problem(where="caption", what=f"has {opening!r} out of order."))
        position = max(position, at)
    return found


def stray_problems(text: str, known: Sequence[str]) -> list[Problem]:
    """Markers of a whole caption that its template does not have."""
    return [
        Problem(where="caption", what=f"has the stray marker {marker!r}.", fix="Remove it.")
        for marker in dict.fromkeys(MARKER.findall(text))
        if marker not in known
    ]


def held_problems(where: str, text: str, own: Sequence[str], known: Sequence[str]) -> list[Problem]:
    """What a single text may not hold: ``own`` words of its task, and unknown markers."""
    foreign = [word for word in MARKER.findall(text) if word not in (*known, *own)]
    return [
        Problem(
            where=where,
            what=f"contains {word!r}, which the task writes by itself.",
            fix="Take it out of the text.",
        )
        for word in own
    ] + [
        Problem(
            where=where,
            what=f"contains {word!r}, which reads as a panel marker that this task has not.",
            fix="Write it in other brackets, or take it out.",
        )
        for word in dict.fromkeys(foreign)
    ]


def cut_at(text: str, openings: Sequence[str]) -> list[str]:
    """What stands before the first of ``openings`` in ``text``, then after each one."""
    pieces: list[str] = []
    for opening in openings:
        before, _, text = text.partition(opening)
        pieces.append(before.strip())
    return [*pieces, text.strip()]


def first_sentence(text: str) -> tuple[str, str]:
    """``text`` cut after its first sentence, or at a semicolon (left out) before that.

    The second part is empty where there is no more than one.
    """
    found = _FIRST_END.search(text)
    if found is None:
        return text, ""
    return text[: found.start()] + (found["kept"] or ""), text[found.end() :].strip()


def joined(text: str, joint: str) -> str:
    """``text`` with ``joint`` after it, unless it ends a sentence by itself."""
    return text if not joint or text.endswith(_ENDED) else text + joint


def unjoined(text: str, joint: str) -> str:
    """The text that :func:`joined` was given."""
    return text.removesuffix(joint) if joint else text
