"""The two tokenizers, trained on generated captions, and the list of words that the model knows.

CLIP's is a byte-level BPE (nothing is unknown to it); T5's is a unigram model in which every marker
is one token. Both fold case. Needs `tokenizers`, and `sentencepiece` for T5's case folding only.
"""

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from icl_tiny.captions import ATTRIBUTES, MARKERS, known_words, write_caption
from icl_tiny.plain_words import plain_words
from icl_tiny.world import Layout
from icl_tiny.world.sampling import random_collage, random_layout

if TYPE_CHECKING:
    from transformers import CLIPTokenizer, T5Tokenizer

CLIP_LENGTH = 77
T5_LENGTH = 128
"""The padded length that training ended with, hence to be used: T5 is not masked in FLUX."""
CLIP_WORDS, T5_PIECES = 2048, 3072
_SINGLE_SHARE = 0.3
"""Share of the corpus that is single pictures: effects and renderings are named there only."""
_START, _END = "<|startoftext|>", "<|endoftext|>"
_CLIP_SPLIT = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
# Letters that a unigram piece must exist for, beside those of the corpus.
_LETTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()[]<>-_/&%+*=#@àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœ"
)


def corpus(captions: int = 20_000, seed: int = 7) -> Iterator[str]:
    """Generated captions of all layouts and of single pictures, then the plain words many times."""
    rng = random.Random(seed)
    for _ in range(captions):
        layout = random_layout(rng)
        if rng.random() < _SINGLE_SHARE:
            layout = Layout("single", 1, 1, layout.panel, 1.0)
        yield write_caption(rng, layout, random_collage(rng, layout))
    for word in plain_words():
        yield from [f"{word} {word}s"] * 12
        yield from [word] * 25
    yield from [" ".join(_LETTERS)] * 3


def train_clip_tokenizer(captions: int = 20_000) -> "CLIPTokenizer":
    """A CLIP tokenizer with `CLIP_WORDS` entries at most, lengths limited to 77."""
    from transformers import CLIPTokenizer

    bpe = Tokenizer(models.BPE(unk_token=_END, end_of_word_suffix="</w>"))
    bpe.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_SPLIT), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=CLIP_WORDS - len(alphabet),
        special_tokens=[_START, _END],
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    bpe.train_from_iterator(corpus(captions), trainer)
    state = json.loads(bpe.to_str())["model"]
    vocab = dict(state["vocab"])
    # Any byte may end a word: without these a rare letter at a word's end would be unknown.
    for letter in sorted(alphabet):
        vocab.setdefault(f"{letter}</w>", len(vocab))
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in state["merges"]]
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=CLIP_LENGTH)


def _case_folding() -> bytes:
    """SentencePiece's compiled table for NFKC with case folding, as its own format carries it."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f"] * 20),
        model_writer=model,
        vocab_size=12,
        model_type="bpe",
        normalization_rule_name="nmt_nfkc_cf",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    spec = proto.ModelProto()
    spec.ParseFromString(model.getvalue())
    return bytes(spec.normalizer_spec.precompiled_charsmap)


def train_t5_tokenizer(captions: int = 20_000) -> "T5Tokenizer":
    """A T5 tokenizer with about `T5_PIECES` pieces; every marker is one token."""
    from transformers import T5Tokenizer

    folding = _case_folding()
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.Precompiled(folding)
    unigram.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(prepend_scheme="always", split=True),
        ]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=T5_PIECES,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        initial_alphabet=sorted(set(_LETTERS)),
        show_progress=False,
    )
    unigram.train_from_iterator((_without_markers(text) for text in corpus(captions)), trainer)
    pieces = [(piece, score) for piece, score in json.loads(unigram.to_str())["model"]["vocab"]]
    return T5Tokenizer(
        vocab=pieces,
        _spm_precompiled_charsmap=folding,
        extra_ids=0,
        additional_special_tokens=list(MARKERS),
        model_max_length=T5_LENGTH,
    )


def _without_markers(text: str) -> str:
    for marker in MARKERS:
        text = text.replace(marker, " ")
    return text


def write_vocabulary(path: Path) -> None:
    """Write what the model knows as plain data: its words, its markers, its attributes' names."""
    data = {
        "schema": 1,
        "max_sequence_length": T5_LENGTH,
        "markers": list(MARKERS),
        "known_words": known_words(),
        "attributes": ATTRIBUTES,
    }
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
