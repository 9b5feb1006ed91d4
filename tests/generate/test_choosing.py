"""What ``--engine auto`` means: what was measured decides, and only among what is valid here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from icl_studio.api import Size
from icl_studio.cli.console import AppContext
from icl_studio.engines.hardware import Gpu, this_machine
from icl_studio.engines.protocol import AdapterFile, EngineOptions, LocatedModel
from icl_studio.engines.store import (
    AdapterInterface,
    Built,
    EngineStore,
    Profile,
    Stamp,
    StoredEngine,
    Structure,
    Weights,
    sha256_of,
)
from icl_studio.engines.times import KEPT, TimedRun, Timing, add_run, machine_key, read_times
from icl_studio.errors import AdapterRejected, NotFound
from icl_studio.generate.asking import Wishes, new_request
from icl_studio.generate.choosing import (
    Choice,
    Job,
    adapter_rank,
    check_stored,
    choose_fastest,
    why_not,
)
from icl_studio.generate.planning import Place, plan
from icl_studio.paths import resource, user_folders

CANVAS = Size(192, 320)
SHARD = "transformer/diffusion_pytorch_model.safetensors"
STRUCTURE = Structure(
    engine="onnx",
    components=("transformer",),
    graph="a" * 64,
    versions={"pydantic": version("pydantic"), "export": "3"},
    dtype="float32",
    profile=Profile(batch=(1, 64), image_tokens=(4, 65536), text_tokens=(4, 512)),
    adapters=AdapterInterface(targets=("proj_out",), max_rank=32),
)
Save = Callable[..., StoredEngine]


@pytest.fixture(scope="module")
def app() -> AppContext:
    return AppContext(safe_mode=False)


@pytest.fixture
def tiny(app: AppContext) -> LocatedModel:
    return LocatedModel(spec=app.registry.model("tiny"), folder=resource("models", "tiny"))


@pytest.fixture
def save(tiny: LocatedModel, home: Path) -> Save:
    """Put an engine of ``tiny`` into the user's store."""

    def make(**changes: object) -> StoredEngine:
        path = tiny.folder / SHARD
        stat = path.stat()
        stamps = {SHARD: Stamp(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)}
        weights = Weights(files={SHARD: sha256_of(path)})
        structure = STRUCTURE.model_copy(update=changes)
        store = EngineStore(user_folders().engines)
        with store.building("tiny", structure, weights) as building:
            (building.folder / "model").write_bytes(b"x")
            built = Built(created="2026-11-29", machine=this_machine(), seconds=1)
            return building.commit(built, (), stamps)

    return make


@pytest.fixture
def choose(app: AppContext, tiny: LocatedModel) -> Callable[..., Choice]:
    def make(**changes: object) -> Choice:
        job = Job(tiny, CANVAS, (), EngineOptions())._replace(**changes)
        return choose_fastest(job, app.registry.engine("torch"), app.registry, user_folders())

    return make


def timed(engine: StoredEngine, torch_s: float, engine_s: float, **changes: object) -> TimedRun:
    run = TimedRun(
        created="2026-11-29T00:00:00",
        model="tiny",
        machine=machine_key(this_machine()),
        canvas=CANVAS,
        timings=(
            Timing(engine="torch", seconds_per_sheet=torch_s),
            Timing(engine="onnx", stored=engine.name, seconds_per_sheet=engine_s),
        ),
    )
    return run.model_copy(update=changes)


def test_without_a_compiled_engine_it_is_torch_and_nothing_is_said(
    choose: Callable[..., Choice],
) -> None:
    assert (choose().spec.id, choose().why) == ("torch", "")


def test_the_faster_engine_is_taken_and_a_slower_one_is_not(
    choose: Callable[..., Choice], save: Save
) -> None:
    engine = save()
    add_run(user_folders().engine_times, timed(engine, 2.0, 1.0))
    assert (choose().spec.id, choose().why) == ("onnx", "")
    add_run(user_folders().engine_times, timed(engine, 1.0, 2.0, created="2026-11-30"))
    assert (choose().spec.id, choose().why) == ("torch", "")


