"""What a user should hear of a request that can be made but may not give what they want.

Nothing here refuses anything. Words are judged for models with a vocabulary only: a model that
reads natural language has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from ..domain.caption import CaptionParts
from ..domain.model import ModelSpec
from ..models.vocabulary import Vocabulary
from .asking import unknown_words

MOST = 12
"""So many words are named; the others are counted."""
_FEW = 2
"""A word in the phrases of more values than this names none of them."""
_FOREIGN = 0.6
"""From this share of unknown words on a text is rather in another language."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[,;.:]")
_BETWEEN = {",", "and", "or"}
_PREPOSITIONS = {"on", "in", "at", "as", "with", "of", "under"}


def advice(model: ModelSpec, parts: CaptionParts, vocabulary: Vocabulary | None) -> list[str]:
    """Everything worth saying of ``parts`` for ``model``, one sentence or two each, maybe nothing.

    Unknown words with the nearest known ones, texts that name nothing the model can draw, panels
    that ask for the same picture, values that contradict each other.
    """
    return [
        *_unknown(model, parts, vocabulary),
        *_same_panels(parts),
        *_contradictions(parts, vocabulary),
    ]


def _unknown(model: ModelSpec, parts: CaptionParts, vocabulary: Vocabulary | None) -> Iterator[str]:
    unknown = unknown_words(model, parts)
    name = called(model)
    typed = _words(" ".join((parts.summary, *parts.panels)))
    facts = vocabulary.facts if vocabulary is not None and model.vocabulary else {}
    if vocabulary is not None and facts and not _drawable(vocabulary) & set(typed):
        yield (
            f"{name} knows none of this: it will draw something of its own. "
            f"`icl-studio models show {model.id}` lists what it can draw."
        )
    if not unknown:
        return
    listed = ", ".join(f"'{word}'" for word in unknown[:MOST])
    more = f" and {len(unknown) - MOST} more words" if len(unknown) > MOST else ""
    text = f"{name} does not know {listed}{more}"
    near = _nearest(unknown[:MOST], model.vocabulary)
    if near:
        text += f"; it knows {', '.join(near)}"
    elif facts:
        text += f"; `icl-studio models show {model.id}` lists what it knows"
    if len(set(typed) & set(unknown)) > _FOREIGN * len(set(typed)):
        text += ". It reads English only"
    yield f"{text}; it draws what it knows."


def _drawable(vocabulary: Vocabulary) -> set[str]:
    """Words that name something: not those that stand in phrases of many values ("on", "the")."""
    named: dict[str, set[str]] = {}
    for phrase, values in _phrases(vocabulary).items():
        for word in phrase:
            named.setdefault(word, set()).update(values.values())
    return {word for word, values in named.items() if len(word) > 2 and len(values) <= _FEW}


def called(model: ModelSpec) -> str:
    """How sentences name ``model``."""
    return "the embedded model" if model.source.startswith("resource:") else model.title


def _nearest(unknown: Sequence[str], known: Sequence[str]) -> list[str]:
    """Known words that are written like the unknown ones, each once, quoted."""
    found: dict[str, None] = {}
    folded = [word.casefold() for word in known if len(word) > 2]
    for word in unknown:
        found |= dict.fromkeys(get_close_matches(word, folded, n=2, cutoff=0.7))
    return [f"'{word}'" for word in found]


def _same_panels(parts: CaptionParts) -> Iterator[str]:
    """Panels whose texts are the same words, whatever their punctuation."""
    numbers: dict[tuple[str, ...], list[int]] = {}
    for number, text in enumerate(parts.panels, 1):
        words = tuple(word for word in _words(text) if word.isalpha()) or (text,)
        numbers.setdefault(words, []).append(number)
    for same in numbers.values():
        if len(same) > 1:
            listed = f"{', '.join(map(str, same[:-1]))} and {same[-1]}"
            yield f"panels {listed} have the same text: they ask for the same picture."


@dataclass(frozen=True)
class _Named:
    """A value that a text names, by which facts, at which words."""

    facts: frozenset[str]
    value: str
    start: int
    end: int


def _contradictions(parts: CaptionParts, vocabulary: Vocabulary | None) -> Iterator[str]:
    """Two values of one fact side by side, such as "a red and blue creature".

    Further apart they may well belong to two things ("a red creature with a blue hat").
    """
    if vocabulary is None:
        return
    phrases = _phrases(vocabulary)
    texts = [("the summary", parts.summary)]
    texts += [(f"panel {number}", text) for number, text in enumerate(parts.panels, 1)]
    for where, text in texts:
        words = _words(text)
        named = _named(words, phrases)
        for one, other in pairwise(named):
            between = words[one.end : other.start]
            if one.facts != other.facts or one.value == other.value or set(between) - _BETWEEN:
                continue
            if not _two_things(words, one, other, where == "the summary"):
                fact = "colour" if "colour" in one.facts else min(one.facts, key=len)
                yield (
                    f"{where} names two values of {fact} for one thing, '{one.value}' and "
                    f"'{other.value}': one of them will be lost."
                )


def _two_things(words: list[str], one: _Named, other: _Named, summary: bool) -> bool:
    """Whether two values side by side belong to two things all the same.

    "on green, blue accents": the first has ended with the comma. "as a photo and as a drawing",
    said of a whole set: its panels may differ.
    """
    ended = one.start > 0 and words[one.start - 1] in _PREPOSITIONS and words[one.end] == ","
    return ended or (summary and words[other.start] in _PREPOSITIONS)


def _phrases(vocabulary: Vocabulary) -> dict[tuple[str, ...], dict[str, str]]:
    """Every phrase of the vocabulary as words: the value it names, by fact."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for fact, values in vocabulary.facts.items():
        for value, phrases in values.items():
            for phrase in phrases:
                found.setdefault(tuple(_words(phrase)), {})[fact] = value
    return found


def _named(words: list[str], phrases: dict[tuple[str, ...], dict[str, str]]) -> list[_Named]:
    """What ``words`` name, the longest phrase first at every place; no word counts twice."""
    longest = max(map(len, phrases), default=0)
    found, start = [], 0
    while start < len(words):
        for length in range(min(longest, len(words) - start), 0, -1):
            values = phrases.get(tuple(words[start : start + length]))
            if values and len(set(values.values())) == 1:
                value = next(iter(values.values()))
                found.append(_Named(frozenset(values), value, start, start + length))
                start += length
                break
        else:
            start += 1
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
