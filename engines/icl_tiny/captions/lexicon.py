"""The words for logos, typefaces, rooms and slides, and for how a shot is seen and rendered.

As in `words`, the first of a list is the plain one and is drawn most often.
"""

from icl_tiny.captions.words import Lexicon
from icl_tiny.world.kinds import WORDS

VIEW_PHRASES: Lexicon = {
    "front": ("from the front", "seen from the front", "facing us"),
    "side": ("from the side", "seen from the side", "in side view", "in profile"),
    "back": ("from behind", "seen from behind", "from the back", "seen from the back"),
    "close-up": ("in close-up", "up close", "seen up close", "in a close-up"),
}
EFFECT_PHRASES: Lexicon = {
    "sandstorm": (
        "in a sandstorm",
        "in blowing sand",
        "in a storm of sand",
        "in flying sand",
        "with a sandstorm",
    ),
    "sparklers": (
        "with sparklers",
        "among sparklers",
        "with burning sparklers",
        "among glowing sparklers",
        "with sparks of light",
    ),
}
RENDERING_PHRASES: Lexicon = {
    "photo": ("as a photo", "as a photograph", "photographed", "in a real photo"),
    "illustration": (
        "as a flat illustration",
        "as an illustration",
        "as a flat drawing",
        "illustrated on paper",
    ),
}
PATTERN_WORDS: Lexicon = {
    "hearts": ("hearts", "little hearts", "heart shapes"),
    "stripes": ("stripes", "diagonal stripes", "bands"),
    "dots": ("dots", "polka dots", "spots"),
    "stars": ("stars", "little stars", "star shapes"),
    "leaves": ("leaves", "little leaves", "leaf shapes"),
    "waves": ("waves", "wavy lines", "ripples"),
    "triangles": ("triangles", "little triangles", "pointed shapes"),
}
GROUND_WORDS: Lexicon = {
    "cream": ("cream", "cream-coloured", "ivory"),
    "sky blue": ("sky blue", "light blue", "pale blue"),
    "mint": ("mint", "mint green", "pale green"),
    "peach": ("peach", "peach-coloured", "apricot"),
    "lilac": ("lilac", "lavender", "light purple"),
    "lemon": ("lemon", "light yellow", "pale yellow"),
    "grey": ("grey", "gray", "silver grey"),
    "navy": ("navy", "navy blue", "dark blue"),
    "black": ("black", "jet black", "charcoal"),
}
MARK_WORDS: Lexicon = {
    "star": ("star", "five-pointed star"),
    "heart": ("heart", "heart shape"),
    "crescent": ("crescent", "crescent moon", "half moon"),
    "sun": ("sun", "sun with rays", "shining sun"),
    "leaf": ("leaf", "single leaf"),
    "drop": ("drop", "water drop", "droplet"),
    "bolt": ("bolt", "lightning bolt", "flash"),
    "fish": ("fish", "swimming fish"),
    "cat": ("cat", "cat's head", "kitten"),
    "flower": ("flower", "blossom"),
    "house": ("house", "little house", "cottage"),
    "key": ("key", "door key"),
}
OBJECT_WORDS: Lexicon = {
    "alone": ("alone", "by itself", "on its own"),
    "bag": ("bag", "paper bag", "shopping bag", "tote bag"),
    "mug": ("mug", "cup", "coffee mug"),
    "sign": ("sign", "signboard", "street sign"),
    "shirt": ("shirt", "t-shirt", "tee shirt"),
    "box": ("box", "package", "cardboard box"),
    "flag": ("flag", "banner", "waving flag"),
    "bottle": ("bottle", "glass bottle", "flask"),
    "book": ("book", "book cover", "notebook"),
}
TYPEFACE_WORDS: Lexicon = {
    "thin": ("thin", "fine", "hairline", "light thin"),
    "rounded": ("rounded", "bold rounded", "soft bold", "bubbly"),
    "blocky": ("blocky", "block", "heavy square", "chunky"),
    "outlined": ("outlined", "outline", "hollow"),
    "slanted": ("slanted", "italic", "leaning"),
    "stencil": ("stencil", "stencilled", "cut stencil"),
    "dotted": ("dotted", "beaded", "dot"),
}
FURNITURE_WORDS: Lexicon = {
    "sofa": ("sofa", "couch", "settee"),
    "bed": ("bed", "double bed", "bed with two pillows"),
    "table": ("table", "dining table", "table with chairs"),
    "shelf": ("shelf", "bookshelf", "bookcase"),
    "desk": ("desk", "writing desk", "desk with a computer"),
    "kitchen": ("kitchen", "kitchen counter", "kitchen with a stove"),
    "bathtub": ("bathtub", "bath", "tub"),
    "fireplace": ("fireplace", "open fireplace", "burning fireplace"),
}
STYLE_WORDS: Lexicon = {
    "modern": ("modern", "plain modern", "contemporary"),
    "rustic": ("rustic", "country", "farmhouse"),
    "royal": ("royal", "classic", "palace"),
    "japanese": ("japanese", "zen", "japanese-style"),
    "industrial": ("industrial", "loft", "factory"),
}
SLIDE_PHRASES: Lexicon = {
    "title": ("the title", "the cover", "the title slide", "the opening slide"),
    "bullets": ("a list with bullets", "a bullet list", "three bullet points", "a list"),
    "bar chart": ("a bar chart", "a column chart", "a bar graph"),
    "pie chart": ("a pie chart", "a pie graph", "a pie diagram"),
    "picture": ("a picture with text", "a photo with text", "an image with text"),
    "quote": ("a quote", "a quotation", "a large quote"),
    "timeline": ("a timeline", "a time line", "a schedule"),
}

LEXICONS: dict[str, Lexicon] = {
    "view": VIEW_PHRASES,
    "effect": EFFECT_PHRASES,
    "rendering": RENDERING_PHRASES,
    "manner": {name: PATTERN_WORDS[name] for name in PATTERN_WORDS if name != "triangles"},
    "ground": GROUND_WORDS,
    "mark": MARK_WORDS,
    "object": OBJECT_WORDS,
    "word": {word: (word,) for word in WORDS},
    "typeface": TYPEFACE_WORDS,
    "furniture": FURNITURE_WORDS,
    "style": STYLE_WORDS,
    "wall": {name: GROUND_WORDS[name] for name in GROUND_WORDS if name != "black"},
    "slide": SLIDE_PHRASES,
    "theme": {name: PATTERN_WORDS[name] for name in PATTERN_WORDS if name != "hearts"},
}
"""The words for every fact that is not in `words`, by the fact's name."""