def test_a_truncated_engine_is_left_out_with_one_line(
    choose: Callable[..., Choice], save: Save
) -> None:
    engine = save()
    add_run(user_folders().engine_times, timed(engine, 2.0, 1.0))
    (engine.folder / "model").write_bytes(b"")
    choice = choose()
    assert choice.spec.id == "torch"
    assert choice.why == (
        f"--engine auto takes torch: {engine.name} is damaged (model has 0 bytes, 1 were recorded)."
    )
    (engine.folder / "model").unlink()
    assert "is damaged (model is missing)" in choose().why


def test_an_engine_that_was_never_timed_is_not_taken_and_the_command_is_told(
    choose: Callable[..., Choice], save: Save
) -> None:
    engine = save()
    choice = choose()
    assert choice.spec.id == "torch"
    assert engine.name in choice.why and "engines bench --model tiny" in choice.why
    assert "\n" not in choice.why


@pytest.mark.parametrize(
    "changes",
    [{"canvas": Size(1024, 1024)}, {"machine": "another"}, {"model": "flux.1-dev"}],
    ids=["another size", "another machine", "another model"],
)
def test_times_of_something_else_say_nothing(
    choose: Callable[..., Choice], save: Save, changes: dict[str, object]
) -> None:
    add_run(user_folders().engine_times, timed(save(), 2.0, 1.0, **changes))
    assert choose().spec.id == "torch"
    assert "was not timed" in choose().why


def test_the_run_of_the_nearest_size_decides(choose: Callable[..., Choice], save: Save) -> None:
    engine = save()
    add_run(user_folders().engine_times, timed(engine, 2.0, 1.0))
    far = timed(engine, 1.0, 2.0, canvas=Size(192, 480), created="2026-11-30")
    add_run(user_folders().engine_times, far)
    assert choose().spec.id == "onnx"
    assert choose(canvas=Size(192, 480)).spec.id == "torch"


@pytest.mark.parametrize(
    ("structure", "job", "said"),
    [
        ({"versions": {"pydantic": "1.0"}}, {}, "is stale (versions.pydantic"),
        (
            {"targets": ("sm_89",), "engine": "tensorrt"},
            {},
            "is for sm_89, and this machine shows no NVIDIA card",
        ),
        ({"dtype": "bfloat16"}, {}, "is in bfloat16, which is for GPUs"),
        (
            {"profile": Profile(batch=(1, 1), image_tokens=(4, 96), text_tokens=(4, 512))},
            {},
            "takes 4 to 96 image tokens",
        ),
        ({}, {"options": EngineOptions(dtype="bfloat16")}, "computes in float32"),
        ({}, {"options": EngineOptions(memory="phases")}, "knows no --memory phases"),
        ({}, {"options": EngineOptions(device="mps")}, "does not compute on mps"),
        (
            {"versions": {"pydantic": version("pydantic"), "export": "2"}},
            {},
            "is stale (versions.export: the engine has 2",
        ),
    ],
    ids=["stale", "card", "half on a CPU", "size", "precision", "memory", "device", "format"],
)
def test_an_engine_that_is_not_valid_here_is_refused_in_one_line(
    choose: Callable[..., Choice],
    save: Save,
    structure: dict[str, object],
    job: dict[str, object],
    said: str,
) -> None:
    engine = save(**structure)
    add_run(user_folders().engine_times, timed(engine, 2.0, 1.0))
    choice = choose(**job)
    assert choice.spec.id == "torch"
    assert said in choice.why and "\n" not in choice.why


