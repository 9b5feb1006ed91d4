"""Which words the model can know: all that training captions are made of, by fact and as a list."""

from icl_tiny.captions import forms, words
from icl_tiny.captions.kind_forms import kind_training_texts
from icl_tiny.captions.lexicon import LEXICONS
from icl_tiny.captions.pair_forms import pair_training_texts
from icl_tiny.captions.words import Lexicon, words_of

_COLOURS = words.COLOUR_WORDS

ATTRIBUTES: dict[str, Lexicon] = {
    "colour": _COLOURS,
    "body": words.BODY_WORDS,
    "hat": {"no hat": words.NO_HAT_WORDS, **words.HAT_WORDS},
    "hat colour": _COLOURS,
    "scene": words.PLACE_PHRASES,
    "action": words.ACTION_DOING,
    "position": words.POSITION_PHRASES,
    **LEXICONS,
    "mark colour": _COLOURS,
    "ink": _COLOURS,
    "accent": _COLOURS,
    "theme colour": _COLOURS,
}
"""Every fact that a caption can state, its values and the words for each; a value with no words
(the effect "no effect", the rendering "cartoon") is what a text means that says nothing."""


def known_words() -> list[str]:
    """All words that training captions can hold, lower-case and sorted: what the model can know."""
    tables = (*ATTRIBUTES.values(), words.PLACE_NOUNS, words.ACTION_DOES)
    texts = [word for table in tables for several in table.values() for word in several]
    spoken = words_of([*texts, *words.NOUNS, *words.NAMES])
    written = (forms.training_texts(), kind_training_texts(), pair_training_texts())
    return sorted(spoken.union(*map(words_of, written)))
