"""What a batch will need and take, known before it begins; and a word when it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_studio.domain.model import AdapterUse
from icl_studio.engines.hardware import Gpu
from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import NotFound, QueueProblem
from icl_studio.paths import UserFolders
from icl_studio.plugins.registry import Registry
from icl_studio.queue import notify as notifying
from icl_studio.queue.claims import Claims
from icl_studio.queue.grid import write_grid
from icl_studio.queue.history import estimate, pace_by_model
from icl_studio.queue.job import NewJob
from icl_studio.queue.notify import notify
from icl_studio.queue.preflight import look_ahead
from icl_studio.queue.running import Report
from icl_studio.queue.store import Store
from icl_studio.queue.turns import Worker

MakeJob = Callable[..., NewJob]


@pytest.mark.parametrize(("megabytes", "state"), [(24_000, "ok"), (0, "ok"), (1, "note")])
def test_a_model_that_is_larger_than_the_card_is_noted(
    store: Store,
    new_job: MakeJob,
    fake_model: Callable[..., LocatedModel],
    registry: Registry,
    folders: UserFolders,
    monkeypatch: pytest.MonkeyPatch,
    megabytes: int,
    state: str,
) -> None:
    card = Gpu(name="RTX", target="sm_89", memory_mb=megabytes, driver="580")
    monkeypatch.setattr("icl_studio.queue.preflight.nvidia_gpus", lambda: (card,))
    model = fake_model()
    (model.folder / "more weights").write_bytes(bytes(2 * 2**20))
    store.add([new_job(model)])
    (line,) = [line for line in look_ahead(store, registry, folders).lines if line.what == "memory"]
    assert line.state == state and ("on the GPU" in line.told) == bool(megabytes)
    assert ("--memory phases" in line.fix) == (state == "note")


def test_everything_that_could_stop_the_night_is_in_one_table(
    store: Store,
    new_job: MakeJob,
    fake_model: Callable[..., LocatedModel],
    registry: Registry,
    folders: UserFolders,
    tmp_path: Path,
) -> None:
    good, gone = fake_model(), fake_model("fort")
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    store.add(
        [
            new_job(good),
            new_job(gone),
            new_job(good, adapters=[AdapterUse(source="nowhere.safetensors")]),
            new_job(good, engine="vanished"),
            new_job(good, out=in_the_way / "sets"),
        ]
    )
    for path in sorted(gone.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    found = look_ahead(store, registry, folders)
    told = {(line.what, line.state) for line in found.lines}
    assert {("model", "ok"), ("engine", "ok"), ("results", "ok"), ("memory", "ok")} <= told
    problems = {line.what: line for line in found.problems}
    assert set(problems) == {"model", "LoRA", "engine", "results"}
    assert "fort" in problems["model"].told and "(1 job)" in problems["model"].told
    assert "nowhere.safetensors" in problems["LoRA"].told
    assert all(line.fix for line in found.problems)
    assert found.estimate.unknown == 5


def test_time_is_estimated_from_what_such_jobs_took(
    store: Store, claims: Claims, new_job: MakeJob, fake_model: Callable[..., LocatedModel]
) -> None:
    model, other = fake_model(), fake_model("anders")
    done = store.add([new_job(model, steps=10, seed=n) for n in range(3)])
    claim = claims.claim(Worker("here"))
    assert claim is not None
    for id, seconds in zip(done, (4.0, 5.0, 60.0), strict=True):
        claims.begin(claim, id, None)
        claims.settle(claim, id, "done", folder="x", seconds=seconds)
    store.add([new_job(model, steps=20), new_job(model, steps=20), new_job(other)])
    ahead = estimate(store)
    assert ahead.seconds == pytest.approx(2 * 2 * 5.0)  # the median, twice the steps, two jobs
    assert (ahead.jobs, ahead.unknown, ahead.measured) == (3, 1, 3)
    assert estimate(store, workers=2).seconds == pytest.approx(10.0)
    (pace,) = pace_by_model(store)
    assert (pace.jobs, pace.attempts, pace.seconds) == (3, 3, 23.0)


def test_a_sweep_on_one_picture(
    store: Store, new_job: MakeJob, run_queue: Callable[..., Report], tmp_path: Path
) -> None:
    values = [{"guidance": g, "seed": s} for g in (2.0, 3.5) for s in (1, 2, 3)]
    ids = store.add([new_job(seed=v["seed"], origin={"sweep": v}) for v in values])
    file = tmp_path / "Übersicht.png"
    with pytest.raises(NotFound, match="done yet"):
        write_grid([store.get(id) for id in ids], file, 100)
    run_queue()
    jobs = [store.get(id) for id in ids]
    assert write_grid(jobs, file, 100) == 6
    with Image.open(file) as picture:
        assert picture.width == 3 * 108 + 8  # three seeds across, two guidances down
    with pytest.raises(QueueProblem, match="exists already"):
        write_grid(jobs, file, 100)
    with pytest.raises(QueueProblem, match="no name of a picture"):
        write_grid(jobs, tmp_path / "grid.txt", 100)


def test_a_notification_passes_texts_as_arguments_and_never_raises(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert notify("ICL Studio", "2 sets made") is False  # no such tool: nothing happens
    said: list[Any] = []

    class Done:
        returncode = 0

    monkeypatch.setattr(notifying.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(notifying.subprocess, "run", lambda c, **k: said.append((c, k)) or Done())
    text = '"; rm -rf / #\n$(x)'
    for system in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        assert notify("T", text) is True
    (linux, _), (apple, _), (windows, options) = said
    assert linux[-2:] == apple[-2:] == ["T", text]
    assert not any(text in word for word in windows)
    assert options["env"]["ICL_STUDIO_TEXT"] == text
