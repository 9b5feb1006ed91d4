"""Engines built for cards that this machine has not, by the real TensorRT-RTX.

Nothing of TensorRT runs here: a built engine needs a card. The graph that it was built from does
run, in onnxruntime, and that is held against torch. The real ``tiny`` is built once, for three
cards; the rest is tried on the session's small export.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import onnxruntime
import pytest
import torch

from icl_engines.export import identity
from icl_engines.export.graph import FILE, write_transformer
from icl_engines.export.load import load_some
from icl_engines.tensorrt_engine import build, compile, create, find
from icl_engines.tensorrt_engine.engine import TensorrtEngine
from icl_engines.tensorrt_engine.graph import parser_input
from icl_engines.tensorrt_engine.library import Library
from icl_engines.tensorrt_engine.parity import ensure_parity
from icl_engines.testing import write_random_lora
from icl_studio.api import Sampling, Size
from icl_studio.engines.building import BuildJob, BuildWishes
from icl_studio.engines.hardware import Gpu, this_machine
from icl_studio.engines.protocol import (
    AdapterFile,
    DenoiseItem,
    EngineOptions,
    EngineSpec,
    LocatedModel,
)
from icl_studio.engines.store import Built, EngineStore, StoredEngine
from icl_studio.errors import LayoutInvalid, NotFound, StorageProblem, UserError
from icl_studio.paths import resource

trt = pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX has no package for this system")
pytestmark = pytest.mark.slow

TINY_RANK = 128
CANVASES = (Size(192, 96), Size(256, 192), Size(2016, 1152))
TARGETS = ("sm_86", "sm_89", "sm_120")
WISHES = BuildWishes(targets=TARGETS, canvases=CANVASES)
RTX_4090 = Gpu(name="RTX 4090", target="sm_89", memory_mb=24564, driver="580.65")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model(flux_model: LocatedModel) -> LocatedModel:
    return flux_model


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tiny_built(
    exported: StoredEngine, said: list[str], tmp_path_factory: pytest.TempPathFactory
) -> StoredEngine:
    """The embedded model's transformer, exported without a comparison and built, once."""
    from icl_tiny.plugin import icl_studio_models

    (spec,) = icl_studio_models()
    tiny = LocatedModel(spec=spec, folder=resource("models", "tiny"))
    store = EngineStore(tmp_path_factory.mktemp("tiny größe"))
    structure = identity.structure(
        tiny.folder, tuple(identity.linears_of_model(tiny.folder)), TINY_RANK
    )
    with store.building(spec.id, structure, identity.weights(tiny)) as building:
        part = building.folder / "transformer"
        write_transformer(load_some(tiny, ("transformer",), torch.float32).transformer, part, 128)
        shutil.copyfile(tiny.folder / "transformer" / "config.json", part / "config.json")
        # Torch's results of another model: nothing here compares this engine with them.
        shutil.copytree(exported.folder / "reference", building.folder / "reference")
        built = Built(created="2026-11-29T00:00:00+00:00", machine=this_machine(), seconds=0)
        building.commit(built, (), identity.stamps(tiny.folder))
    return build(tiny, store, wishes=WISHES, say=said.append)


@pytest.fixture(scope="module")
def made(
    model: LocatedModel, exported: StoredEngine, tmp_path_factory: pytest.TempPathFactory
) -> StoredEngine:
    """The small model's engine, in a store of its own."""
    store = EngineStore(tmp_path_factory.mktemp("built größe"))
    shutil.copytree(exported.folder, store.root / exported.name)
    return build(model, store, wishes=WISHES)


@pytest.fixture
def store(home: Path) -> EngineStore:
    return EngineStore(home / "engines")


@pytest.fixture
def with_export(store: EngineStore, exported: StoredEngine) -> StoredEngine:
    """The export in the store of this test's user."""
    shutil.copytree(exported.folder, store.root / exported.name)
    return store.get(exported.name)


@pytest.fixture
def stored(store: EngineStore, made: StoredEngine) -> StoredEngine:
    """The built engine in the store of this test's user."""
    shutil.copytree(made.folder, store.root / made.name)
    return store.get(made.name)


def here() -> Library:
    return Library(trt, "tensorrt_rtx", str(trt.__version__))


# What is built


