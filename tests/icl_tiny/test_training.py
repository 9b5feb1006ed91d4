"""Every training stage at toy size: it runs, and after an interruption it ends in the same bits."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import FluxPipeline

from icl_tiny.train import parse, with_budget
from icl_tiny.training import loop as loop_module
from icl_tiny.training.assemble import assemble, check_sizes
from icl_tiny.training.config import (
    Budget,
    DecoderRecipe,
    DistillRecipe,
    FluxRecipe,
    FluxSize,
    LatentsRecipe,
    RunConfig,
    VaeRecipe,
    VaeSize,
)
from icl_tiny.training.decoder import train_decoder
from icl_tiny.training.distill import train_distill
from icl_tiny.training.flux import train_flux
from icl_tiny.training.latents import LatentStore, encode_latents
from icl_tiny.training.models import image_ids, pack, unpack
from icl_tiny.training.optim import MuonAdamW, orthogonalized, split_parameters
from icl_tiny.training.text import load_tokenizers
from icl_tiny.training.vae import train_vae

STEPS = Budget(steps=3)
Stage = Callable[[RunConfig], object]


def toy(folder: Path) -> RunConfig:
    """A run with models of a few thousand parameters and three steps a stage."""
    return RunConfig(
        folder,
        vae_size=VaeSize(channels=(8, 8, 8, 8), latent_channels=4, groups=4),
        flux_size=FluxSize(1, 1, 2, 16, (4, 6, 6), 16, 1, 2, 16, 1, 2),
        vocabulary_captions=150,
        vae=VaeRecipe(STEPS, crop_batch=2, canvas_pixels=10_000, look_every=100),
        latents=LatentsRecipe(singles=1, collages=1, shard=1),
        flux=FluxRecipe(STEPS, tokens=200, look_every=100),
        distill=DistillRecipe(STEPS, tokens=200, look_every=100),
        decoder=DecoderRecipe(STEPS, canvas_pixels=10_000),
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A whole toy run, every stage without interruption."""
    config = toy(tmp_path_factory.mktemp("run"))
    for stage in (train_vae, encode_latents, train_flux, train_distill, train_decoder):
        stage(config)
    return config


def parts(config: RunConfig, stage: str) -> dict[str, torch.Tensor]:
    """The tensors of a stage's checkpoint, by path."""
    found: dict[str, torch.Tensor] = {}

    def walk(prefix: str, value: object) -> None:
        if isinstance(value, torch.Tensor):
            found[prefix] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}/{key}", inner)

    walk("", torch.load(config.folder / f"{stage}.ckpt", weights_only=True)["parts"])
    return found


def copy_of(finished: RunConfig, folder: Path, without: str) -> RunConfig:
    """A run in `folder` with `finished`'s files, except those of the stage `without`."""
    for source in finished.folder.rglob("*"):
        target = folder / source.relative_to(finished.folder)
        if source.is_file() and not source.name.startswith(f"{without}."):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return replace(finished, folder=folder)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("vae", train_vae),
        ("flux", train_flux),
        ("distill", train_distill),
        ("decoder", train_decoder),
    ],
)
def test_an_interrupted_stage_ends_in_the_same_bits(
    name: str,
    stage: Stage,
    finished: RunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = copy_of(finished, tmp_path, without=name)
    count = loop_module.StageLoop.step_done

    def pull_the_plug(self: loop_module.StageLoop, *args: float, **more: float) -> None:
        count(self, *args, **more)
        if self.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop_module, "CHECKPOINT_SECONDS", -1.0)
        patch.setattr(loop_module.StageLoop, "step_done", pull_the_plug)
        with pytest.raises(KeyboardInterrupt):
            stage(config)
    stage(config)
    expected = parts(finished, name)
    got = parts(config, name)
    assert got.keys() == expected.keys()
    different = [key for key, value in expected.items() if not torch.equal(value, got[key])]
    assert different == []


