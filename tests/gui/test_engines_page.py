"""The page Engines: what stands, why it is stale, exported with progress, called off, removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from window_engines import keep

from icl_studio.domain.geometry import Size
from icl_studio.engines.hardware import this_machine
from icl_studio.engines.store import EngineStore
from icl_studio.engines.times import TimedRun, Timing, add_run, machine_key
from icl_studio.errors import JobCancelled
from icl_studio.gui.engines import state
from icl_studio.gui.engines.cards import Bars
from icl_studio.gui.engines.page import EnginesPage
from icl_studio.paths import UserFolders


@pytest.fixture
def store(folders: UserFolders) -> EngineStore:
    return EngineStore(folders.engines)


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel))


def test_without_engines_the_page_says_what_they_are_for_and_shows_the_models(
    page_of: Any, until: Any
) -> None:
    page: EnginesPage = page_of("engines")
    until(lambda: page.models)
    assert page.engines == [] and "Export a model" in said(page)
    tiny = next(view for view in page.models if view.accessibleName().startswith("tiny"))
    assert "on this machine" in said(tiny) and "MB" in said(tiny)
    gated = next(view for view in page.models if "flux.1-dev" in view.accessibleName())
    assert "on the hub" in said(gated) and "GB" in said(gated) and gated.export is None
    assert "oken" in said(page)


def test_an_engine_says_how_far_it_is_from_torch_and_how_fast_it_was_here(
    page_of: Any, until: Any, store: EngineStore, folders: UserFolders
) -> None:
    made = keep(store)
    run = TimedRun(
        created="2026-11-24T00:00:00+00:00",
        model="tiny",
        machine=machine_key(this_machine()),
        canvas=Size(128, 192),
        timings=(
            Timing(engine="torch", seconds_per_sheet=3.5),
            Timing(engine="onnx", stored=made.name, seconds_per_sheet=2.0),
        ),
    )
    add_run(folders.engine_times, run)
    page: EnginesPage = page_of("engines")
    until(lambda: page.engines)
    (view,) = page.engines
    assert "ready" in said(view) and "1.0e-06" in said(view) and "90 dB" in said(view)
    (bars,) = view.findChildren(Bars)
    assert bars.rows == [("onnx", 2.0), ("torch", 3.5)]
    view.grab()


def test_a_stale_and_a_damaged_engine_name_their_reasons_and_can_be_removed(
    page_of: Any, until: Any, store: EngineStore
) -> None:
    keep(store, pydantic="0.1")
    broken = keep(store)
    (broken.folder / "engine.json").write_text("{", encoding="utf-8")
    page: EnginesPage = page_of("engines")
    until(lambda: len(page.engines) == 2)
    text = said(page)
    assert "stale" in text and "versions.pydantic" in text and "damaged" in text
    for left in (1, 0):
        page.engines[-1].remove.click()
        until(lambda: len(page.engines) == left)  # noqa: B023 - waited for here
    assert store.scan() == ([], []) and page.note is not None


def test_what_cannot_be_removed_any_more_is_said(page_of: Any, until: Any) -> None:
    page: EnginesPage = page_of("engines")
    page.model.remove("gone")
    until(lambda: page.note is not None)
    assert page.note is not None and "gone" in page.note.label.text()


@pytest.fixture
def exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_studio: Any) -> Path:
    """The engine ``quick``, whose exporter writes one small file; and a model for it."""
    folder = tmp_path / "exporter"
    info = folder / "quick_exporter-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: quick-exporter\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[icl_studio]\nquick = quick_exporter\n")
    (folder / "quick_exporter.py").write_text(EXPORTER, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(folder), os.environ["PYTHONPATH"])))
    model: Path = fake_studio()
    return model


EXPORTER = """
import time
from icl_studio.api import hookimpl
from icl_studio.engines.hardware import this_machine
from icl_studio.engines.protocol import EngineSpec
from icl_studio.engines.store import AdapterInterface, Built, Profile, Structure, Weights

ICL_STUDIO_API = 1

def export(model, store, *, max_rank, dtype, fuse, say):
    structure = Structure(
        engine="quick", components=("transformer",), graph="a" * 64, versions={}, dtype=dtype,
        profile=Profile(batch=(1, 1), image_tokens=(16, 64), text_tokens=(16, 64)),
        adapters=AdapterInterface(),
    )
    with store.building(model.spec.id, structure, Weights(files={})) as building:
        (building.folder / "graph").write_bytes(b"graph")
        say("writing the graph")
        if (model.folder / "slow").exists():
            time.sleep(600)
        made = Built(created="2026-11-23T00:00:00+00:00", machine=this_machine(), seconds=0.1)
        return building.commit(made, ())

@hookimpl
def icl_studio_engines():
    spec = EngineSpec(
        id="quick", title="Quick", factory="quick_exporter:export", exporter="quick_exporter:export"
    )
    return [spec]
"""


def test_an_export_shows_its_phases_and_its_engine_stands_at_the_end(
    page_of: Any, until: Any, store: EngineStore, exporter: Path
) -> None:
    page: EnginesPage = page_of("engines")
    until(lambda: page.models)
    phases: list[str] = []
    page.model.working.connect(lambda: phases.append(page.phase.text()))
    page.model.export(str(exporter), "quick")
    assert not page.strip.isHidden()
    assert not any(view.export and view.export.isEnabled() for view in page.models)
    until(lambda: page.model.task is None and (page.engines or page.note))
    assert page.note is None and page.strip.isHidden()
    assert any("writing the graph" in phase for phase in phases)
    ((made,), _) = store.scan()
    assert page.engines[0].accessibleName().startswith("quick") and made.bytes == 5


def test_an_export_that_is_called_off_leaves_nothing(
    page_of: Any, until: Any, store: EngineStore, exporter: Path
) -> None:
    (exporter / "slow").write_text("", encoding="utf-8")
    page: EnginesPage = page_of("engines")
    until(lambda: page.models)
    page.model.export(str(exporter), "quick")
    until(lambda: page.model.phase)
    page.cancel()
    until(lambda: page.model.task is None)
    assert store.scan() == ([], []) and page.note is None


def test_an_export_that_is_refused_says_why(page_of: Any, until: Any, tmp_path: Path) -> None:
    page: EnginesPage = page_of("engines")
    until(lambda: page.models)
    page.model.export(str(tmp_path / "no model"), "onnx")
    until(lambda: page.note is not None)
    assert page.note is not None and "no model" in page.note.label.text()
    assert page.model.task is None


def test_work_that_was_called_off_before_it_began_is_not_begun() -> None:
    done: list[int] = []
    task = state.Task("x", lambda *_: done.append(1))
    task.cancel()
    with pytest.raises(JobCancelled):
        task.run(lambda _: None)
    assert not done
