"""A stroke alphabet of our own: capital letters as lines on a grid, for pens of any kind.

A letter is 4 wide and 6 high, (0, 0) its upper left. Bows are quarter ellipses in few steps, so
that a pen may draw them round or cornered.
"""

import math

Point = tuple[float, float]
Stroke = tuple[Point, ...]

WIDTH, HEIGHT = 4.0, 6.0


def _letters(turn: float) -> dict[str, tuple[Stroke, ...]]:
    """All capitals, their bows in steps of `turn` degrees."""

    def bow(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> Stroke:
        """An arc around (cx, cy) from angle `start` to `end`, degrees clockwise from the right."""
        steps = max(2, round(abs(end - start) / turn))
        angles = (math.radians(start + (end - start) * k / steps) for k in range(steps + 1))
        return tuple((cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles)

    return {
        "A": (((0, 6), (2, 0), (4, 6)), ((0.7, 4), (3.3, 4))),
        "B": (
            ((0, 6), (0, 0), (2.2, 0), *bow(2.2, 1.5, 1.5, 1.5, -90, 90), (0, 3)),
            ((2.2, 3), *bow(2.3, 4.5, 1.7, 1.5, -90, 90), (0, 6)),
        ),
        "C": ((*bow(2.2, 2.2, 2.2, 2.2, -35, -180), *bow(2.2, 3.8, 2.2, 2.2, 180, 35)),),
        "D": (((0, 0), (0, 6), (1.6, 6), *bow(1.6, 3, 2.4, 3, 90, -90), (0, 0)),),
        "E": (((3.7, 0), (0, 0), (0, 6), (3.7, 6)), ((0, 3), (3, 3))),
        "F": (((3.7, 0), (0, 0), (0, 6)), ((0, 3), (3, 3))),
        "G": (
            (
                *bow(2.1, 2.2, 2.1, 2.2, -35, -180),
                *bow(2.1, 3.8, 2.1, 2.2, 180, 0),
                (4.2, 3.3),
                (2.4, 3.3),
            ),
        ),
        "H": (((0, 0), (0, 6)), ((4, 0), (4, 6)), ((0, 3), (4, 3))),
        "I": (((2, 0), (2, 6)), ((0.9, 0), (3.1, 0)), ((0.9, 6), (3.1, 6))),
        "J": (((3.6, 0), (3.6, 4), *bow(1.9, 4, 1.7, 2, 0, 170)),),
        "K": (((0, 0), (0, 6)), ((3.8, 0), (0, 3.3)), ((1.3, 2.3), (4, 6))),
        "L": (((0, 0), (0, 6), (3.6, 6)),),
        "M": (((0, 6), (0, 0), (2, 3.6), (4, 0), (4, 6)),),
        "N": (((0, 6), (0, 0), (4, 6), (4, 0)),),
        "O": ((*bow(2, 2.2, 2, 2.2, -180, 0), *bow(2, 3.8, 2, 2.2, 0, 180), (0, 2.2)),),
        "P": (((0, 6), (0, 0), (2.2, 0), *bow(2.2, 1.7, 1.8, 1.7, -90, 90), (0, 3.4)),),
        "Q": (
            (*bow(2, 2.2, 2, 2.2, -180, 0), *bow(2, 3.8, 2, 2.2, 0, 180), (0, 2.2)),
            ((2.4, 4.2), (4.1, 6.2)),
        ),
        "R": (
            ((0, 6), (0, 0), (2.2, 0), *bow(2.2, 1.6, 1.7, 1.6, -90, 90), (0, 3.2)),
            ((1.8, 3.2), (4, 6)),
        ),
        "S": ((*bow(2, 1.6, 1.9, 1.6, -25, -270), *bow(2, 4.6, 1.95, 1.4, -90, 155)),),
        "T": (((0, 0), (4, 0)), ((2, 0), (2, 6))),
        "U": (((0, 0), (0, 4), *bow(2, 4, 2, 2, 180, 0), (4, 0)),),
        "V": (((0, 0), (2, 6), (4, 0)),),
        "W": (((-0.3, 0), (0.9, 6), (2, 2), (3.1, 6), (4.3, 0)),),
        "X": (((0, 0), (4, 6)), ((4, 0), (0, 6))),
        "Y": (((0, 0), (2, 3), (4, 0)), ((2, 3), (2, 6))),
        "Z": (((0, 0), (4, 0), (0, 6), (4, 6)),),
    }


LETTERS = _letters(22.5)
"""Letters with round bows."""
CORNERED = _letters(50)
"""The same letters, their bows cut to chamfers."""
