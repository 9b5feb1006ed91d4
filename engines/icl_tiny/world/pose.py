"""Where a creature's body is on a canvas."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pose:
    """Where a body is, in supersampled pixels: its centre line, its lowest edge, size and unit."""

    x: float
    base: float
    w: float
    h: float
    u: float
    side: int
    """+1 when free hand and balloon are on the right of the body, -1 when on the left."""

    @property
    def top(self) -> float:
        """The body's upper edge."""
        return self.base - self.h
