"""Batch sizes are found by trying, remembered on disk, and never forced on anybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.domain.events import Finished
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.paths import UserFolders
from icl_studio.testing import create_fake_engine, read_diary
from icl_studio.worker.batches import BatchSizes, kind_of
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.protocol import AUTO, GenerateJob

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]


def sizes(model: LocatedModel) -> list[int]:
    return [len(deed) - 1 for deed in read_diary(model) if deed[0] == "denoise"]


def make(
    folders: UserFolders, jobs: list[GenerateJob], batch: int, *, phased: bool = False
) -> None:
    with WorkerClient(folders) as client:
        events = list(client.generate(jobs, batch=batch, phased=phased))
    assert sum(isinstance(event, Finished) for event in events) == len(jobs)


def test_what_did_not_fit_is_not_tried_by_the_next_worker(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(largest_batch=3, diary=True)
    make(folders, [make_job(model, seed=n) for n in range(6)], batch=6, phased=True)
    assert sizes(model) == [6, 3, 3]
    make(folders, [make_job(model, seed=n) for n in range(8)], batch=4)
    assert sizes(model)[3:] == [4, 2, 2, 3, 1]


def test_auto_doubles_while_it_pays_and_is_quick_at_once_the_next_time(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    # A fake step takes as long for eight sheets as for one.
    model = fake_model(seconds={"denoise": 0.05}, diary=True)
    make(folders, [make_job(model, seed=n) for n in range(15)], batch=AUTO)
    assert sizes(model) == [1, 2, 4, 8]
    jobs = [make_job(model, seed=n) for n in range(8)]
    exact = make_job(model, exact=True)
    make(folders, [exact, *jobs], batch=AUTO, phased=True)
    assert sizes(model)[4:] == [1, 8]


def choices(known: BatchSizes, seconds: dict[int, float]) -> list[int]:
    """What is chosen, one after the other, where steps take ``seconds`` a sheet."""
    found = []
    for _ in range(5):
        size = known.choose("x", AUTO)
        found.append(size)
        known.took("x", size, seconds[size])
    return found


def test_auto_stays_with_what_was_quickest() -> None:
    known = BatchSizes(None)
    assert choices(known, {1: 1.0, 2: 0.7, 4: 0.69, 8: 9.0}) == [1, 2, 4, 4, 4]
    known = BatchSizes(None)
    assert choices(known, {1: 1.0, 2: 1.2}) == [1, 2, 1, 1, 1]


def test_a_size_that_did_not_fit_is_tried_again_after_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sizes.json"
    BatchSizes(file).did_not_fit("x", 4)
    assert BatchSizes(file).choose("x", 8) == 3
    assert BatchSizes(file).choose("another", 8) == 8
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 24 * 3600)
    assert BatchSizes(file).choose("x", 8) == 8


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": {"seconds": "?"}}', "\0" * 9])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sizes.json"
    file.write_text(text, encoding="utf-8")
    known = BatchSizes(file)
    assert known.choose("x", 8) == 8
    known.did_not_fit("x", 8)
    assert BatchSizes(file).choose("x", 8) == 7


def test_what_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    known = BatchSizes(tmp_path / "a file" / "sizes.json")
    known.did_not_fit("x", 4)
    assert known.choose("x", 8) == 3


def test_model_canvas_precision_and_preset_each_have_their_own(
    fake_model: MakeModel, make_job: MakeJob
) -> None:
    def kind(model: LocatedModel, options: EngineOptions) -> str:
        return kind_of(create_fake_engine(model, options), make_job(model, options=options))

    one = fake_model()
    options = [EngineOptions(), EngineOptions(dtype="bfloat16"), EngineOptions(memory="phases")]
    kinds = [kind(one, each) for each in options]
    assert len({*kinds, kind(fake_model("anders"), EngineOptions())}) == 4
    assert kind(one, EngineOptions()) == kinds[0]
