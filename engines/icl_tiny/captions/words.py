"""The words for every attribute. The first of a list is the plain one and is drawn most often."""

import random
import re
from collections.abc import Iterable

Lexicon = dict[str, tuple[str, ...]]

COLOUR_WORDS: Lexicon = {
    "red": ("red", "crimson", "scarlet", "bright red"),
    "orange": ("orange", "tangerine", "bright orange"),
    "yellow": ("yellow", "golden", "lemon yellow"),
    "green": ("green", "emerald", "grass green"),
    "teal": ("teal", "turquoise", "blue-green"),
    "blue": ("blue", "royal blue", "deep blue"),
    "purple": ("purple", "violet", "plum"),
    "pink": ("pink", "rosy", "light pink"),
    "white": ("white", "snow-white", "pale white"),
    "brown": ("brown", "chestnut", "chocolate brown"),
}
BODY_WORDS: Lexicon = {
    "round": ("round", "ball-shaped", "circular", "plump"),
    "square": ("square", "boxy", "cube-shaped", "blocky"),
    "triangular": ("triangular", "triangle-shaped", "three-cornered"),
    "tall": ("tall", "long", "slim", "thin"),
    "fluffy": ("fluffy", "furry", "cloud-shaped", "fuzzy"),
}
HAT_WORDS: Lexicon = {
    "cap": ("cap", "baseball cap", "peaked cap"),
    "top hat": ("top hat", "high top hat", "magician's hat"),
    "crown": ("crown", "royal crown", "king's crown"),
    "party hat": ("party hat", "pointed hat", "cone hat", "birthday hat"),
    "woolly hat": ("woolly hat", "bobble hat", "knitted hat", "winter hat", "beanie"),
}
NO_HAT_WORDS = ("with no hat", "without a hat", "with a bare head", "bareheaded", "hatless")
NOUNS = (
    "creature",
    "creature",
    "creature",
    "monster",
    "fellow",
    "character",
    "being",
    "little creature",
)

# With a preposition: "jumping in a forest".
PLACE_PHRASES: Lexicon = {
    "beach": (
        "on a beach",
        "on the beach",
        "at the seaside",
        "at the beach",
        "on the shore",
        "on a sandy beach",
        "by the sea",
        "on the sand by the sea",
        "under a palm tree on the beach",
    ),
    "forest": (
        "in a forest",
        "in the forest",
        "in the woods",
        "among the trees",
        "in a pine forest",
        "between tall trees",
        "in a green forest",
        "in the wood",
    ),
    "city": (
        "in a city at night",
        "in the city at night",
        "in a city",
        "in the city",
        "on a street at night",
        "in town after dark",
        "under the city lights",
        "in front of lit windows at night",
        "in a big city by night",
    ),
    "mountains": (
        "in snowy mountains",
        "in the snowy mountains",
        "in the mountains",
        "in the snow",
        "on a snowy mountain",
        "among snowy peaks",
        "in a winter landscape",
        "in the snow below the peaks",
    ),
    "desert": (
        "in a desert",
        "in the desert",
        "among the dunes",
        "in the hot desert",
        "near a cactus",
        "between dunes",
        "in a sandy desert",
    ),
    "room": (
        "in a cosy room",
        "in the cosy room",
        "at home",
        "in a room",
        "in the living room",
        "indoors",
        "in a cozy room",
        "in a warm room",
        "inside the house",
    ),
    "sea": (
        "under water",
        "underwater",
        "under the sea",
        "on the sea floor",
        "at the bottom of the sea",
        "below the waves",
        "under the waves",
        "deep in the ocean",
    ),
    "moon": (
        "on the moon",
        "on the surface of the moon",
        "in space on the moon",
        "among the craters of the moon",
        "on the grey moon",
        "in space",
    ),
    "meadow": (
        "in a meadow",
        "in the meadow",
        "in a field of flowers",
        "on a flowery meadow",
        "among the flowers",
        "on the grass",
        "in a green field",
        "in a park",
        "in the garden",
    ),
}
# After "of": "on the left of a forest".
PLACE_NOUNS: Lexicon = {
    "beach": ("a beach", "the beach", "a sandy beach", "the shore"),
    "forest": ("a forest", "the forest", "a pine forest", "the woods"),
    "city": ("a city at night", "the city at night", "a night city", "a city street at night"),
    "mountains": (
        "a snowy mountain landscape",
        "the snowy mountains",
        "the mountains",
        "a snowy landscape",
    ),
    "desert": ("a desert", "the desert", "a sandy desert", "the dunes"),
    "room": ("a cosy room", "the room", "the living room", "a cozy room"),
    "sea": ("the sea floor", "an underwater scene", "the underwater world", "the ocean floor"),
    "moon": ("the moon", "the moon's surface", "a moon landscape", "the grey moon"),
    "meadow": ("a meadow", "the meadow", "a field of flowers", "a flowery meadow", "the garden"),
}
# "is ... ", and the same as a verb.
ACTION_DOING: Lexicon = {
    "standing": ("standing", "standing still", "waiting", "just standing"),
    "waving": (
        "waving",
        "waving hello",
        "waving a hand",
        "waving at us",
        "greeting us",
        "saying hello",
    ),
    "jumping": ("jumping", "jumping high", "leaping", "hopping", "jumping for joy", "jumping up"),
    "sleeping": ("sleeping", "asleep", "fast asleep", "taking a nap", "napping", "dozing"),
    "balloon": (
        "holding a balloon",
        "holding a red balloon",
        "with a balloon",
        "carrying a balloon",
        "holding a balloon in one hand",
    ),
}
ACTION_DOES: Lexicon = {
    "standing": ("stands", "stands still", "waits", "is seen"),
    "waving": ("waves", "waves hello", "waves a hand", "waves at us", "greets us", "says hello"),
    "jumping": ("jumps", "jumps high", "leaps", "hops", "jumps for joy", "jumps up"),
    "sleeping": ("sleeps", "is asleep", "takes a nap", "naps", "dozes"),
    "balloon": ("holds a balloon", "holds a red balloon", "carries a balloon", "has a balloon"),
}
POSITION_PHRASES: Lexicon = {
    "left": (
        "on the left",
        "at the left",
        "on the left side",
        "to the left",
        "on the left-hand side",
        "left",
    ),
    "middle": ("in the middle", "in the centre", "in the center", "at the centre", "centred"),
    "right": (
        "on the right",
        "at the right",
        "on the right side",
        "to the right",
        "on the right-hand side",
        "right",
    ),
}
NAMES = (
    "Pip",
    "Mo",
    "Zed",
    "Leo",
    "Ada",
    "Bob",
    "Kit",
    "Lulu",
    "Max",
    "Nia",
    "Otto",
    "Tilly",
    "Coco",
    "Finn",
)

PLAIN_SHARE = 0.6


def pick(rng: random.Random, words: tuple[str, ...]) -> str:
    """The plain word more often than not, otherwise any of them."""
    return words[0] if rng.random() < PLAIN_SHARE else rng.choice(words)


def words_of(texts: Iterable[str]) -> set[str]:
    """The lower-case words in `texts`; what stands in braces is a gap of a form and no word."""
    found: set[str] = set()
    for text in texts:
        found.update(re.findall(r"[a-z]+(?:['-][a-z]+)*", re.sub(r"\{[\w ]+\}", " ", text).lower()))
    return found