def test_loras_of_more_rank_than_the_engine_takes_go_to_torch(
    choose: Callable[..., Choice], save: Save, tmp_path: Path
) -> None:
    add_run(user_folders().engine_times, timed(save(), 2.0, 1.0))
    path = tmp_path / "größe.safetensors"
    tensors = {
        "transformer.proj_out.lora_A.weight": np.zeros((20, 8), np.float32),
        "transformer.proj_out.lora_B.weight": np.zeros((8, 20), np.float32),
    }
    save_file(tensors, path)
    one = AdapterFile(path=path)
    assert adapter_rank(one) == 20
    assert choose(adapters=(one,)).spec.id == "onnx"
    other = tmp_path / "another.safetensors"
    save_file(tensors, other)
    two = choose(adapters=(one, AdapterFile(path=other)))
    assert two.spec.id == "torch"
    assert "takes LoRAs of rank 32, these have 40" in two.why


def test_a_file_of_times_that_cannot_be_read_is_as_good_as_none(home: Path, save: Save) -> None:
    path = user_folders().engine_times
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"runs": [', encoding="utf-8")
    assert read_times(path).runs == ()
    run = timed(save(), 2.0, 1.0)
    for _ in range(KEPT + 3):
        add_run(path, run)
    assert len(read_times(path).runs) == KEPT


def test_a_plan_says_once_why_it_is_torch_and_takes_what_was_measured(
    app: AppContext, save: Save, tmp_path: Path
) -> None:
    registry, folders = app.registry, user_folders()
    task = registry.task("film-storyboard")
    example = task.example_for("tiny")
    assert example is not None
    wishes = Wishes(model="tiny", adapters=())
    asked = [
        new_request(registry, folders, task.id, example.parts, replace(wishes, seed=seed))
        for seed in (1, 2)
    ]
    engine = save()
    said: list[str] = []
    place = Place(out=tmp_path / "sets", say=said.append)
    jobs = plan(asked, registry, folders, place)
    assert {job.engine.id for job in jobs} == {"torch"}
    assert len(said) == 1 and engine.name in said[0]
    run = timed(engine, 2.0, 1.0, canvas=asked[0].layout.canvas)
    add_run(folders.engine_times, run)
    said.clear()
    assert {job.engine.id for job in plan(asked, registry, folders, place)} == {"onnx"}
    assert said == []


def test_a_named_engine_that_was_never_made_is_told_with_the_command_that_makes_it(
    app: AppContext, tiny: LocatedModel, home: Path
) -> None:
    job = Job(tiny, CANVAS, (), EngineOptions())
    for engine, command in (("onnx", "engines export"), ("tensorrt", "build --engine tensorrt")):
        spec = app.registry.engines[engine]
        with pytest.raises(NotFound, match=f"no {engine} engine of tiny") as refused:
            check_stored(job, spec, user_folders())
        assert command in refused.value.fix


def test_without_a_card_an_engine_that_needs_one_says_so_and_not_only_how_to_build_it(
    app: AppContext, tiny: LocatedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = this_machine().model_copy(update={"gpus": ()})
    monkeypatch.setattr("icl_studio.generate.choosing.this_machine", lambda: machine)
    job = Job(tiny, CANVAS, (), EngineOptions())
    with pytest.raises(NotFound, match="nor an NVIDIA card here") as refused:
        check_stored(job, app.registry.engines["tensorrt"], user_folders())
    assert "--engine auto or torch" in refused.value.fix
    assert "build --engine tensorrt --model tiny --target" in refused.value.fix


@pytest.mark.parametrize(
    ("made", "asked", "said"),
    [
        ({}, {"options": EngineOptions(dtype="bfloat16")}, "computes in float32"),
        ({"dtype": "bfloat16"}, {}, "in bfloat16, which is for GPUs"),
        (
            {"profile": Profile(batch=(1, 1), image_tokens=(4, 100), text_tokens=(4, 512))},
            {},
            "takes 4 to 100 image tokens",
        ),
    ],
    ids=["precision", "no card", "canvas"],
)
def test_a_named_engine_that_cannot_make_this_is_told_before_the_job_starts(
    app: AppContext,
    tiny: LocatedModel,
    save: Save,
    made: dict[str, object],
    asked: dict[str, object],
    said: str,
) -> None:
    save(**made)
    job = Job(tiny, CANVAS, (), EngineOptions())._replace(**asked)
    spec = app.registry.engines["onnx"]
    with pytest.raises(NotFound, match=said):
        check_stored(job, spec, user_folders())
    save()
    check_stored(job._replace(options=EngineOptions()), spec, user_folders())


def test_more_rank_than_any_engine_takes_is_told_before_the_job_starts(
    app: AppContext, tiny: LocatedModel, save: Save, tmp_path: Path
) -> None:
    save()
    path = tmp_path / "wide.safetensors"
    save_file({"transformer.proj_out.lora_A.weight": np.zeros((48, 4), np.float32)}, path)
    job = Job(tiny, CANVAS, (AdapterFile(path=path),), EngineOptions())
    with pytest.raises(NotFound, match="takes LoRAs of rank 32, these have 48"):
        check_stored(job, app.registry.engines["onnx"], user_folders())


def test_a_lora_of_a_text_encoder_is_refused_before_the_job_starts(
    app: AppContext, tiny: LocatedModel, save: Save, tmp_path: Path
) -> None:
    save()
    for number, key in enumerate(("lora_te1_text_model_x.lora_down.weight", "text_encoder.x.y")):
        path = tmp_path / f"texte-{number}.safetensors"
        transformer = np.zeros((4, 4), np.float32)
        save_file({"transformer.proj_out.lora_A.weight": transformer, key: transformer}, path)
        job = Job(tiny, CANVAS, (AdapterFile(path=path),), EngineOptions())
        with pytest.raises(AdapterRejected, match="adapts a text encoder") as refused:
            check_stored(job, app.registry.engines["onnx"], user_folders())
        assert path.name in str(refused.value) and "docs/adapters.md" in refused.value.fix


def test_a_lora_that_weighs_nothing_or_comes_twice_takes_no_more_rank(
    app: AppContext, tiny: LocatedModel, save: Save, tmp_path: Path
) -> None:
    save()
    paths = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for path in paths:
        save_file({"transformer.proj_out.lora_A.weight": np.zeros((20, 4), np.float32)}, path)
    one, two = (AdapterFile(path=path) for path in paths)
    nothing = AdapterFile(path=paths[1], weight=0.0)
    for adapters in ((one, nothing), (one, one)):
        job = Job(tiny, CANVAS, adapters, EngineOptions())
        check_stored(job, app.registry.engines["onnx"], user_folders())
    with pytest.raises(NotFound, match="takes LoRAs of rank 32, these have 40"):
        job = Job(tiny, CANVAS, (one, two), EngineOptions())
        check_stored(job, app.registry.engines["onnx"], user_folders())


def test_an_edited_manifest_is_told_as_such_and_not_as_no_engine(
    app: AppContext, tiny: LocatedModel, save: Save, choose: Callable[..., Choice]
) -> None:
    manifest = save().folder / "engine.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"seconds": 1', '"seconds": 2'),
        encoding="utf-8",
    )
    job = Job(tiny, CANVAS, (), EngineOptions())
    with pytest.raises(NotFound, match="was changed after the engine was built"):
        check_stored(job, app.registry.engines["onnx"], user_folders())
    choice = choose()
    assert choice.spec.id == "torch"
    assert "was changed after" in choice.why and "\n" not in choice.why


@pytest.mark.parametrize("device", [None, "cuda:1", "tensorrt-rtx"])
def test_half_precision_is_for_machines_with_a_card_whatever_computes_on_it(
    tiny: LocatedModel, save: Save, device: str | None
) -> None:
    engine = save(dtype="bfloat16")
    job = Job(tiny, CANVAS, (), EngineOptions(device=device))
    card = Gpu(name="RTX 4090", target="sm_89", memory_mb=24564, driver="580")
    assert why_not(engine, job, this_machine().model_copy(update={"gpus": (card,)})) == ""
    on_the_cpu = job._replace(options=EngineOptions(device="cpu"))
    assert "which is for GPUs" in why_not(engine, on_the_cpu, this_machine())
