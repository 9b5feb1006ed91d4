"""Exports and builds as jobs of the queue: done once, stopped without a trace, failed alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_studio.cli.main import main
from icl_studio.domain.events import Progress
from icl_studio.engines.store import EngineStore
from icl_studio.paths import UserFolders
from icl_studio.queue import control
from icl_studio.queue.compiling import ExportBrief
from icl_studio.queue.database import Database, queue_file
from icl_studio.queue.job import NewJob
from icl_studio.queue.store import Store

Said = tuple[int, dict[str, Any]]
Front = Callable[..., Said]


@pytest.fixture
def front(capsys: Any) -> Front:
    """A command through the front door: its exit code and its JSON."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def engines(folders: UserFolders) -> EngineStore:
    return EngineStore(folders.engines)


def build(front: Front, model: Path, *more: object) -> Said:
    words = ("engines", "build", "--engine", "fake", "--model", model, "--target", "sm_89")
    return front(*words, "--queue", *more)


def test_a_build_is_queued_listed_shown_and_done(
    front: Front, fake_studio: Any, store: Store, run_queue: Any, engines: EngineStore
) -> None:
    code, told = build(front, fake_studio(), "--profile", "film-storyboard,1024x1024")
    assert code == 0 and engines.scan() == ([], [])
    (row,) = front("queue", "list", "--kind", "build")[1]
    assert (row["id"], row["state"]) == (told["job"], "waiting")
    assert row["kind"] == "build"
    events: list[Any] = []
    assert run_queue(on_event=events.append).done == [told["job"]]
    assert any(isinstance(event, Progress) and event.phase == "build" for event in events)
    ((made,), _) = engines.scan()
    assert made.manifest.structure.targets == ("sm_89",)
    assert store.get(told["job"]).folder == made.folder
    asked = front("queue", "show", told["job"])[1]["request"]
    assert asked["wishes"]["canvases"] == [[64, 96], [1024, 1024]]


def test_an_export_and_then_what_waits_for_it(
    front: Front,
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    engines: EngineStore,
    folders: UserFolders,
) -> None:
    model = fake_studio()
    brief = ExportBrief(model=str(model), engine="fake", max_rank=24)
    (export,) = store.add([NewJob(kind="export", request=brief, out=folders.engines)])
    _, told = build(front, model, "--after", export)
    assert run_queue().done == [export, told["job"]]
    assert {one.manifest.structure.adapters.max_rank for one in engines.scan()[0]} == {24, 128}


def test_cancelled_in_the_middle_it_leaves_nothing_and_begins_anew_when_retried(
    front: Front,
    fake_studio: Any,
    store: Store,
    run_queue: Any,
    engines: EngineStore,
    folders: UserFolders,
) -> None:
    model = fake_studio("langsam", seconds={"load": 120.0})
    id = build(front, model)[1]["job"]

    def on_event(event: Any) -> None:
        if isinstance(event, Progress) and event.step == 1:
            with Database(queue_file(folders)) as database:
                control.cancel(Store(database), [id])

    assert run_queue(on_event=on_event).cancelled == [id]
    assert engines.scan() == ([], [])
    assert not [path for path in engines.root.iterdir() if path.is_dir()]
    fake_studio("langsam")  # quick from now on
    control.retry(store, [id])
    assert run_queue().done == [id]
    assert len(engines.scan()[0]) == 1


def test_what_is_refused_fails_alone_and_the_others_are_made(
    front: Front, fake_studio: Any, store: Store, run_queue: Any, engines: EngineStore
) -> None:
    refused = build(front, fake_studio("streikt", trouble="user-error"))[1]["job"]
    good = build(front, fake_studio("brav"))[1]["job"]
    report = run_queue()
    assert report.done == [good]
    assert "The fake refuses." in report.failed[refused].message
    assert store.get(refused).state == "failed"


def test_a_builder_that_keeps_dying_is_quarantined(
    front: Front, fake_studio: Any, store: Store, run_queue: Any, engines: EngineStore
) -> None:
    id = build(front, fake_studio(trouble="exit"))[1]["job"]
    run_queue()
    job = store.get(id)
    assert job.state == "quarantined" and job.crashes > 0
    assert engines.scan() == ([], [])


def test_waiting_is_for_the_queue_only(front: Front, fake_studio: Any) -> None:
    words = ("engines", "build", "--engine", "fake", "--model", fake_studio())
    code, told = front(*words, "--target", "sm_89", "--after", "x")
    assert code == 2
    assert "--after is for --queue" in told["error"]["message"]
