"""Every word that the window says goes through :func:`tr`, so that it can be translated.

Only literals are handed to it: a test reads the sources and finds what would be missed.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

CONTEXT: Final = "icl_studio"


def tr(text: str, **values: object) -> str:
    """``text`` in the user's language, with ``{name}`` put in from ``values``."""
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


def trn(one: str, many: str, n: int, **values: object) -> str:
    """``one`` or ``many`` by the number ``n``, which may stand in the text as ``{n}``."""
    return tr(one if n == 1 else many, n=f"{n:,}", **values)


def clock(seconds: float) -> str:
    """A length of time as people say it: ``8 s``, ``2:05 min``, ``3:07 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return tr("{n} s", n=whole)
    if whole < 3600:
        return tr("{m}:{s:02} min", m=whole // 60, s=whole % 60)
    return tr("{h}:{m:02} h", h=whole // 3600, m=whole % 3600 // 60)
