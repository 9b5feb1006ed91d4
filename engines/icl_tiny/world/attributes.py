"""What exists of creatures: their attributes, and those of a shot that one of them is in."""

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
VIEWS: tuple[str, ...] = ("front", "side", "back", "close-up")
NO_EFFECT = "no effect"
EFFECTS: tuple[str, ...] = (NO_EFFECT, "sandstorm", "sparklers")
RENDERINGS: tuple[str, ...] = ("cartoon", "photo", "illustration")
BACKDROPS = 4
"""How many drawings of each place exist; nothing in a caption tells them apart."""


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
    """One panel's content: who, where, doing what, at which side; how it is seen and rendered.

    `backdrop` says which drawing of the place is behind; no caption can tell.
    """

    creature: Creature
    place: str
    action: str
    position: str
    backdrop: int = 0
    view: str = VIEWS[0]
    effect: str = NO_EFFECT
    rendering: str = RENDERINGS[0]

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = (
            self.place in PLACES,
            self.action in ACTIONS,
            self.position in POSITIONS,
            0 <= self.backdrop < BACKDROPS,
            self.view in VIEWS,
            self.effect in EFFECTS,
            self.rendering in RENDERINGS,
        )
        if not all(known):
            raise ValueError(f"no such shot in this world: {self}")
