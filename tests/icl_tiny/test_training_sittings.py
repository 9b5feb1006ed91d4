"""Training goes on from a finished model, in sittings, to a target, and in bfloat16."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from icl_tiny import train
from icl_tiny.training import precision
from icl_tiny.training.assemble import assemble
from icl_tiny.training.build import build_model
from icl_tiny.training.config import Budget, FluxSize, RunConfig, VaeRecipe, VaeSize
from icl_tiny.training.exam import JOINT, examine
from icl_tiny.training.latents import LatentStats
from icl_tiny.training.loop import SittingOver, StageLoop
from icl_tiny.training.models import TinyFlux, build_vae
from icl_tiny.training.optim import orthogonalized
from icl_tiny.training.precision import attention, half_precision
from icl_tiny.training.start import first_vae, kept_stats, take_over
from icl_tiny.training.text import Tokenizers, load_tokenizers
from icl_tiny.training.vae import train_vae
from icl_tiny.world import LAYOUTS
from icl_tiny.world.sampling import PAIRED


def toy(folder: Path, captions: int = 150) -> RunConfig:
    return RunConfig(
        folder,
        vae_size=VaeSize(channels=(8, 8, 8, 8), latent_channels=4, groups=4),
        flux_size=FluxSize(1, 1, 2, 16, (4, 6, 6), 16, 1, 2, 16, 1, 2),
        vocabulary_captions=captions,
        vae=VaeRecipe(Budget(steps=2), crop_batch=2, canvas_pixels=10_000, look_every=1),
    )


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished model of random weights, its latents' numbers not the usual ones."""
    config = toy(tmp_path_factory.mktemp("before"))
    (config.folder / "latents").mkdir()
    (config.folder / "latents" / "stats.json").write_text('{"shift": 0.25, "scale": 1.5}')
    train_vae(config)
    tokenizers = load_tokenizers(config.folder, config.vocabulary_captions)
    model = build_model(config, tokenizers)
    torch.save(
        {"parts": {"model": model.state_dict(), "average": {"count": 1, "mean": _mean(model)}}},
        config.folder / "flux.ckpt",
    )
    assemble(config, config.folder / "model")
    return config.folder / "model"


def _mean(model: TinyFlux) -> dict[str, torch.Tensor]:
    """The weights as an average, each raised a little so that they are no other model's."""
    return {name: value.detach() + 0.01 for name, value in model.named_parameters()}


