"""What exists beside shots of creatures: avatars, marks, words, corners of a room, slides."""

from dataclasses import dataclass

from icl_tiny.world.attributes import COLOURS, Colour, Creature

GROUNDS: dict[str, Colour] = {
    "cream": (252, 243, 220),
    "sky blue": (176, 216, 248),
    "mint": (186, 236, 204),
    "peach": (255, 198, 164),
    "lilac": (214, 194, 246),
    "lemon": (250, 236, 120),
    "grey": (186, 190, 200),
    "navy": (36, 50, 104),
    "black": (34, 32, 38),
}
WALLS: tuple[str, ...] = tuple(name for name in GROUNDS if name != "black")
MANNERS: tuple[str, ...] = ("hearts", "stripes", "dots", "stars", "leaves", "waves")
MARKS: tuple[str, ...] = (
    "star",
    "heart",
    "crescent",
    "sun",
    "leaf",
    "drop",
    "bolt",
    "fish",
    "cat",
    "flower",
    "house",
    "key",
)
ALONE = "alone"
OBJECTS: tuple[str, ...] = (
    ALONE,
    "bag",
    "mug",
    "sign",
    "shirt",
    "box",
    "flag",
    "bottle",
    "book",
)
TYPEFACES: tuple[str, ...] = (
    "thin",
    "rounded",
    "blocky",
    "outlined",
    "slanted",
    "stencil",
    "dotted",
)
# fmt: off
WORDS: tuple[str, ...] = (
    "ant", "apple", "bear", "bee", "bell", "bird", "boat", "book", "cake", "cat",
    "cup", "dog", "drum", "duck", "fire", "fish", "fox", "frog", "honey", "ice",
    "kite", "lake", "lamp", "leaf", "lemon", "lion", "milk", "moon", "owl", "pear",
    "pie", "rain", "rose", "sea", "ship", "snow", "star", "sun", "tea", "tree",
    "wolf",
)
# fmt: on
FURNITURE: tuple[str, ...] = (
    "sofa",
    "bed",
    "table",
    "shelf",
    "desk",
    "kitchen",
    "bathtub",
    "fireplace",
)
STYLES: tuple[str, ...] = ("modern", "rustic", "royal", "japanese", "industrial")
SLIDES: tuple[str, ...] = (
    "title",
    "bullets",
    "bar chart",
    "pie chart",
    "picture",
    "quote",
    "timeline",
)
THEMES: tuple[str, ...] = ("waves", "stripes", "dots", "stars", "triangles", "leaves")
VARIANTS = 4
"""How many drawings of a same mark, corner or slide exist; nothing in a caption tells them."""


def _check(panel: object, known: bool) -> None:
    if not known:
        raise ValueError(f"no such panel in this world: {panel}")


@dataclass(frozen=True)
class Profile:
    """A creature's head and shoulders, large, before a patterned ground."""

    creature: Creature
    manner: str
    ground: str
    variant: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = self.manner in MANNERS and self.ground in GROUNDS
        _check(self, known and 0 <= self.variant < VARIANTS)


@dataclass(frozen=True)
class Mark:
    """A logo of one colour: alone on its ground, or printed on an object of the ground's colour."""

    shape: str
    colour: str
    ground: str
    object: str
    variant: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = self.shape in MARKS and self.colour in COLOURS and self.ground in GROUNDS
        _check(self, known and self.object in OBJECTS and 0 <= self.variant < VARIANTS)


@dataclass(frozen=True)
class Word:
    """A short word set in one typeface, in one ink on one ground."""

    text: str
    typeface: str
    ink: str
    ground: str
    variant: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = self.text in WORDS and self.typeface in TYPEFACES and self.ink in COLOURS
        _check(self, known and self.ground in GROUNDS and 0 <= self.variant < VARIANTS)


@dataclass(frozen=True)
class Corner:
    """A corner of a room with one piece of furniture; its cloth has the accent's colour."""

    furniture: str
    style: str
    wall: str
    accent: str
    variant: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = self.furniture in FURNITURE and self.style in STYLES and self.wall in WALLS
        _check(self, known and self.accent in COLOURS and 0 <= self.variant < VARIANTS)


@dataclass(frozen=True)
class Slide:
    """One slide of a presentation: what it holds, its motif and its two colours."""

    kind: str
    theme: str
    colour: str
    accent: str
    variant: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a value this world does not have."""
        known = self.kind in SLIDES and self.theme in THEMES and self.colour in COLOURS
        _check(self, known and self.accent in COLOURS and 0 <= self.variant < VARIANTS)
