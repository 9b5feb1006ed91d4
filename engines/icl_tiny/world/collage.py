"""What a picture of several panels holds, and the same as plain JSON data."""

from dataclasses import asdict, dataclass
from typing import Any

from icl_tiny.world.attributes import Creature, Shot
from icl_tiny.world.kinds import Corner, Mark, Profile, Slide, Word
from icl_tiny.world.panel import Panel

_KINDS: dict[str, type[Panel]] = {
    kind.__name__.lower(): kind for kind in (Shot, Profile, Mark, Word, Corner, Slide)
}


@dataclass(frozen=True)
class Collage:
    """What a picture holds: a layout's name and one panel after the other, row by row.

    `same` names the facts that are to agree over all panels, `differ` those that are meant to
    differ: what a set is to be consistent in, and what would make it a repetition.
    """

    layout: str
    panels: tuple[Panel, ...]
    same: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()

    @property
    def same_creature(self) -> bool:
        """Whether one creature appears in every panel, and nothing but shots."""
        shots = [panel for panel in self.panels if isinstance(panel, Shot)]
        return len(shots) == len(self.panels) and len({shot.creature for shot in shots}) == 1


def to_plain(collage: Collage) -> dict[str, Any]:
    """`collage` as data that JSON can hold; `from_plain` gives it back."""
    panels = [{"kind": type(p).__name__.lower(), "says": asdict(p)} for p in collage.panels]
    return {
        "layout": collage.layout,
        "panels": panels,
        "same": list(collage.same),
        "differ": list(collage.differ),
    }


def from_plain(data: dict[str, Any]) -> Collage:
    """The inverse of `to_plain`. Raises ValueError for a kind or value that does not exist."""
    panels = tuple(_panel(panel["kind"], dict(panel["says"])) for panel in data["panels"])
    return Collage(data["layout"], panels, tuple(data["same"]), tuple(data["differ"]))


def _panel(kind: str, says: dict[str, Any]) -> Panel:
    if kind not in _KINDS:
        raise ValueError(f"no panel is of the kind {kind!r}; known are {', '.join(_KINDS)}")
    if "creature" in says:
        says["creature"] = Creature(**says["creature"])
    return _KINDS[kind](**says)