@pytest.fixture(scope="module")
def wider(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> RunConfig:
    """A run with tokenizers of its own that begins with that model."""
    return replace(toy(tmp_path_factory.mktemp("after"), 400), start_from=model_folder)


def test_a_run_begins_with_a_finished_models_weights(wider: RunConfig) -> None:
    tokenizers = load_tokenizers(wider.folder, wider.vocabulary_captions)
    fresh, model = build_model(wider, tokenizers), build_model(wider, tokenizers)
    assert wider.start_from is not None
    take_over(wider.start_from, model, tokenizers)
    old = build_model(toy(wider.start_from.parent), _tokenizers(wider.start_from.parent))
    for name, value in old.transformer.state_dict().items():
        expected = (value + 0.01) if name in dict(old.transformer.named_parameters()) else value
        torch.testing.assert_close(
            model.transformer.state_dict()[name], expected, atol=2e-3, rtol=2e-3
        )
    assert kept_stats(wider) == (0.25, 1.5)
    assert kept_stats(toy(wider.folder)) is None
    piece = "▁creature"
    before, now = (
        t.t5.get_vocab()[piece] for t in (_tokenizers(wider.start_from.parent), tokenizers)
    )
    assert before != now
    vector = model.text_encoder_2.shared.weight[now]
    torch.testing.assert_close(
        vector, old.text_encoder_2.shared.weight[before] + 0.01, atol=2e-3, rtol=2e-3
    )
    unknown = next(p for p in tokenizers.t5.get_vocab() if p not in _pieces(wider.start_from))
    row = tokenizers.t5.get_vocab()[unknown]
    assert torch.equal(
        model.text_encoder_2.shared.weight[row], fresh.text_encoder_2.shared.weight[row]
    )


def _tokenizers(folder: Path) -> Tokenizers:
    return load_tokenizers(folder, 150)


def _pieces(model: Path) -> dict[str, int]:
    return _tokenizers(model.parent).t5.get_vocab()


def test_an_autoencoder_of_another_size_is_no_beginning(wider: RunConfig) -> None:
    other = replace(wider, vae_size=VaeSize(channels=(16, 16, 16, 16), latent_channels=4, groups=4))
    assert first_vae(wider).config.block_out_channels == [8, 8, 8, 8]
    with pytest.raises(ValueError, match="the recipe wants"):
        first_vae(other)


def test_a_sitting_ends_with_its_work_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(toy(tmp_path), sitting_ends=time.monotonic() - 1)
    with pytest.raises(SittingOver):
        train_vae(config)
    assert (tmp_path / "vae.ckpt").exists()
    monkeypatch.setitem(train.STAGES, "vae", lambda _: train_vae(config))
    with pytest.raises(SystemExit) as stopped:
        train.main(["--stage", "vae", "--run", str(tmp_path), "--sitting", "1"])
    assert stopped.value.code == train.EXIT_SITTING_OVER == 75


def test_a_stage_ends_at_its_target(tmp_path: Path) -> None:
    budget = Budget(steps=1_000)
    loop = StageLoop(tmp_path, "stage", budget, {})
    assert loop.running
    loop.target_reached()
    assert not loop.running
    assert (tmp_path / "stage.ckpt").exists()
    easy = toy(tmp_path / "vae")
    easy = replace(
        easy, vae=replace(easy.vae, budget=budget, target=1.0, in_subjects=1.0, look_every=2)
    )
    train_vae(easy)
    assert '"target reached"' in (easy.folder / "vae.jsonl").read_text()


@pytest.mark.parametrize("shape", [(2, 3, 5, 8), (1, 2, 40, 16)])
def test_attention_written_out_is_torchs_own(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(shape, generator=generator) for _ in range(3))
    torch.testing.assert_close(attention(q, k, v), scaled_dot_product_attention(q, k, v))
    causal = scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.equal(attention(q, k, v, is_causal=True), causal)
    mask = torch.ones(shape[-2], shape[-2], dtype=torch.bool).tril()
    assert torch.equal(
        attention(q, k, v, attn_mask=mask), scaled_dot_product_attention(q, k, v, attn_mask=mask)
    )


def test_bfloat16_is_asked_for_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def dtype(config: RunConfig) -> torch.dtype:
        with half_precision(config):
            return torch.nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype

    config = toy(tmp_path)
    assert dtype(config) == torch.float32
    assert dtype(replace(config, bfloat16=True)) == torch.bfloat16
    with pytest.raises(KeyError), half_precision(replace(config, bfloat16=True)):
        raise KeyError
    assert torch.nn.functional.scaled_dot_product_attention is precision._fused
    matrix = torch.randn(24, 64, generator=torch.Generator().manual_seed(0))
    near = orthogonalized(matrix, dtype=torch.bfloat16)
    assert near.dtype == torch.float32
    torch.testing.assert_close(near, orthogonalized(matrix), atol=0.05, rtol=0.1)


def test_an_exam_marks_every_jointly_trained_task(tmp_path: Path) -> None:
    assert set(JOINT) == set(LAYOUTS) - set(PAIRED)
    config = toy(tmp_path)
    tokenizers = load_tokenizers(tmp_path, config.vocabulary_captions)
    model = build_model(config, tokenizers)
    marks = examine(
        model, build_vae(config.vae_size), tokenizers, LatentStats(0.0, 1.0), 1, ("couple-profile",)
    )
    assert list(marks) == ["couple-profile"]
    assert 0.0 <= marks["couple-profile"] < 0.5
