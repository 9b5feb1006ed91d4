"""Training asks encoders what captions say (`reading`) and the transformer what comes (`probe`)."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from icl_tiny.captions import panel_markers
from icl_tiny.training import loop as loop_module
from icl_tiny.training.build import build_model
from icl_tiny.training.config import Budget, FluxSize, ReadingRecipe, RunConfig
from icl_tiny.training.loop import Dice
from icl_tiny.training.probe import Probe, token_truth
from icl_tiny.training.questions import NOTHING, WIDTHS, grade
from icl_tiny.training.reading import Reader, exam, load_readers, train_reading
from icl_tiny.training.text import Tokenizers, load_tokenizers
from icl_tiny.world import LAYOUTS
from icl_tiny.world.sampling import random_collage

STORYBOARD = LAYOUTS["film-storyboard"]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    return RunConfig(
        tmp_path_factory.mktemp("run"),
        flux_size=FluxSize(1, 3, 2, 16, (4, 6, 6), 32, 1, 2, 16, 1, 2),
        vocabulary_captions=150,
        reading=ReadingRecipe(Budget(steps=60), warmup=5, tokens=1_000),
    )


@pytest.fixture(scope="module")
def tokenizers(config: RunConfig) -> Tokenizers:
    return load_tokenizers(config.folder, config.vocabulary_captions)


def test_the_encoders_learn_to_read(config: RunConfig, tokenizers: Tokenizers) -> None:
    train_reading(config)
    model = build_model(config, tokenizers)
    reader, asked = Reader(model, config.flux_size), exam(Dice(9), tokenizers, STORYBOARD, 8, 96)
    with torch.no_grad():
        before = float(reader(*asked))
    state = torch.load(config.folder / "reading.ckpt", weights_only=True)
    reader.load_state_dict(state["parts"]["reader"])
    with torch.no_grad():
        assert float(reader(*asked)) < before - 0.2
    untrained, trained = build_model(config, tokenizers), build_model(config, tokenizers)
    assert not load_readers(replace(config, folder=config.folder / "nowhere"), untrained)
    assert load_readers(config, trained)
    first, second = untrained.text_encoder_2.state_dict(), trained.text_encoder_2.state_dict()
    assert not all(torch.equal(first[key], second[key]) for key in first)


def test_an_interrupted_reading_ends_in_the_same_bits(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(config, reading=replace(config.reading, budget=Budget(steps=4)))
    whole, broken = (replace(short, folder=tmp_path / name) for name in ("whole", "broken"))
    for run in (whole, broken):
        for name in ("tokenizer", "tokenizer_2"):
            (run.folder / name).mkdir(parents=True)
            for source in (config.folder / name).iterdir():
                (run.folder / name / source.name).write_bytes(source.read_bytes())
    train_reading(whole)
    count = loop_module.StageLoop.step_done

    def pull_the_plug(self: loop_module.StageLoop, *args: float, **more: float) -> None:
        count(self, *args, **more)
        if self.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop_module, "CHECKPOINT_SECONDS", -1.0)
        patch.setattr(loop_module.StageLoop, "step_done", pull_the_plug)
        with pytest.raises(KeyboardInterrupt):
            train_reading(broken)
    train_reading(broken)
    models = [
        torch.load(run.folder / "reading.ckpt", weights_only=True)["parts"]["reader"]
        for run in (whole, broken)
    ]
    assert [k for k in models[0] if not torch.equal(models[0][k], models[1][k])] == []


def test_an_exam_asks_at_the_markers(tokenizers: Tokenizers) -> None:
    tokens, slots, truth, panels = exam(Dice(1), tokenizers, STORYBOARD, 5, 128)
    marks = [tokenizers.t5.convert_tokens_to_ids(m) for m in panel_markers(STORYBOARD)]
    for row in range(5):
        assert [int(tokens.t5[row, slots[row, k]]) for k in range(3)] == marks
        assert slots[row, 3] == NOTHING
        assert (truth[row, 3] == NOTHING).all()
        asked = panels[row][panels[row] != NOTHING].tolist()
        assert asked == sorted(asked)
        assert set(asked) == {0, 1, 2, 3}


def test_every_token_is_asked_for_its_own_panel() -> None:
    collage = random_collage(random.Random(3), STORYBOARD)
    truth = token_truth(STORYBOARD, collage).view(18, 12, -1)
    for k in range(3):
        rows = truth[6 * k : 6 * k + 6, :, :-1].flatten(0, 1)
        assert (rows == rows[0]).all()
        creature = truth[6 * k : 6 * k + 6, :, -1]
        assert 0 < int(creature.sum()) < creature.numel()


def test_unasked_questions_cost_nothing() -> None:
    truth = torch.full((2, 3, len(WIDTHS)), NOTHING)
    logits = torch.randn(2, 3, sum(WIDTHS), requires_grad=True)
    grade(logits, truth).backward()
    assert grade(logits, truth).item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_the_probe_teaches_the_blocks_before_it_and_no_other(
    config: RunConfig, tokenizers: Tokenizers
) -> None:
    model = build_model(config, tokenizers)
    blocks = model.transformer.single_transformer_blocks
    probe = Probe(blocks[1], 32)
    collage = random_collage(random.Random(3), STORYBOARD)
    text = model.encode(tokenizers(["a red creature"]))
    one = torch.ones(1)
    model.velocity(torch.randn(1, 216, 64), one, one, (18, 12), text)
    probe.loss(token_truth(STORYBOARD, collage)[None]).backward()
    assert blocks[0].proj_out.weight.grad is not None
    assert blocks[1].proj_out.weight.grad is not None
    assert blocks[2].proj_out.weight.grad is None
    with torch.no_grad():
        model.velocity(torch.randn(1, 216, 64), one, one, (18, 12), text)
    with pytest.raises(AssertionError, match="with gradients"):
        probe.loss(token_truth(STORYBOARD, collage)[None])
