"""Sizes for delivery, as people write them: ``1024x512``, ``50%``, ``2048px``."""

from __future__ import annotations

import re
from typing import Literal

from ..domain.geometry import Size
from ..domain.problems import Frozen, UserError

_FORM = re.compile(r"(?P<percent>\d+(?:\.\d+)?)%|(?P<long>\d+)(?:px)?|(?P<w>\d+)x(?P<h>\d+)")
_TOLERANCE = 0.01
"""How far a side may be from the exact aspect: rounding, but nothing an eye could see."""
_HELP = "Write 1024x512, 50% or 2048px (the long side)."


class SizeRule(Frozen):
    """A size asked for: a factor (percent), a long side, or a width and height."""

    kind: Literal["percent", "long", "exact"]
    percent: float = 100
    long: int = 0
    exact: Size = Size(0, 0)

    def of(self, width: int, height: int) -> Size:
        """The size for a picture of ``width`` x ``height``.

        Raises :class:`UserError` rather than distort: an exact size must keep the aspect.
        """
        if self.kind == "percent":
            return _at_least_one(width * self.percent / 100, height * self.percent / 100)
        if self.kind == "long":
            scale = self.long / max(width, height)
            return _at_least_one(width * scale, height * scale)
        by_width = _at_least_one(self.exact.width, self.exact.width * height / width)
        if abs(by_width.height - self.exact.height) > max(1, _TOLERANCE * by_width.height):
            by_height = _at_least_one(self.exact.height * width / height, self.exact.height)
            raise UserError(
                f"A size of {self.exact} would distort a picture of {Size(width, height)}.",
                fix=f"Sizes that keep its shape: {by_width} or {by_height}.",
            )
        return self.exact


def parse_size(text: str) -> SizeRule:
    """The rule that ``text`` means; raises :class:`UserError`."""
    match = _FORM.fullmatch(text.strip().lower())
    if match is None:
        raise UserError(f"{text!r} is not a size.", fix=_HELP)
    if match["percent"]:
        rule = SizeRule(kind="percent", percent=float(match["percent"]))
        sound = 0 < rule.percent <= 1600
    elif match["long"]:
        rule = SizeRule(kind="long", long=int(match["long"]))
        sound = 0 < rule.long <= 65_000
    else:
        rule = SizeRule(kind="exact", exact=Size(int(match["w"]), int(match["h"])))
        sound = min(rule.exact) > 0 and max(rule.exact) <= 65_000
    if not sound:
        raise UserError(f"A size of {text} is out of reach.", fix="Use 1 to 65000 pixels a side.")
    return rule


def _at_least_one(width: float, height: float) -> Size:
    return Size(max(1, round(width)), max(1, round(height)))
