"""The bar over Create: which task, model and engine; undo, presets; and Generate."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidgetAction,
)

from ...plugins import Registry
from ..texts import clock, tr
from ..theme import role
from ..widgets.page_bar import PageBar, tool
from .draft import Draft
from .model import CreateModel

ROOMY = 760
"""Pixels from which the main button has room for its key."""


class CreateBar(PageBar):
    """Emits what is pressed; shows a draft and the model's paces."""

    tasks_asked = Signal()
    generate_asked = Signal()
    changed = Signal(dict)
    undo_asked = Signal()
    redo_asked = Signal()
    preset_asked = Signal(str)
    preset_named = Signal(str)
    preset_removed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._showing = False
        self._presets: list[str] = []
        self._count, self._editing = 1, False
        self.task = QPushButton()
        self.task.setToolTip(tr("Choose another kind of set (Ctrl+T)"))
        self.task.clicked.connect(self.tasks_asked)
        self.model = self._combo(tr("Model"), "model")
        self.engine = self._combo(tr("Engine"), "engine")
        self.undo = tool("undo", tr("Undo (Ctrl+Z)"), self.undo_asked.emit, "quiet")
        self.redo = tool("redo", tr("Redo (Ctrl+Shift+Z)"), self.redo_asked.emit, "quiet")
        self.presets = tool("preset", tr("Presets"), lambda: None, "quiet")
        self.presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.presets)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.presets.setMenu(self._menu)
        self.generate = QPushButton()
        self.generate.setToolTip(tr("Make it (Ctrl+Enter)"))
        role(self.generate, "primary")
        self.generate.clicked.connect(self.generate_asked)
        left = (self.task, self.model, self.engine)
        self.put(left, (self.undo, self.redo, self.presets, self.generate))

    def set_registry(self, registry: Registry) -> None:
        """Offer its models and engines."""
        self._showing = True
        self.model.clear()
        for id, spec in registry.models.items():
            self.model.addItem(id)
            tip = spec.title if not spec.licence else f"{spec.title}: {spec.licence}"
            self.model.setItemData(self.model.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._engines = ["auto", *registry.engines]
        self._showing = False

    def show_draft(self, draft: Draft, model: CreateModel) -> None:
        """Show ``draft`` and the seconds that each engine takes for a set of it."""
        self._showing = True
        task = model.studio.registry.tasks.get(draft.task)
        self.task.setText(f"{task.title if task else draft.task}  ▾")
        if self.model.findText(draft.model) < 0:
            self.model.addItem(draft.model)
        self.model.setCurrentIndex(self.model.findText(draft.model))
        self.engine.clear()
        names = self._engines if draft.engine in self._engines else [*self._engines, draft.engine]
        for name in names:
            seconds = model.seconds(name)
            said = (
                name
                if seconds is None
                else tr("{engine} · {time} a set", engine=name, time=clock(seconds))
            )
            self.engine.addItem(said, name)
        self.engine.setCurrentIndex(self.engine.findData(draft.engine))
        self.undo.setEnabled(model.history.can_undo)
        self.redo.setEnabled(model.history.can_redo)
        self._count, self._editing = draft.count, bool(draft.job)
        self._name_button()
        self._showing = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._name_button()

    def _name_button(self) -> None:
        """What the button does, and its key where there is room for it."""
        if self._editing:
            said = tr("Save to the queue")
        else:
            said = tr("Generate") if self._count == 1 else tr("Generate {n}", n=self._count)
        if self.width() >= ROOMY:
            said = tr("{what}  Ctrl+Enter", what=said)
        self.generate.setText(said)

    def set_presets(self, names: list[str]) -> None:
        self._presets = names

    def _fill_menu(self) -> None:
        menu = self._menu
        menu.clear()
        for name in self._presets:
            action = menu.addAction(name)
            action.triggered.connect(lambda _=False, name=name: self.preset_asked.emit(name))
        if self._presets:
            menu.addSeparator()
            gone = menu.addMenu(tr("Remove"))
            for name in self._presets:
                action = gone.addAction(name)
                action.triggered.connect(lambda _=False, name=name: self.preset_removed.emit(name))
        field = QLineEdit()
        field.setPlaceholderText(tr("Keep this look as…"))
        field.setAccessibleName(tr("Name of a new preset"))
        field.returnPressed.connect(lambda: self._named(field.text()))
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(field)
        menu.addAction(holder)

    def _named(self, name: str) -> None:
        self._menu.close()
        self.preset_named.emit(name)

    def _combo(self, name: str, field: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(name)
        combo.setMinimumContentsLength(5)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

        def told() -> None:
            if not self._showing and combo.currentIndex() >= 0:
                self.changed.emit({field: combo.currentData() or combo.currentText()})

        combo.currentIndexChanged.connect(told)
        return combo
