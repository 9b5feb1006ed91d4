"""The ONNX export and the engine that runs it, on a small model of FLUX's own classes.

One export serves every test: it takes most of the time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch

from icl_engines.export import identity, parity
from icl_engines.export.job import export
from icl_engines.export.signature import ADAPTER, example
from icl_engines.onnx_engine import OnnxEngine, create
from icl_engines.onnx_engine.providers import FOLDER, without_defaults
from icl_engines.testing import random_flux_model, write_random_flux, write_random_lora
from icl_engines.torch_engine import TorchEngine
from icl_engines.torch_engine import create as create_torch
from icl_studio.api import Sampling, Size
from icl_studio.engines.protocol import AdapterFile, DenoiseItem, EngineOptions, LocatedModel
from icl_studio.engines.store import EngineStore, StoredEngine
from icl_studio.errors import AdapterRejected, NotFound, StorageProblem, UserError

pytestmark = pytest.mark.slow
MAX_RANK = 24
LIMIT = parity.LIMIT["float32"]
CANVAS = Size(96, 64)


@pytest.fixture(scope="module")
def model(flux_model: LocatedModel) -> LocatedModel:
    return flux_model


@pytest.fixture
def stored(exported: StoredEngine, home: Path) -> StoredEngine:
    """The export in the store of this test's user."""
    shutil.copytree(exported.folder, home / "engines" / exported.name)
    return EngineStore(home / "engines").get(exported.name)


@pytest.fixture
def engine(model: LocatedModel, stored: StoredEngine) -> Iterator[OnnxEngine]:
    made = create(model, EngineOptions())
    yield made
    made.close()


@pytest.fixture(scope="module")
def torch_engine(model: LocatedModel) -> Iterator[TorchEngine]:
    made = create_torch(model, EngineOptions(device="cpu"))
    yield made
    made.close()


@pytest.fixture
def lora(model: LocatedModel, tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = "film", **how: object) -> Path:
        path = tmp_path / f"{name}.safetensors"
        return write_random_lora(path, model.folder, size=0.2, **how)  # type: ignore[arg-type]

    return write


def draw(
    engine: OnnxEngine | TorchEngine,
    adapters: Sequence[AdapterFile] = (),
    seeds: Sequence[int] = (0,),
    canvas: Size = CANVAS,
) -> torch.Tensor:
    """The latents of one batch, two steps."""
    engine.use_adapters(adapters)
    sampling = Sampling(steps=2, guidance=3.5)
    (conditioning,) = engine.encode(["a red fox in the snow"])
    items = [
        DenoiseItem(conditioning=conditioning, canvas=canvas, seed=seed, sampling=sampling)
        for seed in seeds
    ]
    return torch.cat([sheet.packed for sheet in engine.denoise(items)])


def distance(got: torch.Tensor, expected: torch.Tensor) -> float:
    return float((got - expected).norm() / expected.norm())


def test_every_export_records_its_distance_from_torch(exported: StoredEngine) -> None:
    cases = exported.manifest.parity
    steps = [case for case in cases if case.component == "transformer"]
    sizes = {(case.image_tokens, case.adapter_rank) for case in steps}
    assert sizes == {(96, 0), (384, 0), (96, 16), (384, 16)}
    assert all(0 < case.relative_l2 <= LIMIT for case in cases)
    assert all(case.psnr_db and case.psnr_db > 60 for case in steps)
    assert {case.component for case in cases} == set(exported.manifest.structure.components)
    assert exported.manifest.built.seconds > 0