def test_the_log_tells_when_a_stage_started_and_finished(finished: RunConfig) -> None:
    lines = [json.loads(line) for line in (finished.folder / "flux.jsonl").read_text().splitlines()]
    assert [line.get("event") for line in lines] == ["started", "finished"]
    assert lines[-1]["step"] == 3


def test_latents_are_encoded_once(finished: RunConfig) -> None:
    folder = finished.folder / "latents"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.pt")}
    encode_latents(finished)
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("*.pt")}


def test_scaled_latents_have_mean_0_and_deviation_1(finished: RunConfig) -> None:
    store = LatentStore(finished.folder / "latents")
    values = torch.cat([store.scaled(name, [0]).flatten() for name in store.latents])
    assert abs(float(values.mean())) < 0.05
    assert abs(float(values.std()) - 1) < 0.05


def test_the_assembled_folder_is_a_plain_flux_pipeline(
    finished: RunConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target = tmp_path / "models" / "tiny"
    assemble(finished, target)
    assemble(finished, target)
    assert [path.name for path in target.parent.iterdir()] == ["tiny"]
    assert {"vocabulary.json", "latent_rgb.json", "README.md"} <= {p.name for p in target.iterdir()}
    assert not any(str(finished.folder) in p.read_text() for p in target.rglob("*.json"))
    assert check_sizes(target) < 2_000_000
    pipeline = FluxPipeline.from_pretrained(target, dtype=torch.float32)
    assert pipeline.transformer.config.guidance_embeds
    assert pipeline.text_encoder.config.eos_token_id == pipeline.tokenizer.eos_token_id
    assert not [record for record in caplog.records if "keys" in record.getMessage()]
    picture = pipeline(
        "[MOVIE-SHOTS] a round red creature, [SCENE-1] here, [SCENE-2] there, [SCENE-3] asleep",
        height=96,
        width=96,
        num_inference_steps=2,
        max_sequence_length=128,
        generator=torch.Generator().manual_seed(1),
    ).images[0]
    assert picture.size == (96, 96)


def test_a_captions_length_is_its_own_whatever_was_padded_before(finished: RunConfig) -> None:
    tokenizers = load_tokenizers(finished.folder, finished.vocabulary_captions)
    short = tokenizers.t5_length("a red creature")
    assert tokenizers(["a red creature"], 112).t5.shape == (1, 112)
    assert tokenizers.t5_length("a red creature") == short < 20


def test_packing_is_that_of_the_pipeline() -> None:
    latents = torch.randn(2, 16, 6, 10)
    packed = pack(latents)
    assert torch.equal(packed, FluxPipeline._pack_latents(latents, 2, 16, 6, 10))
    assert torch.equal(unpack(packed, (3, 5)), latents)
    expected = FluxPipeline._prepare_latent_image_ids(1, 3, 5, torch.device("cpu"), torch.float32)
    assert torch.equal(image_ids(3, 5), expected)


def test_muon_brings_all_singular_values_together() -> None:
    matrix = torch.randn(24, 64, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalized(matrix))
    assert values.min() > 0.3
    assert values.max() < 1.4


def test_the_optimizer_lowers_a_loss() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(8, 8)
    inputs, targets = torch.randn(64, 8), torch.randn(64, 8) * 0.1
    optimizer = MuonAdamW(split_parameters(layer), 0.02)
    losses = []
    for _ in range(40):
        loss = (layer(inputs) - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_budgets_are_minutes_or_steps() -> None:
    assert Budget(minutes=2).progress(60, 0) == 0.5
    assert Budget(steps=10).progress(999, 5) == 0.5
    with pytest.raises(ValueError, match="either minutes or steps"):
        Budget()
    with pytest.raises(ValueError, match="takes no budget"):
        with_budget(toy(Path("x")), "latents", STEPS)
    assert with_budget(toy(Path("x")), "flux", Budget(minutes=1)).flux.budget.minutes == 1
    assert parse(["--stage", "flux", "--minutes", "3"]).minutes == 3
