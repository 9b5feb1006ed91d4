"""One adapter in the look of a draft, with its weight."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QSlider, QToolButton, QWidget

from ...domain.model import AdapterUse
from .. import icons
from ..texts import tr
from ..theme import GAP, role
from ..widgets.labels import Elided
from ..widgets.numbers import Fraction

STEP: Final = 20
"""A slider's steps in one unit of weight."""


class AdapterRow(QWidget):
    """One adapter: its name, a slider and a number for its weight, a cross."""

    weighed = Signal(float)
    removed = Signal()

    def __init__(self, use: AdapterUse) -> None:
        super().__init__()
        self.source = use.source
        name = Path(use.source).stem
        text = Elided(name)
        text.setToolTip(use.source)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 2 * STEP)
        self.slider.setValue(round(use.weight * STEP))
        self.slider.setAccessibleName(tr("Weight of {name}", name=name))
        self.number = Fraction(minimum=-10, maximum=10, decimals=2, singleStep=0.05)
        self.number.setValue(use.weight)
        self.number.setAccessibleName(tr("Weight of {name}", name=name))
        self.slider.valueChanged.connect(lambda value: self.number.setValue(value / STEP))
        self.number.valueChanged.connect(self._numbered)
        cross = QToolButton()
        role(cross, "quiet")
        cross.setIcon(icons.icon("close"))
        cross.setAccessibleName(tr("Do not use {name}", name=name))
        cross.setToolTip(tr("Do not use {name}", name=name))
        cross.clicked.connect(self.removed)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.setHorizontalSpacing(GAP)
        grid.addWidget(text, 0, 0, 1, 2)
        grid.addWidget(cross, 0, 2)
        grid.addWidget(self.slider, 1, 0)
        grid.addWidget(self.number, 1, 1, 1, 2)
        grid.setColumnStretch(0, 1)

    def show_weight(self, weight: float) -> None:
        """Show ``weight``, unless the user has the slider in hand."""
        if not self.slider.isSliderDown() and round(self.number.value(), 3) != weight:
            self.number.setValue(weight)

    def _numbered(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * STEP))
        self.slider.blockSignals(False)
        self.weighed.emit(round(value, 3))