def test_the_graph_is_sound_and_its_weights_lie_beside_it(exported: StoredEngine) -> None:
    path = exported.folder / "transformer" / "model.onnx"
    onnx.checker.check_model(path)
    graph = onnx.load(path, load_external_data=False).graph
    places = {
        entry.value
        for tensor in graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    assert places == {"model.onnx.data"}


def test_a_client_that_knows_no_adapters_runs_the_base(
    exported: StoredEngine, model: LocatedModel
) -> None:
    session = onnxruntime.InferenceSession(exported.folder / "transformer" / "model.onnx")
    assert not {value.name for value in session.get_inputs()} & set(ADAPTER)
    assert {value.name for value in session.get_overridable_initializers()} == set(ADAPTER)
    config = json.loads((model.folder / "transformer" / "config.json").read_text("utf-8"))
    given = example(type("Config", (), config), 3, 20, 9)
    feed = {name: tensor.numpy() for name, tensor in given.items()}
    assert session.run(["out_hidden_states"], feed)[0].shape == (3, 20, config["in_channels"])


@pytest.mark.parametrize("canvas", [CANVAS, Size(160, 48)], ids=str)
def test_it_draws_what_torch_draws(
    engine: OnnxEngine, torch_engine: TorchEngine, canvas: Size
) -> None:
    expected = draw(torch_engine, canvas=canvas)
    assert distance(draw(engine, canvas=canvas), expected) < LIMIT


def test_a_batch_is_what_its_sheets_are_singly(engine: OnnxEngine) -> None:
    batch = draw(engine, seeds=(1, 2, 3))
    singly = torch.cat([draw(engine, seeds=(seed,)) for seed in (1, 2, 3)])
    assert distance(batch, singly) < LIMIT


def test_a_picture_comes_out_at_the_size_of_the_canvas(engine: OnnxEngine) -> None:
    (conditioning,) = engine.encode(["a red fox"])
    item = DenoiseItem(conditioning=conditioning, canvas=CANVAS, seed=0, sampling=Sampling(steps=1))
    steps: list[int] = []
    sheets = engine.denoise([item], lambda report: steps.append(report.step))
    (picture,) = engine.decode(sheets)
    assert picture.size == tuple(CANVAS)
    assert steps == [1]


@pytest.mark.parametrize("style", ["peft", "bfl", "kohya"])
def test_an_adapter_acts_as_in_torch_whatever_names_it_uses(
    engine: OnnxEngine, torch_engine: TorchEngine, lora: Callable[..., Path], style: str
) -> None:
    adapters = [AdapterFile(path=lora(style=style, rank=5, alpha=3.0), weight=0.8)]
    expected = draw(torch_engine, adapters)
    got = draw(engine, adapters)
    assert distance(got, expected) < LIMIT
    assert distance(draw(engine), expected) > 0.01


def test_adapters_of_different_ranks_and_targets_stack(
    engine: OnnxEngine, torch_engine: TorchEngine, lora: Callable[..., Path]
) -> None:
    few = ("transformer_blocks.0.attn.to_q", "single_transformer_blocks.0.proj_out")
    adapters = [
        AdapterFile(path=lora("one", rank=4, seed=1), weight=0.7),
        AdapterFile(path=lora("two", rank=9, seed=2, modules=few), weight=-0.5),
        AdapterFile(path=lora("none", rank=20, seed=3), weight=0.0),
    ]
    expected = draw(torch_engine, adapters)
    assert distance(draw(engine, adapters), expected) < LIMIT


def test_taking_an_adapter_out_leaves_nothing_of_it(
    engine: OnnxEngine, lora: Callable[..., Path]
) -> None:
    before = draw(engine)
    draw(engine, [AdapterFile(path=lora())])
    assert torch.equal(draw(engine), before)


def test_more_rank_than_the_engine_takes_is_refused_and_the_last_adapter_still_acts(
    engine: OnnxEngine, lora: Callable[..., Path]
) -> None:
    good = [AdapterFile(path=lora("good", rank=4))]
    before = draw(engine, good)
    both = [*good, AdapterFile(path=lora("big", rank=MAX_RANK))]
    with pytest.raises(AdapterRejected, match="rank 28 together; this engine takes 24") as refused:
        engine.use_adapters(both)
    assert "--max-rank 28" in refused.value.fix
    (conditioning,) = engine.encode(["a red fox in the snow"])
    sampling = Sampling(steps=2, guidance=3.5)
    item = DenoiseItem(conditioning=conditioning, canvas=CANVAS, seed=0, sampling=sampling)
    assert torch.equal(engine.denoise([item])[0].packed, before)


def test_an_adapter_for_linears_that_the_export_lacks_is_refused_by_their_names(
    engine: OnnxEngine, random_flux: Path, tmp_path: Path, lora: Callable[..., Path]
) -> None:
    good = [AdapterFile(path=lora("good", rank=4))]
    before = draw(engine, good)
    # For a model of two single blocks; this one has one.
    foreign = write_random_lora(tmp_path / "foreign.safetensors", random_flux)
    with pytest.raises(AdapterRejected, match=r"match no module") as refused:
        engine.use_adapters([AdapterFile(path=foreign)])
    assert any("single_transformer_blocks.1" in str(one) for one in refused.value.problems)
    (conditioning,) = engine.encode(["a red fox in the snow"])
    sampling = Sampling(steps=2, guidance=3.5)
    item = DenoiseItem(conditioning=conditioning, canvas=CANVAS, seed=0, sampling=sampling)
    assert torch.equal(engine.denoise([item])[0].packed, before)


def test_every_component_is_the_exported_one_and_the_vae_encodes_too(
    engine: OnnxEngine, torch_engine: TorchEngine
) -> None:
    parts = ("transformer", "vae", "text_encoder", "text_encoder_2")
    assert not any(list(getattr(engine.pipeline, part).parameters()) for part in parts)
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    got = engine.pipeline.vae.encode(picture)[0].mean
    with torch.inference_mode():
        expected = torch_engine.pipeline.vae.encode(picture).latent_dist.mean
    assert distance(got, expected) < LIMIT


def test_the_receipt_names_the_engines_files_and_not_the_weights_it_never_read(
    engine: OnnxEngine, stored: StoredEngine, model: LocatedModel
) -> None:
    facts = engine.facts
    assert facts.engine == "onnx"
    assert facts.versions["onnxruntime"] == onnxruntime.__version__
    assert stored.folder / "transformer" / "model.onnx.data" in facts.files
    assert not set(identity.weight_files(model.folder)) & set(facts.files)


def test_without_an_export_the_user_is_told_the_command(model: LocatedModel) -> None:
    with pytest.raises(NotFound, match="no onnx engine of random-flux") as refused:
        create(model, EngineOptions())
    assert "engines export --model random-flux" in refused.value.fix


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "cuda"}, "does not compute on cuda; it has cpu"),
        ({"device": "tensorrt-rtx:1"}, "does not compute on tensorrt-rtx"),
        ({"device": "mps"}, "no device called 'mps'"),
        ({"dtype": "bfloat16"}, "On the CPU the ONNX engine computes in float32"),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_it_does_not_serve_is_said_at_once(
    model: LocatedModel, options: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("icl_engines.onnx_engine.providers.nvidia_gpus", tuple)
    with pytest.raises(UserError, match=said):
        create(model, EngineOptions(**options))


def test_a_graph_for_tensorrt_takes_the_adapter_as_plain_inputs(exported: StoredEngine) -> None:
    path = exported.folder / "transformer" / "model.onnx"
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(FOLDER, str(path.parent))
    session = onnxruntime.InferenceSession(
        without_defaults(path), options, providers=["CPUExecutionProvider"]
    )
    assert {value.name for value in session.get_inputs()} >= set(ADAPTER)
    assert not session.get_overridable_initializers()


def test_a_truncated_blob_is_never_loaded(model: LocatedModel, stored: StoredEngine) -> None:
    blob = stored.folder / "transformer" / "model.onnx.data"
    blob.write_bytes(blob.read_bytes()[:-100])
    with pytest.raises(StorageProblem, match=r"model\.onnx\.data: has .* bytes"):
        create(model, EngineOptions())


def test_an_engine_of_other_weights_is_refused_by_the_file_that_differs(
    stored: StoredEngine, tmp_path: Path
) -> None:
    folder = write_random_flux(tmp_path / "other", seed=4, layers=1, single_layers=1)
    with pytest.raises(NotFound, match=r"weights\.transformer/diffusion_pytorch_model"):
        create(random_flux_model(folder), EngineOptions())


def test_an_engine_of_another_release_is_refused_by_its_name(
    model: LocatedModel, stored: StoredEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = identity.versions() | {"diffusers": "0.43.0"}
    monkeypatch.setattr(identity, "versions", lambda: later)
    with pytest.raises(NotFound, match=r"versions\.diffusers.*0\.42.*0\.43\.0"):
        create(model, EngineOptions())


def test_weights_that_were_hashed_for_the_export_are_not_read_again(
    model: LocatedModel, stored: StoredEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(path: Path) -> str:
        raise AssertionError(f"{path} was hashed again")

    monkeypatch.setattr(identity, "sha256_of", unexpected)
    assert identity.weights(model, [stored]) == stored.manifest.weights


def test_an_export_above_the_limit_is_not_kept(
    model: LocatedModel, tmp_path: Path, exported: StoredEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_model: object, folder: Path, *_: object) -> None:
        shutil.copytree(exported.folder, folder, dirs_exist_ok=True)

    # The graphs of the export above, held against weights that they were not made of.
    other = write_random_flux(tmp_path / "other", seed=4, layers=1, single_layers=1)
    monkeypatch.setattr("icl_engines.export.job._write", write)
    store = EngineStore(tmp_path / "engines")
    with pytest.raises(UserError, match=r"differs from torch by .* It was not kept"):
        export(random_flux_model(other), store, max_rank=MAX_RANK)
    assert store.scan() == ([], [])
