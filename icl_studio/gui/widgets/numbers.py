"""Boxes to count in: the one place that says how they look and what the wheel does."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

INSET: Final = 7
"""Pixels before the digits, as in the fields beside. A style sheet's padding does not reach
the line inside a box."""


class Whole(QSpinBox):
    """A whole number."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        _inset(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            _inset(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _may_turn(self, event):
            super().wheelEvent(event)


class Fraction(QDoubleSpinBox):
    """A number with decimals."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        _inset(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            _inset(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if _may_turn(self, event):
            super().wheelEvent(event)


def _inset(box: QAbstractSpinBox) -> None:
    right = box.layoutDirection() == Qt.LayoutDirection.RightToLeft
    box.lineEdit().setTextMargins(0 if right else INSET, 0, INSET if right else 0, 0)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def _may_turn(box: QAbstractSpinBox, event: QWheelEvent) -> bool:
    """Only a box that has the focus turns with the wheel; over any other the page scrolls."""
    if not box.hasFocus():
        event.ignore()
    return box.hasFocus()
