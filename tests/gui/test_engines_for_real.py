"""The page Engines at its real work: measured with ONNX Runtime and torch, built by TensorRT-RTX.

No card is needed: TensorRT-RTX builds for one that is named. The short form begins with the
session's small export; the long form exports the embedded model by the page as well.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import EngineStore, StoredEngine
from icl_studio.gui.engines.cards import Bars, Card, EngineView
from icl_studio.gui.engines.page import EnginesPage
from icl_studio.paths import UserFolders

pytestmark = pytest.mark.slow
TARGET = "sm_89"
MODEL_PLUGIN = """
import json
from pathlib import Path
from icl_studio.api import ModelSpec, hookimpl

ICL_STUDIO_API = 1

@hookimpl
def icl_studio_models():
    facts = json.loads((Path(__file__).parent / "model.json").read_text(encoding="utf-8"))
    return [ModelSpec.model_validate(facts)]
"""


@pytest.fixture
def small_model(flux_model: LocatedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The session's random FLUX as a plugin's model, drawing small sheets; its id."""
    folder = tmp_path / "small model"
    info = folder / "icl_small_model-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: icl-small-model\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[icl_studio]\nsmall = icl_small_model\n")
    (folder / "icl_small_model.py").write_text(MODEL_PLUGIN, encoding="utf-8")
    facts = flux_model.spec.model_dump(mode="json")
    facts["canvas"] |= {"panel_multiple": 16, "panel_short_side": 32}
    (folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return flux_model.spec.id


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel))


def card_of(cards: list[Any], title: str) -> Card:
    (found,) = [card for card in cards if card.accessibleName().startswith(title)]
    assert isinstance(found, Card)
    return found


def press(card: Card, text: str) -> None:
    (found,) = [b for b in card.findChildren(QPushButton) if b.text().strip() == text]
    assert found.isEnabled()
    found.click()


def build_for(card: Card, target: str) -> None:
    """Choose ``target`` in the menu of the card's button."""
    (menu,) = [b.menu() for b in card.findChildren(QPushButton) if b.menu() is not None]
    (chosen,) = [action for action in menu.actions() if action.text() == target]
    chosen.trigger()


class Work:
    """What the page shows while it works, from the press of a button to the end."""

    def __init__(self, page: EnginesPage, until: Callable[[Callable[[], Any]], None]) -> None:
        self.page, self.until = page, until
        self.phases: list[str] = []
        page.model.working.connect(lambda: self.phases.append(page.phase.text()))

    def done(self) -> None:
        """Wait for the end; meanwhile nothing else can be pressed."""
        page = self.page
        assert page.model.task is not None and not page.strip.isHidden()
        for card in (*page.engines, *page.models):
            assert not any(button.isEnabled() for button in card.findChildren(QPushButton))
        self.until(lambda: page.model.task is None)
        self.until(lambda: not page.studio.background.busy)
        assert page.strip.isHidden()


def measured(page: EnginesPage, work: Work, model: str) -> None:
    """Press Measure on the card of ``model``; its chart shows what could run here.

    An engine that could not is named, with the reason.
    """
    press(card_of(page.models, model), "Measure")
    work.done()
    assert any("torch: sheet" in phase for phase in work.phases)
    assert any("onnx: sheet" in phase for phase in work.phases)
    (bars,) = card_of(page.engines, "onnx").findChildren(Bars)
    assert [name for name, _ in bars.rows][:2] == ["onnx", "torch"]
    assert all(seconds > 0 for _, seconds in bars.rows)
    bars.grab()
    if "tensorrt" not in dict(bars.rows) and len(page.engines) == 2:
        assert page.note is not None and "tensorrt was not timed" in page.note.label.text()


def built(page: EnginesPage, work: Work, store: EngineStore) -> None:
    """Choose a card on the export; the engine for it stands, and says that it is not for here."""
    build_for(card_of(page.engines, "onnx"), TARGET)
    work.done()
    assert page.note is None, page.note.label.text()
    assert any("building" in phase for phase in work.phases)
    card = card_of(page.engines, "tensorrt")
    assert isinstance(card, EngineView)
    assert TARGET in said(card)
    if TARGET not in {gpu.target for gpu in page.model.shelf.machine.gpus}:
        assert "for another machine" in said(card)
    engines, problems = store.scan()
    assert len(engines) == 2 and problems == []


def test_an_export_is_measured_and_built_for_a_card_by_the_page(
    small_model: str, exported: StoredEngine, folders: UserFolders, page_of: Any, until: Any
) -> None:
    shutil.copytree(exported.folder, folders.engines / exported.name)
    page: EnginesPage = page_of("engines")
    until(lambda: page.engines)
    work = Work(page, until)
    if find_spec("tensorrt_rtx") is not None:  # it has no package for some systems
        built(page, work, EngineStore(folders.engines))
    measured(page, work, small_model)


@pytest.mark.many
def test_the_embedded_model_is_exported_measured_and_built_by_the_page(
    folders: UserFolders, page_of: Any, until: Any
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX has no package for this system")
    page: EnginesPage = page_of("engines")
    until(lambda: page.models)
    work = Work(page, until)
    press(card_of(page.models, "tiny"), "Export")
    work.done()
    assert page.note is None and any("exporting transformer" in phase for phase in work.phases)
    measured(page, work, "tiny")
    built(page, work, EngineStore(folders.engines))
    measured(page, work, "tiny")
