"""Tokenizers small enough to be built on the spot, in the classes that FLUX.1 uses."""

from __future__ import annotations

import string

from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer, T5Tokenizer

_WORDS = """
a an the in on of and with from to at is same three two four pictures picture panels set shows
red green blue yellow black white small large cat fox bear robot girl man hat coat room street
forest beach night day light sun rain snow walks sits runs jumps looks reads stands holds opens
logo bag font word style portrait photo illustration storm sand sparkles slide template
"""
WORDS = tuple(_WORDS.split())
MARKERS = ("MOVIE", "SHOTS", "SCENE", "LEFT", "RIGHT", "TOP", "BOTTOM", "FOUR", "PANEL")
"""With :data:`WORDS`, what has a token of its own; everything else is spelt."""


def clip_tokenizer() -> CLIPTokenizer:
    """Byte-level BPE without merges: one token a byte, 77 tokens at most, as CLIP's."""
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)


def t5_tokenizer() -> T5Tokenizer:
    """Unigram over words and markers, with every printable ASCII character as a fallback."""
    scored = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    scored += [(f"▁{word}", -3.0) for word in WORDS]
    scored += [(marker, -3.0) for marker in MARKERS]
    scored += [(character, -6.0) for character in string.printable.strip()]
    return T5Tokenizer(vocab=scored, extra_ids=0, model_max_length=512)
