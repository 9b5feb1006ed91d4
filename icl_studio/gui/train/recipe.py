"""The column at the left: which data, which task and model, the recipe, and what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from ...plugins import Registry
from ...training.memory import gigabytes
from ...training.recipe import PRESETS, TELLS, Recipe, explain
from ..texts import tr
from ..theme import GAP, GAP_WIDE, role
from ..widgets.labels import label
from ..widgets.numbers import Fraction, Whole
from ..widgets.page_bar import tool
from .state import Looked, Wishes

WIDTH, NARROW = 320, 262


class RecipePanel(QFrame):
    """Emits ``changed(facts)`` with the fields of the wishes that the user set."""

    changed = Signal(dict)

    def __init__(self) -> None:
        super().__init__()
        role(self, "panel")
        self.setMinimumWidth(NARROW)
        self.setMaximumWidth(WIDTH)
        self._quiet = False
        self.data = QLineEdit()
        self.data.setPlaceholderText(tr("Folder or zip, or drop it here"))
        self.data.editingFinished.connect(self._typed_data)
        self.task, self.model, self.preset = QComboBox(), QComboBox(), QComboBox()
        self.preset.addItem(tr("the model's own"), "")
        for name in PRESETS:
            self.preset.addItem(name, name)
        self.tells = label("", "secondary", wrap=True)
        self.steps = Whole(minimum=1, maximum=1_000_000)
        self.rank = Whole(minimum=1, maximum=256)
        self.batch = Whole(minimum=1, maximum=256)
        self.rate = Fraction(minimum=1e-6, maximum=1, decimals=6, singleStep=1e-4)
        self.every = Whole(minimum=0, maximum=100_000)
        self.every.setSpecialValueText(tr("none"))
        self.all = QPlainTextEdit()
        self.all.setReadOnly(True)
        self.all.setTabChangesFocus(True)
        self.all.setAccessibleName(tr("All values of the recipe"))
        self.all.hide()
        self.fold = QPushButton(tr("▸ All values"))
        role(self.fold, "quiet")
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._unfold)
        self.need = label("", "secondary", wrap=True)
        self._arrange()
        self._connect()

    def set_registry(self, registry: Registry, wishes: Wishes) -> None:
        """Offer its tasks and models."""
        self._quiet = True
        for combo, names in (
            (self.task, [(task.title, id) for id, task in registry.tasks.items()]),
            (self.model, [(id, id) for id in registry.models]),
        ):
            combo.clear()
            for title, id in names:
                combo.addItem(title, id)
        if wishes.model and self.model.findData(wishes.model) < 0:
            self.model.addItem(wishes.model, wishes.model)
        self.model.setCurrentIndex(self.model.findData(wishes.model))
        self.task.setCurrentIndex(max(0, self.task.findData(wishes.task)))
        self._quiet = False

    def show_wishes(self, wishes: Wishes, recipe: Recipe | None) -> None:
        """Show what is wished and the recipe that comes of it; None: it cannot be used."""
        self._quiet = True
        self.data.setText(str(wishes.data) if wishes.data else "")
        tells = TELLS.get(wishes.preset, "")
        self.tells.setText(tells)
        self.tells.setVisible(bool(tells))
        if recipe is not None:
            self.steps.setValue(recipe.steps)
            self.rank.setValue(recipe.rank)
            self.batch.setValue(recipe.batch)
            self.rate.setValue(recipe.learning_rate)
            self.every.setValue(recipe.sample_every)
            lines = [f"{key} = {value}\n    {what}" for key, value, what in explain(recipe)]
            self.all.setPlainText("\n".join(lines))
        self._quiet = False

    def show_looked(self, looked: Looked | None) -> None:
        """What a step takes, and why that is too much if it is."""
        if looked is None or looked.need is None:
            self.need.setText("")
        elif looked.too_much:
            self.need.setText(looked.too_much)
        else:
            memory = gigabytes(looked.need.total)
            self.need.setText(tr("Needs about {memory} of memory (an estimate).", memory=memory))

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def _unfold(self, on: bool) -> None:
        self.all.setVisible(on)
        self.fold.setText(tr("▾ All values") if on else tr("▸ All values"))

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        column.setSpacing(GAP)
        column.addWidget(label(tr("Data set"), "secondary"))
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.data, 1)
        row.addWidget(tool("folder", tr("Choose a folder with a data set"), self.choose))
        column.addLayout(row)
        self.data.setAccessibleName(tr("Data set"))
        form = QFormLayout()
        form.setVerticalSpacing(GAP)
        for said, widget in (
            (tr("Task"), self.task),
            (tr("Model"), self.model),
            (tr("Preset"), self.preset),
            (tr("Steps"), self.steps),
            (tr("Rank"), self.rank),
            (tr("Learning rate"), self.rate),
            (tr("Sheets a step"), self.batch),
            (tr("Samples every"), self.every),
        ):
            form.addRow(said, widget)
            widget.setAccessibleName(said)
            if widget is self.preset:
                form.addRow(self.tells)
        column.addLayout(form)
        column.addWidget(self.need)
        column.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.all, 1)
        column.addStretch(0)

    def _connect(self) -> None:
        for combo, name in ((self.task, "task"), (self.model, "model"), (self.preset, "preset")):
            combo.activated.connect(
                lambda _, combo=combo, name=name: self._tell(**{name: combo.currentData()})
            )
        for spin, key in (
            (self.steps, "steps"),
            (self.rank, "rank"),
            (self.batch, "batch"),
            (self.every, "sample_every"),
        ):
            spin.editingFinished.connect(lambda spin=spin, key=key: self._value(key, spin.value()))
        self.rate.editingFinished.connect(
            lambda: self._value("learning_rate", round(self.rate.value(), 6))
        )

    def _value(self, key: str, value: Any) -> None:
        self._tell(value=(key, value))

    def _tell(self, **facts: Any) -> None:
        if not self._quiet:
            self.changed.emit(facts)

    def _typed_data(self) -> None:
        text = self.data.text().strip()
        self._tell(data=Path(text).expanduser() if text else None)

    def choose(self) -> None:
        """Ask for the folder of a data set."""
        dialog = QFileDialog(self, tr("Choose a folder with a data set"), self.data.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self._tell(data=Path(name)))
        dialog.open()