def test_tiny_is_built_for_three_cards_up_to_2016_pixels_a_side(
    tiny_built: StoredEngine,
) -> None:
    structure = tiny_built.manifest.structure
    assert structure.targets == TARGETS
    assert structure.dtype == "bfloat16"
    assert structure.profile.image_tokens == (72, 9072)
    assert structure.profile.holds(1, 9072, 128)
    assert structure.adapters.max_rank == TINY_RANK
    assert len(structure.adapters.targets) == 68
    assert structure.versions["tensorrt_rtx"] == trt.__version__
    assert "weight-streaming" in structure.flags
    assert tiny_built.manifest.parity == ()
    (blob,) = (file for file in tiny_built.manifest.files if file.path.endswith(".engine"))
    assert blob.bytes > 1_000_000


def test_a_build_says_what_it_does_and_what_it_cost(
    tiny_built: StoredEngine, said: list[str]
) -> None:
    assert said[0] == "looking for the export"
    assert said[-1] == "saving"
    assert any(phase.startswith("building: ") for phase in said)
    built = tiny_built.manifest.built
    assert built.seconds > 0
    assert built.peak_mb is None or built.peak_mb > 0


def test_parity_is_not_measured_where_nothing_could_run(made: StoredEngine) -> None:
    assert made.manifest.parity == ()
    assert (made.folder / "reference" / "steps.safetensors").is_file()


def test_the_weights_are_in_half_precision(made: StoredEngine, exported: StoredEngine) -> None:
    """TensorRT folds the casts: what goes in as float32 is not in the engine as float32."""
    weights = (exported.folder / "transformer" / f"{FILE}.data").read_bytes()
    (blob,) = (file for file in made.manifest.files if file.path.endswith(".engine"))
    piece = weights[len(weights) // 2 :][:4096]
    assert any(piece)
    assert piece not in (made.folder / blob.path).read_bytes()


# The graph that it is built from, computed by onnxruntime


class OrtRuns:
    """The graph for TensorRT's parser, run by onnxruntime: float16 it can, on any machine."""

    def __init__(self, graph: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options)
        kinds = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}
        self.types: Mapping[str, torch.dtype] = {
            value.name: kinds[value.type] for value in self._session.get_inputs()
        }

    def run(self, given: Mapping[str, torch.Tensor]) -> torch.Tensor:
        assert all(given[name].dtype is dtype for name, dtype in self.types.items())
        feed = {name: tensor.numpy() for name, tensor in given.items()}
        return torch.from_numpy(self._session.run(None, feed)[0])


@pytest.fixture(scope="module")
def runs(exported: StoredEngine, tmp_path_factory: pytest.TempPathFactory) -> OrtRuns:
    folder = tmp_path_factory.mktemp("graph")
    part = exported.folder / "transformer"
    graph = parser_input(part, "float16", folder)
    assert graph.path == folder / FILE
    graph.path.write_bytes(graph.proto)
    exported_bytes = (part / f"{FILE}.data").stat().st_size
    assert (folder / "weights").stat().st_size < 0.6 * exported_bytes
    return OrtRuns(folder / FILE)


@pytest.fixture
def engine(model: LocatedModel, stored: StoredEngine, runs: OrtRuns) -> Iterator[TensorrtEngine]:
    """The engine's own three verbs around a graph that runs here."""
    vae = load_some(model, ("vae",), torch.float32)
    structure = stored.manifest.structure.model_copy(update={"dtype": "float32"})
    manifest = stored.manifest.model_copy(update={"structure": structure})
    made = TensorrtEngine(model, StoredEngine(stored.folder, manifest), here(), runs, vae, CPU)
    yield made
    made.close()


def test_the_graph_is_what_torch_computes_with_and_without_a_lora(
    engine: TensorrtEngine, stored: StoredEngine, store: EngineStore
) -> None:
    """The first run on a card, with onnxruntime as the card."""
    measured = ensure_parity(store, stored, engine.pipeline, engine.linears)
    cases = measured.manifest.parity
    assert {(case.image_tokens, case.adapter_rank) for case in cases} == {
        (96, 0),
        (384, 0),
        (96, 16),
        (384, 16),
    }
    assert all(0 < case.relative_l2 < 1e-2 for case in cases)
    assert all(case.psnr_db is not None and case.psnr_db > 35 for case in cases)
    kept = store.get(stored.name)
    assert kept.manifest.parity == cases
    store.verify(kept)
    again = ensure_parity(store, kept, None, {})  # type: ignore[arg-type]
    assert again is kept


