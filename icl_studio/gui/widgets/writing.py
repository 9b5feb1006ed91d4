"""Which way is read: texts and drawings that follow it, whatever a text itself is written in."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QStyle

LEADING = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter


def right_to_left() -> bool:
    """Whether the window is mirrored, as for Arabic or Hebrew."""
    return QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft


def leading(upright: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignVCenter) -> Qt.AlignmentFlag:
    """The edge at which reading begins: a prompt in English stands there in a mirrored window."""
    return _absolute(Qt.AlignmentFlag.AlignLeading | upright)


def draw_text(painter: QPainter, rect: QRect, text: str, align: Qt.AlignmentFlag = LEADING) -> None:
    """One line at the edge that ``align`` means here, its words in the order of their own script.

    Else ``12 s`` would be drawn as ``s 12`` in a mirrored window.
    """
    before = painter.layoutDirection()
    painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    painter.drawText(rect, _absolute(align), text)
    painter.setLayoutDirection(before)


def _absolute(align: Qt.AlignmentFlag) -> Qt.AlignmentFlag:
    way = QGuiApplication.layoutDirection()
    return QStyle.visualAlignment(way, align) | Qt.AlignmentFlag.AlignAbsolute
