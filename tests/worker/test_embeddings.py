"""Captions are encoded once: within a claim, and from one worker to the next."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from icl_studio.domain.events import Event, Finished
from icl_studio.engines.protocol import EngineOptions, LocatedModel
from icl_studio.paths import UserFolders
from icl_studio.sets.hashes import HashCache
from icl_studio.testing import create_fake_engine, read_diary
from icl_studio.worker.client import WorkerClient
from icl_studio.worker.embeddings import Embeddings
from icl_studio.worker.protocol import GenerateJob
from icl_studio.worker.shelf import Shelf

MakeJob = Callable[..., GenerateJob]
MakeModel = Callable[..., LocatedModel]


def encoded(model: LocatedModel) -> int:
    """How many captions the model's text encoders have read so far."""
    return sum(len(deed) - 1 for deed in read_diary(model) if deed[0] == "encode")


def made(folders: UserFolders, jobs: list[GenerateJob]) -> list[Event]:
    """All events of ``jobs``, made by a worker of their own."""
    with WorkerClient(folders) as client:
        events = list(client.generate(jobs))
    assert sum(isinstance(event, Finished) for event in events) == len(jobs)
    return events


def test_equal_captions_are_encoded_once_and_by_the_next_worker_not_at_all(
    folders: UserFolders, fake_model: MakeModel, make_job: MakeJob
) -> None:
    model = fake_model(diary=True)
    texts = ("a fox", "an owl", "a fox", "a fox")
    made(folders, [make_job(model, summary=text, seed=n) for n, text in enumerate(texts)])
    assert encoded(model) == 2
    more = [make_job(model, summary=text, seed=9) for text in ("an owl", "a fox", "a wolf")]
    made(folders, more)
    assert encoded(model) == 3


def test_a_conditioning_belongs_to_encoders_precision_and_caption(
    tmp_path: Path, fake_model: MakeModel
) -> None:
    model = fake_model(diary=True)
    kept = Embeddings(tmp_path / "kept", HashCache(tmp_path / "hashes"))
    for options in (EngineOptions(), EngineOptions(dtype="bfloat16")):
        engine = create_fake_engine(model, options)
        assert kept.encode(engine, model, ["fox", "owl"]) == ["fox", "owl"]
        assert kept.encode(engine, model, ["owl", "fox"]) == ["owl", "fox"]
    assert encoded(model) == 4
    fake_model(diary=True, seconds={"load": 0.001})  # other files, as a newer model has
    kept.encode(create_fake_engine(model, EngineOptions()), model, ["fox"])
    assert encoded(model) == 5


@pytest.mark.parametrize("harm", ["cut", "flipped", "emptied", "foreign"])
def test_a_damaged_file_is_dropped_and_computed_again(
    tmp_path: Path, fake_model: MakeModel, harm: str
) -> None:
    model, folder = fake_model(diary=True), tmp_path / "Ablage ü"
    engine = create_fake_engine(model, EngineOptions())
    kept = Embeddings(folder, HashCache(tmp_path / "hashes"))
    kept.encode(engine, model, ["fox"])
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    broken = {
        "cut": whole[:-3],
        "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
        "emptied": b"",
        "foreign": b"\0" * 200,
    }
    file.write_bytes(broken[harm])
    assert kept.encode(engine, model, ["fox"]) == ["fox"]
    assert encoded(model) == 2
    assert file.read_bytes() == whole


def test_a_shelf_holds_what_was_used_last_within_its_size(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", limit=10_000)
    for n in range(9):
        shelf.put(f"{n}", b"x" * 1000)
        os.utime(tmp_path / "shelf" / f"{n}", ns=(n, n))
    assert shelf.get("0") == b"x" * 1000  # used, so now the youngest
    shelf.put("9", b"y" * 1000)
    assert shelf.get("0") is not None and shelf.get("9") is not None
    assert shelf.get("1") is None
    total = sum(path.stat().st_size for path in (tmp_path / "shelf").iterdir())
    assert total <= 10_000
    shelf.put("large", b"z" * 20_000)
    assert shelf.get("large") is None


@pytest.mark.parametrize("folder", [None, "a file"])
def test_where_nothing_can_be_kept_everything_is_computed(
    tmp_path: Path, fake_model: MakeModel, folder: str | None
) -> None:
    place = None
    if folder:
        place = tmp_path / folder
        place.write_text("in the way", encoding="utf-8")
    model = fake_model(diary=True)
    kept = Embeddings(place, HashCache(tmp_path / "hashes"))
    engine = create_fake_engine(model, EngineOptions())
    for _ in range(2):
        assert kept.encode(engine, model, ["fox"]) == ["fox"]
    assert encoded(model) == 2
