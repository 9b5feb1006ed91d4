"""What a small model knows, by fact: ``vocabulary.json`` in its folder.

``{"known_words": [word, …], "attributes": {fact: {value: [phrase, …]}}}``: the words of its
training captions, and which phrases name which value of what it can draw. Models that read natural
language have no such file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "vocabulary.json"


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows, and its facts: fact to value to the phrases that name it."""

    words: frozenset[str] = frozenset()
    facts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def read_vocabulary(folder: Path | None) -> Vocabulary | None:
    """The vocabulary in ``folder``; None where there is none that can be read.

    A hint for people: a file of another form is no error, it only helps nobody.
    """
    if folder is None:
        return None
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    words = data.get("known_words")
    facts = data.get("attributes")
    return Vocabulary(
        words=frozenset(_texts(words)),
        facts={
            name: {value: _texts(phrases) for value, phrases in values.items()}
            for name, values in (facts.items() if isinstance(facts, dict) else ())
            if isinstance(values, dict)
        },
    )


def _texts(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list):
        return ()
    return tuple(text.casefold() for text in found if isinstance(text, str) and text)
