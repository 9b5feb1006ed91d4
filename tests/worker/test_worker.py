"""Real worker processes with the fake engine: the journey of a set and how it can go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from icl_studio.domain.events import Cancelled, Event, Failed, Finished, Progress, Started
from icl_studio.domain.model import AdapterUse
from icl_studio.engines.protocol import AdapterFile, EngineOptions, EngineSpec, LocatedModel
from icl_studio.paths import user_folders
from icl_studio.sets.library import Library
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerClient]:
    """One worker for all tests of this file: it must outlive whatever a job does to it."""
    with WorkerClient(user_folders(tmp_path_factory.mktemp("home"))) as started:
        yield started


MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]


def final(events: list[Event], job: GenerateJob) -> Finished | Failed | Cancelled:
    """The one final event of ``job``."""
    found = [e for e in events if e.job == job.id and isinstance(e, Finished | Failed | Cancelled)]
    assert len(found) == 1
    return found[0]


def sheet_of(event: Event) -> bytes:
    assert isinstance(event, Finished), event
    with Image.open(Path(event.folder) / "sheet.png") as picture:
        return picture.tobytes()


def phases(events: list[Event], job: GenerateJob) -> list[str]:
    seen = [e.phase for e in events if e.job == job.id and isinstance(e, Progress)]
    return list(dict.fromkeys(seen))


def test_a_job_becomes_a_set_with_all_that_made_it(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(), folder_name="Erste Füchse")
    events = list(client.generate([job]))
    end = final(events, job)
    assert isinstance(end, Finished) and end is events[-1]
    folder, record = Library(job.out).get(job.id)
    assert folder == Path(end.folder) == job.out / "Erste Füchse"
    assert record.request == job.request
    assert record.receipt.engine == "fake" and record.receipt.batch == 1
    assert "fake-engine.json" in record.receipt.model.files
    assert set(end.seconds) == {"load", "encode", "denoise", "decode", "save"}
    assert phases(events, job) == ["load", "encode", "denoise", "decode", "save"]
    assert Started(job=job.id, engine="fake", device="cpu", dtype="float32") in events


def test_files_are_hashed_while_loading_and_a_cancel_is_heard(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, tmp_path: Path
) -> None:
    lora = tmp_path / "big.safetensors"
    with lora.open("wb") as file:
        file.truncate(3 * 10**9)  # a hole: seconds to hash, nothing to write
    use = AdapterUse(source=str(lora))
    job = make_job(fake_model(), adapters=(AdapterFile(path=lora),))
    job = job.model_copy(update={"request": job.request.model_copy(update={"adapters": (use,)})})
    seen: list[Event] = []
    for event in client.generate([job]):
        seen.append(event)
        if isinstance(event, Progress) and event.phase == "load" and event.step > 0:
            client.cancel()
    assert isinstance(final(seen, job), Cancelled)
    told = [e for e in seen if isinstance(e, Progress) and e.step > 0]
    assert {e.phase for e in told} == {"load"}
    assert all(e.step < e.total == 3000 for e in told)
    assert not job.out.exists()


def test_steps_are_told_with_the_time_left(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"denoise": 0.05})
    first, second = make_job(model, steps=8), make_job(model, steps=8, seed=8)
    events = list(client.generate([first, second]))
    steps = [
        e for e in events if e.job == first.id and isinstance(e, Progress) and e.phase == "denoise"
    ]
    assert [e.step for e in steps] == list(range(9))
    assert {e.total for e in steps} == {8}
    assert steps[0].eta is None
    middle = steps[4]
    assert middle.eta is not None and middle.eta_all is not None
    assert middle.eta > 0.05  # four steps of at least that; how slow this machine is, nobody knows
    assert middle.eta_all > 1.5 * middle.eta  # the second sheet comes on top
    assert steps[-1].eta is not None and steps[-1].eta < middle.eta


def test_previews_are_whole_small_pictures_and_go_with_the_job(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, tmp_path: Path
) -> None:
    folder = tmp_path / "Vorschau"
    model = fake_model(seconds={"denoise": 0.15})
    job = make_job(model, steps=10, previews=folder)
    seen = []
    for event in client.generate([job]):
        if isinstance(event, Progress) and event.preview:
            with Image.open(event.preview) as picture:
                picture.load()
                seen.append(picture.size)
            assert Path(event.preview).parent == folder
    canvas = job.request.layout.canvas
    assert 2 <= len(seen) <= 4  # 1.5 seconds, at most two a second
    assert set(seen) == {(canvas.width // 8, canvas.height // 8)}
    assert list(folder.iterdir()) == []


def test_an_engine_stays_warm_until_something_else_is_asked(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"load": 0.3})

    def load_seconds(job: GenerateJob) -> float:
        end = final(list(client.generate([job])), job)
        assert isinstance(end, Finished)
        return end.seconds["load"]

    assert load_seconds(make_job(model)) >= 0.3
    assert load_seconds(make_job(model)) < 0.3
    assert load_seconds(make_job(model, options=EngineOptions(dtype="bfloat16"))) >= 0.3
    fake_model(seconds={"load": 0.35})  # the weights were replaced under the warm engine
    assert load_seconds(make_job(model, options=EngineOptions(dtype="bfloat16"))) >= 0.35


def test_a_job_done_twice_makes_one_set(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model())
    first = final(list(client.generate([job])), job)
    again = list(client.generate([job]))
    assert len(again) == 1
    assert isinstance(first, Finished) and isinstance(again[0], Finished)
    assert again[0].folder == first.folder
    assert len(Library(job.out).all()) == 1


def test_a_batch_gives_the_same_sets_as_single_jobs(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model()
    singly = [make_job(model, seed=seed) for seed in range(3)]
    together = [make_job(model, seed=seed) for seed in range(3)]
    exact = make_job(model, seed=0, exact=True)
    one = list(client.generate(singly))
    many = list(client.generate([*together, exact], batch=2))
    for a, b in zip(singly, together, strict=True):
        assert sheet_of(final(one, a)) == sheet_of(final(many, b))
    batches = {r.id: r.receipt.batch for _, r in Library(exact.out).all()}
    assert [batches[job.id] for job in together] == [2, 2, 1]
    assert batches[exact.id] == 1


def test_a_batch_that_does_not_fit_is_made_singly(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(largest_batch=1)
    jobs = [make_job(model, seed=seed) for seed in range(2)]
    events = list(client.generate(jobs, batch=2))
    assert all(isinstance(final(events, job), Finished) for job in jobs)
    assert Counter(e.type for e in events)["notice"] == 2


@pytest.mark.parametrize("at", ["encode", "denoise", "decode"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_job_that_fails_does_not_take_the_others_along(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, at: str, batch: int
) -> None:
    model = fake_model(trouble="user-error", at=at, caption="wolf")
    jobs = [make_job(model, summary=f"Two views of a {who}") for who in ("fox", "wolf", "owl")]
    events = list(client.generate(jobs, batch=batch))
    ends = [final(events, job) for job in jobs]
    assert [type(end) for end in ends] == [Finished, Failed, Finished]
    failed = ends[1]
    assert isinstance(failed, Failed)
    assert failed.mendable and failed.error == "RequestInvalid"
    assert failed.fix == "Ask otherwise." and at in failed.message


@pytest.mark.parametrize(
    ("trouble", "error", "mendable"),
    [
        ("user-error", "RequestInvalid", True),
        ("out-of-memory", "OutOfMemory", True),
        ("memory-error", "OutOfMemory", True),
        ("error", "ZeroDivisionError", False),
        ("exit", "SystemExit", False),
    ],
)
@pytest.mark.parametrize("at", ["load", "denoise", "save"])
def test_no_exception_ends_the_worker(
    client: WorkerClient,
    fake_model: MakeModel,
    make_job: MakeJob,
    trouble: str,
    error: str,
    mendable: bool,
    at: str,
) -> None:
    assert client.log is not None
    said = len(client.log.read_text(encoding="utf-8"))
    job = make_job(fake_model(trouble=trouble, at=at))
    end = final(list(client.generate([job])), job)
    assert isinstance(end, Failed)
    assert (end.error, end.mendable) == (error, mendable)
    assert Library(job.out).all() == []
    good = make_job(fake_model("another"))
    assert isinstance(final(list(client.generate([good])), good), Finished)
    assert ("Traceback" in client.log.read_text(encoding="utf-8")[said:]) == (
        not mendable or trouble == "memory-error"
    )


def test_a_refused_adapter_fails_its_own_jobs_only(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, tmp_path: Path
) -> None:
    model = fake_model()
    bad = make_job(model, adapters=(AdapterFile(path=tmp_path / "stil.pickle"),))
    good = make_job(model)
    events = list(client.generate([bad, good]))
    refused = final(events, bad)
    assert isinstance(refused, Failed) and refused.error == "AdapterRejected" and refused.mendable
    assert isinstance(final(events, good), Finished)


def test_an_engine_that_is_not_there_is_a_clear_failure(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model()
    lacking = EngineSpec(id="x", title="X", factory="no_such:thing", requires=("no_such_module",))
    broken = EngineSpec(id="y", title="Y", factory="no_such_module:thing")
    for spec, says in ((lacking, "needs no_such_module"), (broken, "cannot be loaded")):
        job = make_job(model, engine=spec)
        end = final(list(client.generate([job])), job)
        assert isinstance(end, Failed) and end.mendable and says in end.message


def test_chatter_of_a_library_does_not_reach_the_protocol(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    job = make_job(fake_model(chatter=True))
    assert isinstance(final(list(client.generate([job])), job), Finished)
    assert client.log is not None
    said = client.log.read_text(encoding="utf-8")
    assert "print from encode: ünïcödé" in said and "descriptor 1 from decode" in said


@pytest.mark.parametrize("phase", ["load", "encode", "denoise", "decode"])
def test_a_cancelled_job_leaves_nothing(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob, phase: str
) -> None:
    model = fake_model(seconds={phase: 0.2})
    jobs = [make_job(model, seed=seed) for seed in range(2)]
    events = []
    for event in client.generate(jobs):
        events.append(event)
        if isinstance(event, Progress) and event.phase == phase:
            client.cancel()
    assert all(isinstance(final(events, job), Cancelled) for job in jobs)
    assert not jobs[0].out.exists() or list(jobs[0].out.iterdir()) == []
    after = make_job(model)
    assert isinstance(final(list(client.generate([after])), after), Finished)


def test_one_job_can_be_cancelled_and_the_others_go_on(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"denoise": 0.05})
    jobs = [make_job(model, seed=seed) for seed in range(3)]
    events = []
    for event in client.generate(jobs, batch=2):
        events.append(event)
        if isinstance(event, Progress) and event.phase == "denoise" and event.step == 1:
            client.cancel(jobs[1].id)
    assert [type(final(events, job)) for job in jobs] == [Finished, Cancelled, Finished]


def test_sets_that_were_finished_before_a_cancel_are_kept(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"denoise": 0.05})
    jobs = [make_job(model, seed=seed) for seed in range(3)]
    events = []
    for event in client.generate(jobs):
        events.append(event)
        if isinstance(event, Finished):
            client.cancel()
    assert [type(final(events, job)) for job in jobs] == [Finished, Cancelled, Cancelled]
    assert len(Library(jobs[0].out).all()) == 1


def test_whoever_stops_listening_cancels_the_rest(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(seconds={"denoise": 0.05})
    job, next_job = make_job(model, steps=100), make_job(model)
    for event in client.generate([job]):
        if isinstance(event, Started):
            break
    events = list(client.generate([next_job]))
    assert {event.job for event in events} == {next_job.id}
    assert isinstance(final(events, next_job), Finished)
    assert Library(job.out).find_id(job.id) is None


def test_more_jobs_than_one_line_holds_are_made_by_one_worker(
    client: WorkerClient,
    fake_model: MakeModel,
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = fake_model("many")
    jobs = [make_job(model, seed=seed, steps=1) for seed in range(5)]
    monkeypatch.setattr("icl_studio.worker.protocol._PORTION", 2 * len(jobs[0].model_dump_json()))
    events = list(client.generate(jobs))
    assert all(isinstance(final(events, job), Finished) for job in jobs)