def test_an_engine_that_is_far_from_torch_is_never_used(
    engine: TensorrtEngine, stored: StoredEngine, store: EngineStore
) -> None:
    run = engine._runs.run
    engine._runs.run = lambda given: run(given) * 1.2  # type: ignore[method-assign]
    try:
        with pytest.raises(UserError, match=r"differs from torch: .* It is not used"):
            ensure_parity(store, stored, engine.pipeline, engine.linears)
    finally:
        engine._runs.run = run  # type: ignore[method-assign]
    kept = store.get(stored.name)
    assert kept.manifest.parity
    with pytest.raises(UserError, match="It is not used"):
        ensure_parity(store, kept, engine.pipeline, engine.linears)


def test_it_makes_pictures_and_a_lora_acts(
    engine: TensorrtEngine, model: LocatedModel, tmp_path: Path
) -> None:
    lora = write_random_lora(tmp_path / "film.safetensors", model.folder, rank=5, size=0.3)
    (conditioning,) = engine.encode(["a red fox with a blue hat"])
    canvas, sampling = Size(192, 96), Sampling(steps=1)
    item = DenoiseItem(conditioning=conditioning, canvas=canvas, seed=1, sampling=sampling)
    (plain,) = engine.denoise([item])
    (picture,) = engine.decode([plain])
    assert picture.size == (192, 96)
    engine.use_adapters([AdapterFile(path=lora)])
    (changed,) = engine.denoise([item])
    assert not torch.equal(changed.packed, plain.packed)
    engine.use_adapters([])
    assert torch.equal(engine.denoise([item])[0].packed, plain.packed)
    assert engine.facts.engine == "tensorrt"
    assert not [
        path
        for path in engine.facts.files
        if path.parent == model.folder / "transformer" and path.suffix == ".safetensors"
    ]
    with pytest.raises(UserError, match="built for 1 sheets at once, and 2"):
        engine.denoise([item, item])
    larger = item.model_copy(update={"canvas": Size(2048, 2048)})
    with pytest.raises(LayoutInvalid, match=r"72 to 9072 image tokens.*16384"):
        engine.denoise([larger])


# Where it cannot run, and what is not what it should be


def test_without_a_card_it_says_so(model: LocatedModel, stored: StoredEngine) -> None:
    with pytest.raises(UserError, match="NVIDIA GPU, and this machine has none") as refused:
        create(model, EngineOptions())
    assert "--engine auto or torch" in refused.value.fix


def test_the_engine_for_this_card_is_found_and_every_byte_checked(
    model: LocatedModel, stored: StoredEngine, store: EngineStore
) -> None:
    assert find.find_built(model, store, here(), RTX_4090, None) == stored
    assert find.find_built(model, store, here(), RTX_4090, "bfloat16") == stored
    blob = stored.folder / "transformer" / "transformer.engine"
    blob.write_bytes(blob.read_bytes()[:-100])
    with pytest.raises(StorageProblem, match=r"transformer\.engine: has .* bytes"):
        find.find_built(model, store, here(), RTX_4090, None)


def test_an_engine_for_another_card_is_refused_by_its_target(
    model: LocatedModel, stored: StoredEngine, store: EngineStore
) -> None:
    turing = RTX_4090.model_copy(update={"target": "sm_75"})
    with pytest.raises(NotFound, match="targets: the engine has sm_86, sm_89, sm_120") as refused:
        find.find_built(model, store, here(), turing, None)
    assert "engines build --engine tensorrt --model random-flux --target sm_75" in refused.value.fix


def test_an_engine_of_another_tensorrt_is_refused_by_its_release(
    model: LocatedModel, stored: StoredEngine, store: EngineStore
) -> None:
    later = Library(trt, "tensorrt_rtx", "1.8.0.1")
    with pytest.raises(NotFound, match=r"versions\.tensorrt_rtx.*1\.8\.0\.1"):
        find.find_built(model, store, later, RTX_4090, None)


def test_an_engine_of_other_weights_is_refused_by_their_file(
    model: LocatedModel, stored: StoredEngine, store: EngineStore, tmp_path: Path
) -> None:
    folder = shutil.copytree(model.folder, tmp_path / "andere größe")
    shard = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1] + b"\1")
    other = LocatedModel(spec=model.spec, folder=folder)
    with pytest.raises(NotFound, match=r"weights\.transformer/diffusion_pytorch_model"):
        find.find_built(other, store, here(), RTX_4090, None)


