"""Out of memory on a real worker with the fake engine: every rung, and the end of the ladder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from icl_studio.domain.events import Event, Failed, Finished, Notice
from icl_studio.engines.exhaustion import is_out_of_memory
from icl_studio.engines.protocol import LocatedModel
from icl_studio.paths import user_folders
from icl_studio.sets.library import Library
from icl_studio.sets.record import Receipt
from icl_studio.testing import read_diary
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import GenerateJob

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerClient]:
    with WorkerClient(user_folders(tmp_path_factory.mktemp("home"))) as started:
        yield started


def ends(events: list[Event], jobs: list[GenerateJob]) -> list[Finished | Failed]:
    found = {event.job: event for event in events if isinstance(event, Finished | Failed)}
    return [found[job.id] for job in jobs]


def notices(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


def receipt(job: GenerateJob) -> Receipt:
    return Library(job.out).get(job.id).record.receipt


def tried(model: LocatedModel, verb: str) -> int:
    return sum(deed[0] == verb for deed in read_diary(model))


@pytest.mark.parametrize(
    ("verb", "needs", "steps"),
    [
        ("encode", "phases", ["phases"]),
        ("encode", "layers", ["phases", "layers"]),
        ("denoise", "phases", ["phases"]),
        ("denoise", "layers", ["phases", "layers"]),
        ("decode", "phases", ["phases"]),
        ("decode", "tiles", ["phases", "tiles"]),
    ],
)
def test_the_first_measure_that_helps_is_taken_told_and_remembered(
    client: WorkerClient,
    fake_model: MakeModel,
    make_job: MakeJob,
    verb: str,
    needs: str,
    steps: list[str],
) -> None:
    model = fake_model(f"{verb}-{needs}", needs={verb: needs}, diary=True)
    job, later = make_job(model), make_job(model, seed=8, summary="Two views of an owl")
    events = list(client.generate([job]))
    assert isinstance(ends(events, [job])[0], Finished)
    used = [list(deed[1:]) for deed in read_diary(model) if deed[0] == "measures"]
    assert used == [steps[:n] for n in range(len(steps) + 1)]
    assert len(notices(events)) == len(steps)
    assert tried(model, verb) == 1 + len(steps)
    assert receipt(job).measures == (("tiles",) if needs == "tiles" else ())
    events = list(client.generate([later]))
    assert isinstance(ends(events, [later])[0], Finished)
    assert notices(events) == [] and tried(model, verb) == 2 + len(steps)
    assert receipt(later).measures == receipt(job).measures


def test_a_batch_is_halved_until_it_fits(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model("stapel", largest_batch=2, diary=True)
    jobs = [make_job(model, seed=seed) for seed in range(5)]
    events = list(client.generate(jobs, batch=4))
    assert all(isinstance(end, Finished) for end in ends(events, jobs))
    sizes = [len(deed) - 1 for deed in read_diary(model) if deed[0] == "denoise"]
    assert sizes == [4, 2, 2, 1]
    assert [receipt(job).batch for job in jobs] == [2, 2, 2, 2, 1]


def test_a_job_that_fits_in_no_way_fails_alone_and_says_what_would_fit(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    full, roomy = fake_model("voll", needs={"denoise": "a miracle"}), fake_model("leer")
    jobs = [make_job(roomy), make_job(full), make_job(roomy, seed=9)]
    events = list(client.generate(jobs))
    first, failed, last = ends(events, jobs)
    assert isinstance(first, Finished) and isinstance(last, Finished)
    assert isinstance(failed, Failed) and failed.error == "OutOfMemory" and failed.mendable
    assert "too small to denoise" in failed.message
    assert "phases and layers did not help" in failed.message
    canvas = jobs[1].request.layout.canvas
    assert f"needs about half of {canvas}" in failed.fix


def test_what_is_exact_is_not_decoded_in_tiles(
    client: WorkerClient, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model("genau", needs={"decode": "tiles"})
    for _ in range(2):  # also after tiles have been needed for another
        usual, exact = make_job(model), make_job(model, exact=True)
        events = list(client.generate([usual, exact]))
        made, failed = ends(events, [usual, exact])
        assert isinstance(made, Finished) and receipt(usual).measures == ("tiles",)
        assert isinstance(failed, Failed) and failed.error == "OutOfMemory"
        assert "Without --exact" in failed.fix
        assert Library(exact.out).find_id(exact.id) is None


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (MemoryError(), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 18.00 GB)"), True),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried"),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_the_words_of_every_device_are_known(error: Exception, full: bool) -> None:
    assert is_out_of_memory(error) is full
