"""The numbers of the design: a grid, sizes of type, the colours of both schemes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

GRID: Final = 4
GAP, GAP_WIDE, GAP_BLOCK, GAP_PAGE = 8, 12, 16, 24
RADIUS: Final = 6
ROW: Final = 28
ICON_SMALL, ICON = 16, 20
SECONDARY, BODY, EMPHASIS, TITLE = 12, 13, 15, 20
"""Type sizes in pixels (Qt scales them with the screen)."""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Tokens:
    """The colours of one scheme. ``surround`` lies around pictures, ``line`` divides."""

    scheme: Scheme
    window: str
    panel: str
    raised: str
    surround: str
    text: str
    secondary: str
    line: str
    accent: str
    on_accent: str
    ok: str
    warning: str
    error: str


DARK: Final = Tokens(
    scheme="dark",
    window="#1f1f1f",
    panel="#262626",
    raised="#2e2e2e",
    surround="#181818",
    text="#e6e6e6",
    secondary="#a0a0a0",
    line="#3a3a3a",
    accent="#4f8cff",
    on_accent="#0d1420",
    ok="#3fa66b",
    warning="#d99a2b",
    error="#e0605c",
)
LIGHT: Final = Tokens(
    scheme="light",
    window="#f4f4f4",
    panel="#ffffff",
    raised="#ffffff",
    surround="#e2e2e2",
    text="#1c1c1c",
    secondary="#5c5c5c",
    line="#d4d4d4",
    accent="#2563eb",
    on_accent="#ffffff",
    ok="#2f8a57",
    warning="#a86b0c",
    error="#c9403c",
)
