"""Captions as token numbers, padded as FluxPipeline pads them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTokenizer, T5Tokenizer

from icl_tiny.vocabulary import CLIP_LENGTH, T5_LENGTH, train_clip_tokenizer, train_t5_tokenizer


@dataclass(frozen=True)
class Tokens:
    """Token numbers for both encoders: `t5` (n, length) and `clip` (n, up to 77)."""

    t5: Tensor
    clip: Tensor

    def to(self, device: str) -> "Tokens":
        """The same on another device."""
        return Tokens(self.t5.to(device), self.clip.to(device))


class Tokenizers:
    """Both tokenizers of a run."""

    def __init__(self, clip: CLIPTokenizer, t5: T5Tokenizer) -> None:
        """Use `load` to get a run's own."""
        self.clip, self.t5 = clip, t5

    def t5_length(self, caption: str) -> int:
        """How many T5 tokens `caption` takes, the end token included.

        Asked through transformers: the tokenizer below keeps the padding of the call before, and
        would count that.
        """
        return len(self.t5(caption, padding=False, truncation=False).input_ids)

    def __call__(self, captions: list[str], length: int = T5_LENGTH) -> Tokens:
        """`captions` with T5 padded to `length` exactly.

        CLIP is padded to the longest only: it is causal and pools at its first end token, so that
        what follows cannot matter.
        """
        t5 = self.t5(captions, padding="max_length", max_length=length, truncation=True).input_ids
        clip = self.clip(
            captions, padding="longest", max_length=CLIP_LENGTH, truncation=True
        ).input_ids
        return Tokens(torch.tensor(t5), torch.tensor(clip))


def load_tokenizers(folder: Path, captions: int) -> Tokenizers:
    """The run's tokenizers, trained on `captions` captions at the first call, kept in `folder`."""
    if not (folder / "tokenizer_2" / "tokenizer.json").exists():
        train_clip_tokenizer(captions).save_pretrained(folder / "tokenizer")
        train_t5_tokenizer(captions).save_pretrained(folder / "tokenizer_2")
    return Tokenizers(
        CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        T5Tokenizer.from_pretrained(folder / "tokenizer_2"),
    )
