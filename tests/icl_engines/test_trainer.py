"""The trainer on a small random FLUX: it learns, resumes bit-identical, and fails honestly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from icl_engines.adapters import load_adapter
from icl_engines.adapters.convert import Linear
from icl_engines.testing import random_flux_model
from icl_engines.training import train
from icl_engines.training import trainer as trainer_module
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import EngineOptions, EngineSpec
from icl_studio.errors import OutOfMemory, StorageProblem, TrainingStopped
from icl_studio.sets.crop import pixel_digest
from icl_studio.training.job import SampleRequest, TrainJob
from icl_studio.training.prepare import Example, Manifest, digest_of
from icl_studio.training.recipe import Recipe

CANVAS, WIDE = Size(64, 32), Size(96, 32)
SPEC = EngineSpec(id="torch", title="t", factory="a:b", trainer="icl_engines.training:train")


@dataclass
class Watching:
    """A reporter that remembers, and stops when a step is done."""

    stop_after: int | None = None
    wish_after: tuple[int, ...] = ()
    steps: list[tuple[int, float]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    samples: list[Path] = field(default_factory=list)
    phases: list[tuple[str, int, int]] = field(default_factory=list)
    answered: int = 0

    def phase(self, name: str, done: int, total: int) -> None:
        self.phases.append((name, done, total))

    def step(
        self, step: int, total: int, loss: float, smoothed: float, rate: float, speed: float
    ) -> None:
        self.steps.append((step, loss))

    def notice(self, message: str) -> None:
        self.notices.append(message)

    def sample(self, step: int, index: int, picture: Path) -> None:
        self.samples.append(picture)

    @property
    def sample_wanted(self) -> bool:
        return self.steps[-1][0] in self.wish_after if self.steps else 0 in self.wish_after

    def sampling_done(self) -> None:
        self.answered += 1

    @property
    def stopping(self) -> bool:
        return self.stop_after is not None and len(self.steps) >= self.stop_after


def write_data(folder: Path, count: int = 5) -> Manifest:
    """Sheets in two buckets, written as ``prepare`` writes them."""
    folder.mkdir(parents=True)
    examples = []
    for number in range(count):
        canvas = WIDE if number == count - 1 else CANVAS
        noise = np.random.default_rng(number).integers(0, 256, (canvas.height, canvas.width, 3))
        picture = Image.fromarray(noise.astype(np.uint8))
        caption = f"a red fox number {number} [LEFT] sits [RIGHT] runs"
        picture.save(folder / f"{number:04}.png")
        (folder / f"{number:04}.txt").write_text(caption, encoding="utf-8")
        examples.append(
            Example(
                picture=f"{number:04}.png",
                text=f"{number:04}.txt",
                caption=caption,
                canvas=canvas,
                pixels=pixel_digest(picture),
                source=str(number),
            )
        )
    manifest = Manifest(task="pair", examples=tuple(examples), digest=digest_of(examples))
    (folder / "dataset.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    return manifest


@pytest.fixture
def job(random_flux: Path, tmp_path: Path) -> Any:
    """Makes a job in a folder of its own; keywords change the recipe."""

    def make(name: str = "lauf-ü", **recipe: Any) -> TrainJob:
        folder = tmp_path / name
        manifest = write_data(folder / "data")
        usual = {"rank": 2, "alpha": 4.0, "steps": 6, "batch": 2, "checkpoint_every": 2}
        more = {"sample_every": 0, "learning_rate": 1e-2, "dropout": 0.3, "save_as": "float32"}
        return TrainJob(
            id=name,
            folder=folder,
            task="pair",
            model=random_flux_model(random_flux, max_sequence_length=32),
            engine=SPEC,
            options=EngineOptions(device="cpu"),
            recipe=Recipe(**{**usual, **more, **recipe}),
            digest=manifest.digest,
            cache=tmp_path / "cache",
            result=folder / "pair.safetensors",
            metadata={"icl_studio": '{"task": "pair"}'},
            hashes={"vae": "v", "text": "t", "transformer": "m"},
        )

    return make


def test_a_run_learns_and_its_file_loads_in_plain_diffusers(job: Any, random_flux: Path):
    asked = job(steps=30, batch=4, learning_rate=2e-2, decay=0.5)
    watching = Watching()
    result = train(asked, watching)
    assert result.finished and result.file == asked.result
    losses = [loss for _, loss in watching.steps]
    assert [step for step, _ in watching.steps] == list(range(1, 31))
    assert sum(losses[-8:]) < sum(losses[:8])
    pipeline = FluxPipeline.from_pretrained(random_flux)
    linears = {
        name: Linear(module.in_features, module.out_features)
        for name, module in pipeline.transformer.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    assert len(load_adapter(asked.result, linears)) == 14 + 2 * 6  # every block linear
    pipeline.load_lora_weights(asked.result)
    tensors = load_file(asked.result)
    layer = pipeline.transformer.transformer_blocks[0].attn.to_q
    (name,) = layer.lora_B
    assert layer.scaling[name] == 1
    key = "transformer.transformer_blocks.0.attn.to_q.lora_B.weight"
    assert torch.equal(layer.lora_B[name].weight.float(), tensors[key]) and tensors[key].any()
    with safe_open(asked.result, "pt") as file:
        assert json.loads(file.metadata()["icl_studio"])["task"] == "pair"


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_stopped_and_resumed_it_ends_with_the_same_bytes(job: Any, stop: int):
    whole, parts = job("whole"), job("parts")
    train(whole, Watching())
    stopped = train(parts, Watching(stop_after=stop))
    assert not stopped.finished and stopped.step == stop and stopped.checkpoint is not None
    assert not parts.result.exists()
    again = Watching()
    train(parts, again)
    assert again.steps[0][0] == stop + 1
    assert parts.result.read_bytes() == whole.result.read_bytes()
    losses = [
        [json.loads(line)["loss"] for line in (one.folder / "log.jsonl").read_text().splitlines()]
        for one in (whole, parts)
    ]
    assert losses[0] == losses[1] and len(losses[0]) == 6


def test_a_death_between_checkpoints_costs_only_the_steps_since(job: Any, monkeypatch):
    whole, torn = job("whole"), job("torn")
    train(whole, Watching())

    class Dying(Watching):
        def step(self, step: int, *more: Any) -> None:
            if step == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(torn, Dying())
    with (torn.folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"step": 6, "lo')  # a line torn by the death
    again = Watching()
    train(torn, again)
    assert again.steps[0][0] == 5
    assert torn.result.read_bytes() == whole.result.read_bytes()


class Died(BaseException):
    """The process is killed here: nothing of it runs any more."""


@pytest.mark.slow
def test_killed_at_any_moment_again_and_again_it_ends_with_the_same_bytes(
    job: Any, monkeypatch: Any
):
    """Between steps, half way through a file, before and after a rename, whatever was left."""
    from icl_engines.training import checkpoints

    whole, torn = job("whole"), job("torn")
    train(whole, Watching())
    random = np.random.default_rng(1)
    left = 0

    def moment() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Died

    class Mortal(Watching):
        def phase(self, *told: Any) -> None:
            moment()

        def step(self, *told: Any) -> None:
            moment()

    def half_written(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        moment()
        path.write_bytes(data)

    def around(real: Any) -> Any:
        def call(*arguments: Any) -> None:
            moment()
            real(*arguments)
            moment()

        return call

    real_tree = checkpoints.remove_tree
    monkeypatch.setattr(checkpoints, "write_new", half_written)
    monkeypatch.setattr(checkpoints, "rename_folder", around(checkpoints.rename_folder))
    # A dead process tidies nothing up.
    monkeypatch.setattr(checkpoints, "remove_tree", lambda p: left == 0 or real_tree(p))
    deaths = 0
    while not torn.result.exists():
        left = int(random.integers(2, 14))
        try:
            train(torn, Mortal())
        except Died:
            deaths += 1
            assert deaths < 60
    assert deaths > 1 and torn.result.read_bytes() == whole.result.read_bytes()


def test_a_checkpoint_cut_in_half_is_passed_over(job: Any):
    whole, cut = job("whole"), job("cut")
    train(whole, Watching())
    train(cut, Watching(stop_after=4))
    newest = max((cut.folder / "checkpoints").glob("step-*")) / "state.safetensors"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    again = Watching()
    train(cut, again)
    assert again.steps[0][0] == 3 and "damaged" in again.notices[0]
    assert cut.result.read_bytes() == whole.result.read_bytes()


def test_a_data_set_or_recipe_that_changed_is_refused(job: Any):
    asked = job("one")
    train(asked, Watching(stop_after=2))
    other = asked.model_copy(update={"recipe": asked.recipe.model_copy(update={"seed": 9})})
    with pytest.raises(TrainingStopped, match="another recipe"):
        train(other, Watching())
    (asked.folder / "data" / "0002.txt").write_text("another caption", encoding="utf-8")
    with pytest.raises(TrainingStopped, match=r"0002\.txt"):
        train(asked, Watching())


def test_a_loss_that_is_no_number_stops_with_the_last_good_checkpoint(job: Any, monkeypatch):
    asked = job("nan")
    real = trainer_module.flow_loss
    calls = iter(range(100))

    def broken(*arguments: Any) -> torch.Tensor:
        loss = real(*arguments)
        return loss * float("nan") if next(calls) == 4 else loss

    monkeypatch.setattr(trainer_module, "flow_loss", broken)
    with pytest.raises(TrainingStopped, match="diverged at step 5"):
        train(asked, Watching())
    kept = sorted(path.name for path in (asked.folder / "checkpoints").iterdir())
    assert kept == ["step-0000002", "step-0000004"] and not asked.result.exists()


def test_a_full_disk_leaves_the_last_checkpoint_and_no_half_one(job: Any, monkeypatch):
    asked = job("full")
    from icl_engines.training import checkpoints

    real = checkpoints.write_new

    def full(path: Path, data: bytes) -> None:
        if "step-0000004" in str(path):
            path.write_bytes(data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(checkpoints, "write_new", full)
    with pytest.raises(StorageProblem, match="disk is full"):
        train(asked, Watching())
    assert [path.name for path in (asked.folder / "checkpoints").iterdir()] == ["step-0000002"]
    monkeypatch.undo()
    assert train(asked, Watching()).finished


def test_out_of_memory_is_said(job: Any, monkeypatch):
    def greedy(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trainer_module, "flow_loss", greedy)
    with pytest.raises(OutOfMemory, match="last good checkpoint stands"):
        train(job("memory"), Watching())


def test_what_was_cached_is_not_computed_again(job: Any, monkeypatch):
    train(job("one", steps=1), Watching())
    from icl_engines.training.cache import Cache

    monkeypatch.setattr(Cache, "_vae", lambda _: pytest.fail("the VAE was loaded"))
    monkeypatch.setattr(Cache, "_text_pipeline", lambda _: pytest.fail("text was encoded"))
    assert train(job("two", steps=1), Watching()).finished


def test_samples_come_at_intervals_and_change_nothing(job: Any):
    plain = job("plain", steps=4)
    asked = SampleRequest(
        caption="a red fox [LEFT] sits", canvas=CANVAS, seed=3, sampling=Sampling(steps=1)
    )
    sampled = job("sampled", steps=4).model_copy(update={"samples": (asked,)})
    recipe = sampled.recipe.model_copy(update={"sample_every": 2})
    sampled = sampled.model_copy(update={"recipe": recipe})
    train(plain, Watching())
    watching = Watching()
    train(sampled, watching)
    assert [path.name for path in watching.samples] == [
        "0000000-1.png",
        "0000002-1.png",
        "0000004-1.png",
    ]
    with Image.open(watching.samples[-1]) as last:
        assert last.size == tuple(CANVAS)
    assert sampled.result.read_bytes() == plain.result.read_bytes()


def fox_job(job: Any, name: str, **recipe: Any) -> TrainJob:
    """A job that may draw one sheet when asked; none by itself."""
    asked = SampleRequest(
        caption="a red fox [LEFT] sits", canvas=CANVAS, seed=3, sampling=Sampling(steps=1)
    )
    made: TrainJob = job(name, **recipe).model_copy(update={"samples": (asked,)})
    return made


def test_samples_that_are_asked_for_disturb_neither_the_run_nor_its_resume(job: Any):
    """Dropout and noise are drawn in every step: one number more or less would show."""
    plain, wished = job("plain", steps=6), fox_job(job, "wished", steps=6)
    train(plain, Watching())
    first = Watching(stop_after=3, wish_after=(0, 2))
    assert train(wished, first).step == 3
    second = Watching(wish_after=(2, 4))
    assert train(wished, second).finished
    drawn = [path.name for path in (*first.samples, *second.samples)]
    assert drawn == ["0000000-1.png", "0000002-1.png", "0000004-1.png"]
    assert first.answered == 2 and second.answered == 1
    assert wished.result.read_bytes() == plain.result.read_bytes()


def test_samples_asked_for_twice_at_one_step_are_drawn_once_and_answered_twice(job: Any):
    wished = fox_job(job, "wished", steps=2, sample_every=1)
    watching = Watching(wish_after=(0, 1, 2))
    train(wished, watching)
    assert len(watching.samples) == 3 and watching.answered == 3
    again = Watching(wish_after=(0,))
    wished.result.unlink()
    train(wished, again)
    assert again.samples == [], "what stands is not drawn again"


@pytest.mark.parametrize("error", [MemoryError(), StorageProblem("The disk is full.", fix="x")])
def test_samples_that_were_only_asked_for_stop_no_run(job: Any, monkeypatch, error: Exception):
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(trainer_module.Sampler, "draw", fail)
    plain, wished = job("plain", steps=2), fox_job(job, "wished", steps=2)
    train(plain, Watching())
    watching = Watching(wish_after=(1,))
    assert train(wished, watching).finished and watching.answered == 1
    assert "could not be drawn" in watching.notices[0]
    assert wished.result.read_bytes() == plain.result.read_bytes()
    with pytest.raises(type(error) if isinstance(error, StorageProblem) else OutOfMemory):
        train(fox_job(job, "due", steps=2, sample_every=1), Watching())


@pytest.mark.parametrize(
    "change",
    [{"checkpointing": True}, {"micro": 1}, {"base": "fp8"}, {"base": "fp8", "offload": 0.5}],
    ids=str,
)
def test_ways_to_save_memory_give_nearly_the_same_adapter(job: Any, change: dict[str, Any]):
    """Recomputing and smaller parts change rounding only; eight-bit weights a little more."""
    plain, saving = job("plain", steps=3), job("saving", steps=3, **change)
    train(plain, Watching())
    train(saving, Watching())
    wanted, have = load_file(plain.result), load_file(saving.result)
    assert wanted.keys() == have.keys()
    flat = [torch.cat([t.flatten() for t in tensors.values()]) for tensors in (wanted, have)]
    alike = torch.nn.functional.cosine_similarity(flat[0], flat[1], dim=0)
    assert alike > (0.95 if "base" in change else 0.9999)
