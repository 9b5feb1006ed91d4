"""Captions encoded once: within a claim, and on disk from one night to the next."""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..engines.protocol import Engine, LocatedModel, Portable
from ..sets.hashes import HashCache
from ..sets.receipt import weight_files
from .shelf import Shelf

LIMIT = 2**30
"""Bytes on disk; FLUX.1-dev's embeddings of a caption take 4 MB in bfloat16."""

_READS_TEXT = ("text_encoder", "tokenizer")


class Embeddings:
    """Conditionings by what they are made of; for one thread.

    A name is the sha256 of the text encoders' and tokenizers' content, the caption, the text
    length, the precision, the device and the versions: whatever can change a bit of them.
    """

    def __init__(self, folder: Path | None, hashes: HashCache, limit: int = LIMIT) -> None:
        self._shelf = Shelf(folder, limit)
        self._hashes = hashes
        self._of: tuple[weakref.ref[Engine], str] | None = None

    def encode(self, engine: Engine, model: LocatedModel, captions: Sequence[str]) -> list[Any]:
        """One conditioning per caption, in order; only those are encoded that nobody has kept.

        Raises what the engine's ``encode`` raises.
        """
        if not isinstance(engine, Portable):
            return engine.encode(captions)
        names = [self._name(engine, model, caption) for caption in captions]
        found = [self._kept(engine, name) for name in names]
        missing = [caption for caption, kept in zip(captions, found, strict=True) if kept is None]
        fresh = iter(engine.encode(missing) if missing else [])
        for index, name in enumerate(names):
            if found[index] is None:
                found[index] = next(fresh)
                self._shelf.put(name, engine.to_bytes(found[index]))
        return found

    def _kept(self, engine: Portable, name: str) -> Any:
        data = self._shelf.get(name)
        if data is None:
            return None
        try:
            return engine.from_bytes(data)
        except ValueError:  # whole, but another version's: computed again
            self._shelf.drop(name)
            return None

    def _name(self, engine: Engine, model: LocatedModel, caption: str) -> str:
        # A weak reference: an engine that is let go must not be kept in memory by this.
        if self._of is None or self._of[0]() is not engine:
            self._of = (weakref.ref(engine), self._encoders(engine, model))
        return hashlib.sha256(f"{self._of[1]}\0{caption}".encode()).hexdigest()

    def _encoders(self, engine: Engine, model: LocatedModel) -> str:
        """What all conditionings of ``engine`` share, as one digest."""
        facts, folder = engine.facts, model.folder.absolute()
        files = weight_files(facts, model)
        reading = [file for file in files if _reads_text(file, folder)]
        told = facts.model_dump(mode="json", exclude={"files"})
        told["files"] = sorted(self._hashes.sha256(file) for file in reading or files)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _reads_text(file: Path, folder: Path) -> bool:
    if not file.is_relative_to(folder):
        return False
    return file.relative_to(folder).parts[0].startswith(_READS_TEXT)