def test_a_build_of_torch_for_cuda_takes_an_engine_built_with_torch_for_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = find.versions(here())
    built = identity.versions() | {"torch": f"{plain['torch']}+cu130"}
    monkeypatch.setattr(identity, "versions", lambda: built)
    assert find.versions(here()) == plain


def test_an_edited_manifest_is_refused(stored: StoredEngine, store: EngineStore) -> None:
    path = stored.folder / "engine.json"
    text = path.read_text(encoding="utf-8").replace('"sm_86"', '"sm_80"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StorageProblem, match="was changed after the engine was built"):
        store.get(stored.name)


# Builds that are refused, stopped or run out of room


def test_without_an_export_the_user_is_told_the_command(
    model: LocatedModel, store: EngineStore
) -> None:
    with pytest.raises(NotFound, match="built from an export") as refused:
        build(model, store, wishes=WISHES)
    assert "icl-studio engines export --model random-flux" in refused.value.fix


@pytest.mark.parametrize(
    ("target", "said"), [("sm_90", "--engine torch"), ("sm_12", "4090 is sm_89")]
)
def test_a_card_that_it_does_not_build_for_is_refused_at_once(
    model: LocatedModel, store: EngineStore, target: str, said: str
) -> None:
    wishes = WISHES.model_copy(update={"targets": ("sm_89", target)})
    with pytest.raises(UserError, match=rf"builds for .*sm_89.*, not for {target}\.") as refused:
        build(model, store, wishes=wishes)
    assert said in refused.value.fix


def test_turing_computes_in_float16_only(model: LocatedModel, store: EngineStore) -> None:
    wishes = WISHES.model_copy(update={"targets": ("sm_75",), "dtype": "bfloat16"})
    with pytest.raises(UserError, match="sm_75 does not compute in bfloat16"):
        build(model, store, wishes=wishes)


def test_a_damaged_export_is_not_built_from(
    model: LocatedModel, with_export: StoredEngine, store: EngineStore
) -> None:
    data = with_export.folder / "transformer" / f"{FILE}.data"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(StorageProblem, match="is damaged and was not loaded"):
        build(model, store, wishes=WISHES)
    assert store.scan()[0] == [with_export]


def test_a_full_disk_in_the_middle_leaves_the_store_as_it_was(
    model: LocatedModel,
    with_export: StoredEngine,
    store: EngineStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr(compile, "open_blob", lambda _: Full())
    small = BuildWishes(targets=("sm_89",), canvases=(Size(192, 96),))
    with pytest.raises(StorageProblem, match="No space left on device"):
        build(model, store, wishes=small)
    assert store.scan() == ([with_export], [])
    assert not list(store.root.glob(".building-*[!k]"))


def test_a_second_build_of_the_same_engine_waits_for_nobody_and_a_killed_one_leaves_none(
    model: LocatedModel, with_export: StoredEngine, store: EngineStore
) -> None:
    """Real processes: one builds, one is refused, the first is stopped or killed."""
    spec = EngineSpec(
        id="tensorrt", title="x", factory="a:b", builder="icl_engines.tensorrt_engine:build"
    )
    job = BuildJob(engine=spec, model=model, store=store.root, wishes=WISHES)
    with _child(job) as first:
        _wait(lambda: bool(list(store.root.glob(".building-*/transformer"))), first)
        with pytest.raises(StorageProblem, match="Another process is building this engine"):
            build(model, store, wishes=WISHES)
        first.kill()
        first.wait()
    assert store.scan() == ([with_export], [])
    with _child(job) as second:
        _wait(lambda: bool(list(store.root.glob(".building-*/transformer/*.engine"))), second)
        second.send_signal(signal.SIGTERM)
        second.wait(120)
    assert store.scan() == ([with_export], [])


def _child(job: BuildJob) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "icl_studio.engines.building"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert child.stdin is not None
    # Left open: the end of its stdin tells a child that nobody waits any more.
    child.stdin.write(job.model_dump_json() + "\n")
    child.stdin.flush()
    return child


def _wait(until: object, child: subprocess.Popen[str], seconds: float = 240) -> None:
    assert callable(until)
    end = time.monotonic() + seconds
    while not until():
        assert child.poll() is None, "the child ended too early"
        assert time.monotonic() < end
        time.sleep(0.05)
