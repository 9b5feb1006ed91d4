"""Counting the tokens of a caption as FLUX's T5 does, without loading transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.caption import TokenCounter
from ..domain.model import ModelSpec
from ..engines.protocol import LocatedModel
from ..errors import ModelUnavailable

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

FOLDER = "tokenizer_2"


class FastTokenCounter:
    """T5 from its ``tokenizer.json``; the end mark, which T5 always writes, is counted."""

    def __init__(self, tokenizer: Tokenizer, limit: int) -> None:
        self._tokenizer = tokenizer
        self.limit = limit

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(text).ids)


class SentencePieceCounter:
    """T5 from its ``spiece.model``, for folders saved without ``tokenizer.json``."""

    def __init__(self, processor: SentencePieceProcessor, limit: int) -> None:
        self._processor = processor
        self.limit = limit

    def count(self, text: str) -> int:
        return len(self._processor.encode(text)) + 1


def token_counter(model: LocatedModel | Path, spec: ModelSpec | None = None) -> TokenCounter:
    """A counter for ``model``; its limit is the spec's ``max_sequence_length``.

    ``spec`` is needed only beside a bare folder. Raises :class:`ModelUnavailable` where the
    model's second tokenizer is missing or unreadable.
    """
    if isinstance(model, LocatedModel):
        folder, spec = model.folder, spec or model.spec
    else:
        folder = model
    limit = spec.max_sequence_length if spec is not None else 512
    fast, slow = folder / FOLDER / "tokenizer.json", folder / FOLDER / "spiece.model"
    if fast.is_file():
        return _fast(fast, limit)
    if slow.is_file():
        return _sentencepiece(slow, limit)
    raise ModelUnavailable(
        f"The model in {folder} has no {FOLDER}/tokenizer.json and no {FOLDER}/spiece.model.",
        fix="Fetch the model's second tokenizer again.",
    )


def _fast(path: Path, limit: int) -> TokenCounter:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise _unreadable(path, error) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return FastTokenCounter(tokenizer, limit)


def _sentencepiece(path: Path, limit: int) -> TokenCounter:
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor()
        processor.LoadFromSerializedProto(path.read_bytes())  # any path, also non-ASCII ones
    except (OSError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    return SentencePieceCounter(processor, limit)


def _unreadable(path: Path, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"{path} cannot be read as a tokenizer: {error}.", fix="Fetch this file again."
    )
