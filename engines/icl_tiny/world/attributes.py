"""What exists in the world: the attributes of a creature and of a shot, and the held-out rule."""

import hashlib
from dataclasses import dataclass

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (218, 56, 52),
    "orange": (240, 140, 44),
    "yellow": (246, 212, 70),
    "green": (82, 172, 80),
    "teal": (44, 170, 170),
    "blue": (62, 104, 214),
    "purple": (136, 82, 190),
    "pink": (240, 136, 180),
    "white": (244, 243, 238),
    "brown": (138, 94, 62),
}
BODIES: tuple[str, ...] = ("round", "square", "triangular", "tall", "fluffy")
NO_HAT = "no hat"
HATS: tuple[str, ...] = (NO_HAT, "cap", "top hat", "crown", "party hat", "woolly hat")
PLACES: tuple[str, ...] = (
    "beach",
    "forest",
    "city",
    "mountains",
    "desert",
    "room",
    "sea",
    "moon",
    "meadow",
)
ACTIONS: tuple[str, ...] = ("standing", "waving", "jumping", "sleeping", "balloon")
POSITIONS: tuple[str, ...] = ("left", "middle", "right")
BACKDROPS = 4
"""How many drawings of each place exist; nothing in a caption tells them apart."""

_HELD_OUT_PERCENT = 10


@dataclass(frozen=True)
class Creature:
    """Who is in the picture. `hat_colour` is None exactly when there is no hat."""

    colour: str
    body: str
    hat: str
    hat_colour: str | None

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        if self.colour not in COLOURS or self.body not in BODIES or self.hat not in HATS:
            raise ValueError(f"no such creature in this world: {self}")
        if (self.hat == NO_HAT) != (self.hat_colour is None):
            raise ValueError(f"a hat needs a colour, and no hat has none: {self}")
        if self.hat_colour is not None and self.hat_colour not in COLOURS:
            raise ValueError(f"no such hat colour in this world: {self.hat_colour}")

    @property
    def key(self) -> str:
        """The canonical text of the four attributes."""
        return "/".join((self.colour, self.body, self.hat, self.hat_colour or "-"))


@dataclass(frozen=True)
class Shot:
    """One panel's content: who, where, doing what, at which side, before which backdrop."""

    creature: Creature
    place: str
    action: str
    position: str
    backdrop: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = (
            self.place in PLACES and self.action in ACTIONS and self.position in POSITIONS
        ) and 0 <= self.backdrop < BACKDROPS
        if not known:
            raise ValueError(f"no such shot in this world: {self}")


def is_held_out(creature: Creature) -> bool:
    """Whether `creature` is kept out of all training, by hash: about one in ten, always."""
    digest = hashlib.sha256(creature.key.encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < _HELD_OUT_PERCENT
