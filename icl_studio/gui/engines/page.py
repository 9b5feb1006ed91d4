"""The page Engines: what is under way, the compiled engines, the models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ..pages import Page
from ..studio import Studio
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, GAP_WIDE, role
from ..widgets.labels import Elided, label
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import PageBar, button, fill
from . import state
from .cards import EngineView, ModelView
from .model import EnginesModel

WIDEST = 980


class EnginesPage(Page):
    """Shows the model's shelf as cards and hands it what is pressed."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = EnginesModel(studio)
        self.engines: list[EngineView] = []
        self.models: list[ModelView] = []
        self.notes = OneNotice()
        self.strip = QFrame()
        role(self.strip, "panel")
        self.phase = Elided("")
        self.stop = button(tr("Cancel (Esc)"), self.model.cancel)
        self._arrange()
        self.model.changed.connect(self._show)
        self.model.working.connect(self._working)
        self.model.refused.connect(lambda why: self.notes.say(why))
        self.model.left_out.connect(lambda why: self.notes.say(why, "warning"))
        self.model.removed.connect(self._removed)
        self.model.refresh()

    @property
    def note(self) -> Notice | None:
        """What is said above the cards."""
        return self.notes.current

    def primary(self) -> None:
        """Export the first model that is here, if nothing is under way."""
        for view in self.models:
            if view.export is not None and view.export.isEnabled():
                view.export.click()
                return

    def cancel(self) -> None:
        self.model.cancel()

    def shown(self) -> None:
        self.model.refresh()

    def save(self) -> None:
        self.model.cancel()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_area"):
            # Not at once: Qt is just telling the very widgets that this replaces.
            QTimer.singleShot(0, self, self._show)

    def scenes(self) -> dict[str, Callable[[], None]]:
        return {"": lambda: None, "stale": self._scene_stale}

    def _arrange(self) -> None:
        bar = QProgressBar()
        bar.setRange(0, 1)
        bar.setTextVisible(False)
        bar.setAccessibleName(tr("At work"))
        self._bar = bar
        row = QHBoxLayout(self.strip)
        row.setContentsMargins(GAP_BLOCK, GAP, GAP, GAP)
        row.setSpacing(GAP_WIDE)
        row.addWidget(self.phase, 2)
        row.addWidget(bar, 1)
        row.addWidget(self.stop)
        self.strip.hide()
        self._notes = QVBoxLayout()
        self._notes.setSpacing(GAP)
        self._notes.addWidget(self.strip)
        self._notes.addLayout(self.notes)
        self._area = QScrollArea()
        self._area.setAccessibleName(tr("Engines and models"))
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._notes.setContentsMargins(GAP_PAGE, GAP_WIDE, GAP_PAGE, 0)
        fill(self, PageBar(tr("Engines and models")), self._notes, self._area)

    def _show(self) -> None:
        shelf = self.model.shelf
        if shelf is None:
            return
        old = self._area.takeWidget()
        if old is not None:
            old.deleteLater()
        inner = QWidget()
        inner.setMaximumWidth(WIDEST)
        column = QVBoxLayout(inner)
        column.setContentsMargins(GAP_PAGE, GAP_WIDE, GAP_PAGE, GAP_PAGE)
        column.setSpacing(GAP)
        registry = self.studio.registry
        column.addWidget(label(tr("Compiled engines"), "emphasis"))
        if not shelf.engines:
            hint = tr("None yet. Export a model below: one engine then serves every task.")
            column.addWidget(label(hint, "secondary", wrap=True))
        targets = shelf.targets if state.builders(registry) else ()
        exporting = state.exporters(registry)
        self.engines, self.models = [], []
        for card in shelf.engines:
            exported = card.engine in exporting and not card.damaged
            engine = EngineView(card, targets if exported else ())
            engine.remove_asked.connect(self.model.remove)
            engine.build_asked.connect(self._build)
            self.engines.append(engine)
            column.addWidget(engine)
        column.addSpacing(GAP_BLOCK)
        column.addWidget(label(tr("Models"), "emphasis"))
        token = tr("Hub token: {where}", where=shelf.token)
        none = tr("No hub token; only gated models need one: hf auth login")
        column.addWidget(label(token if shelf.token else none, "secondary", wrap=True))
        for found in shelf.models:
            model = ModelView(found, can_export=bool(exporting))
            model.export_asked.connect(self._export)
            model.bench_asked.connect(self.model.bench)
            self.models.append(model)
            column.addWidget(model)
        column.addStretch(1)
        self._area.setWidget(inner)
        self._working()

    def _export(self, model: str) -> None:
        self.notes.clear()
        self.model.export(model, state.exporters(self.studio.registry)[0])

    def _build(self, model: str, target: str) -> None:
        self.notes.clear()
        self.model.build(model, state.builders(self.studio.registry)[0], target)

    def _working(self) -> None:
        task = self.model.task
        self.strip.setVisible(task is not None)
        self._bar.setRange(0, 0 if task is not None else 1)
        if task is not None:
            phase = self.model.phase or tr("starting")
            self.phase.set_text(f"{task.title} · {phase}")
        for view in (*self.engines, *self.models):
            for pressed in view.findChildren(QPushButton):
                pressed.setEnabled(task is None)

    def _removed(self, name: str) -> None:
        said = tr("{name} is removed. Export its model to make it again.", name=name)
        self.notes.say(said, "info")

    def _scene_stale(self) -> None:
        shelf = self.model.shelf
        if shelf is None:
            return
        name = "onnx-tiny-float32-1f2e3d4c5b6a"
        facts = ("52 MB", "CPU", "2026-11-24 09:12", "3.1e-06", "88 dB")
        sound = state.EngineCard(name, "onnx · tiny · float32", facts, model="tiny", engine="onnx")
        timed = replace(sound, seconds=2.1, others=(("torch", 3.4),), canvas="128x192")
        stale = replace(sound, reasons=("versions.torch: the engine has 2.12.0, here is 2.13.0",))
        broken = state.EngineCard(name, name, reasons=("engine.json is damaged.",), damaged=True)
        self.model.shelf = replace(shelf, engines=(timed, stale, broken))
        self._show()
