"""CLIP-T and pairwise DINOv2 on small random models of the same transformers classes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import (
    BitImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    Dinov2Config,
    Dinov2Model,
)

from icl_engines.metrics.clip_t import create_clip_t
from icl_engines.metrics.dinov2 import create_dinov2
from icl_engines.testing.tokenizers import clip_tokenizer
from icl_studio.api import Draft, DrawnSet, MetricOptions
from icl_studio.errors import ModelUnavailable

CROP = {"height": 32, "width": 32}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "clip-ü"
    words = clip_tokenizer()
    text = {
        "vocab_size": len(words),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    model.save_pretrained(folder)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=CROP)
    CLIPProcessor(pictures, words).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "dino"
    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(size={"shortest_edge": 32}, crop_size=CROP).save_pretrained(folder)
    return folder


def drawn(folder: Path, *pictures: Image.Image, text: str = "a red room") -> DrawnSet:
    files = []
    for number, picture in enumerate(pictures):
        files.append(folder / f"{number}.png")
        picture.save(files[-1])
    panels = tuple(f"{text} {number}" for number in range(len(pictures)))
    draft = Draft(summary="a set", panels=panels)
    return DrawnSet(task="x", sheet=files[0], panels=tuple(files), draft=draft)


def noise(seed: int) -> Image.Image:
    values = torch.randint(
        0, 256, (40, 48, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )
    return Image.fromarray(values.numpy())


def test_clip_t_is_the_cosine_of_picture_and_text(clip: Path, tmp_path: Path) -> None:
    metric = create_clip_t(MetricOptions(weights=clip, device="cpu"))
    scores = metric.judge(drawn(tmp_path, noise(1), noise(2), noise(3)))
    assert [(score.about, score.name, score.panel) for score in scores] == [
        ("adherence", "clip-t", panel) for panel in range(3)
    ]
    assert all(-1 <= score.value <= 1 and not score.share for score in scores)
    model, processor = CLIPModel.from_pretrained(clip).eval(), CLIPProcessor.from_pretrained(clip)
    batch = processor(text=["a red room 1. a set"], images=noise(2), return_tensors="pt")
    with torch.no_grad():
        out = model(**batch)
    want = torch.nn.functional.cosine_similarity(out.image_embeds, out.text_embeds).item()
    assert scores[1].value == pytest.approx(want, abs=1e-3)


def test_clip_t_says_how_many_texts_it_had_to_cut(clip: Path, tmp_path: Path) -> None:
    metric = create_clip_t(MetricOptions(weights=clip, device="cpu"))
    metric.judge(drawn(tmp_path, noise(1), noise(2), text="a very long text " * 20))
    assert metric.report()["texts cut"] == 2


def test_a_repeated_picture_is_consistent_and_not_diverse(dino: Path, tmp_path: Path) -> None:
    metric = create_dinov2(MetricOptions(weights=dino, device="cpu"))
    same = {s.about: s.value for s in metric.judge(drawn(tmp_path, noise(1), noise(1)))}
    assert same == {
        "consistency": pytest.approx(1, abs=1e-3),
        "diversity": pytest.approx(0, abs=1e-3),
    }
    other = metric.judge(drawn(tmp_path, noise(1), Image.new("RGB", (48, 40), "white"), noise(3)))
    assert len(other) == 6  # three pairs, two scores each
    first = {score.about: score.value for score in other[:2]}
    assert first["consistency"] < 0.999
    assert first["consistency"] + first["diversity"] == pytest.approx(1)
    assert metric.judge(drawn(tmp_path, noise(1))) == []


@pytest.mark.parametrize("create", [create_clip_t, create_dinov2])
def test_absent_weights_say_what_to_download(
    create, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelUnavailable, match="not at hand") as caught:
        create(MetricOptions())
    assert "hf download " in caught.value.fix
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        create(MetricOptions(weights=tmp_path))


def test_weights_of_another_model_are_refused_by_name(clip: Path, dino: Path) -> None:
    with pytest.raises(ModelUnavailable, match="type clip, not dinov2"):
        create_dinov2(MetricOptions(weights=clip))
    with pytest.raises(ModelUnavailable, match="type dinov2, not clip"):
        create_clip_t(MetricOptions(weights=dino))


def test_a_pickle_is_never_read(dino: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in dino.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    torch.save(Dinov2Model.from_pretrained(dino).state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable):
        create_dinov2(MetricOptions(weights=folder))
