"""Tokens are counted as FluxPipeline's T5 tokenizer counts them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_studio.domain.model import ModelSpec
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ModelUnavailable
from icl_studio.models.tokens import token_counter

CAPTIONS = [
    "[MOVIE-SHOTS] A cat in a red hat; [SCENE-1] it walks in the rain, [SCENE-2] it sleeps.",
    "two   spaces\nand a line break",
    'the word "GRÜSSE" in ‹quotes› — 日本語 🎈',
    "<pad> and </s> are marks of the tokenizer",
    "",
]


@pytest.fixture(scope="module")
def pipelines_own(flux: Path):
    from transformers import T5Tokenizer

    return T5Tokenizer.from_pretrained(flux / "tokenizer_2")


@pytest.mark.parametrize("caption", CAPTIONS)
def test_counts_equal_the_pipelines(flux: Path, pipelines_own, caption: str) -> None:
    assert token_counter(flux).count(caption) == len(pipelines_own(caption).input_ids)


@settings(max_examples=60, deadline=None)
@given(caption=st.text(max_size=200))
def test_counts_equal_the_pipelines_for_any_text(flux: Path, pipelines_own, caption: str) -> None:
    assert token_counter(flux).count(caption) == len(pipelines_own(caption).input_ids)


def test_a_long_caption_is_counted_in_full_and_the_limit_is_the_specs(flux: Path) -> None:
    spec = ModelSpec(id="m", title="m", source="m", family="f", max_sequence_length=77)
    counter = token_counter(LocatedModel(spec=spec, folder=flux))
    assert counter.limit == 77
    assert counter.count("cat " * 2000) == 2001


def sentencepiece_model(folder: Path) -> Path:
    """A small spiece.model with T5's special tokens, trained on the spot."""
    lines = ["a red cat sits on the beach", "at night a fox runs", "in the blue forest"]
    text = folder / "text.txt"
    text.write_text("\n".join(lines * 100), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "spiece"),
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return folder / "spiece.model"


def test_a_folder_with_only_a_sentencepiece_model(flux: Path, tmp_path: Path) -> None:
    from transformers import T5Tokenizer

    folder = tmp_path / "mödel" / "tokenizer_2"
    folder.mkdir(parents=True)
    shutil.copy(sentencepiece_model(tmp_path), folder / "spiece.model")
    reference = T5Tokenizer.from_pretrained(folder)
    counter = token_counter(folder.parent)
    for caption in ("a red cat runs", "the FOX  sits at   the beach, at night.", *CAPTIONS[:3]):
        assert counter.count(caption) == len(reference(caption).input_ids), caption


def test_missing_and_damaged_tokenizers(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no tokenizer_2"):
        token_counter(tmp_path)
    (tmp_path / "tokenizer_2").mkdir()
    (tmp_path / "tokenizer_2" / "spiece.model").write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        token_counter(tmp_path)
    (tmp_path / "tokenizer_2" / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json cannot be read"):
        token_counter(tmp_path)


def test_counting_loads_nothing_heavy(flux: Path) -> None:
    import subprocess

    code = (
        "import sys; from pathlib import Path; from icl_studio.models.tokens import token_counter;"
        "token_counter(Path(sys.argv[1])).count('a cat');"
        "print(sorted({'torch', 'transformers', 'diffusers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(flux)], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"
