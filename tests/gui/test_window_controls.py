"""Fields, boxes, buttons and signs: one height, one inset, one colour, at every scale."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from icl_studio.gui import icons
from icl_studio.gui.theme import ICON_SMALL, ROW, Theme, tokens
from icl_studio.gui.widgets.numbers import Fraction, Whole

GUI = Path(icons.__file__).parent


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "dark")


def with_icon() -> QToolButton:
    made = QToolButton()
    made.setIcon(icons.icon("dice"))
    return made


def first_ink(widget: QWidget) -> int:
    """How far from the left edge the text begins, in pixels."""
    image = widget.grab().toImage()
    text, row = QColor(tokens().text), range(6, image.height() - 6)
    for x in range(3, image.width() - 3):
        if any(abs(image.pixelColor(x, y).red() - text.red()) < 60 for y in row):
            return x
    raise AssertionError("nothing is written")


@pytest.mark.parametrize(
    "make",
    [QLineEdit, QComboBox, QPushButton, Whole, Fraction, with_icon],
    ids=lambda f: f.__name__,
)
def test_whatever_stands_in_a_row_is_as_high_as_the_row(
    theme: Theme, qtbot: Any, make: Callable[[], QWidget]
) -> None:
    widget = make()
    qtbot.addWidget(widget)
    assert widget.sizeHint().height() == ROW


def test_digits_stand_where_the_words_of_a_field_stand(theme: Theme, qtbot: Any) -> None:
    field, whole, part = QLineEdit("88"), Whole(maximum=99), Fraction(maximum=99, decimals=1)
    part.setValue(8.8)
    whole.setValue(88)
    for widget in (field, whole, part):
        qtbot.addWidget(widget)
        widget.resize(140, ROW)
    for box in (whole, part):
        assert abs(first_ink(box) - first_ink(field)) <= 1


def test_every_box_to_count_in_is_of_the_one_kind() -> None:
    for file in GUI.rglob("*.py"):
        if file.name != "numbers.py":
            assert not re.search(r"\bQ(Double)?SpinBox\b", file.read_text(encoding="utf-8")), file


def test_the_wheel_turns_a_number_only_where_the_keyboard_is(theme: Theme, qtbot: Any) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    boxes: list[QAbstractSpinBox] = [Whole(parent=holder), Fraction(parent=holder)]
    holder.show()
    holder.activateWindow()

    def turn(box: Any) -> float:
        place, up = QPointF(5, 5), QPoint(0, 120)
        none, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        phase = Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(box, QWheelEvent(place, place, up, up, none, no_key, phase, False))
        return float(box.value())

    for box in boxes:
        holder.setFocus()
        assert turn(box) == 0  # the page scrolls
        box.setFocus()
        qtbot.waitUntil(box.hasFocus, timeout=60_000)
        assert turn(box) == 1


@pytest.mark.parametrize("name", ["ok", "error", "pause"])
def test_a_sign_keeps_its_colour_on_a_row_that_is_chosen(theme: Theme, name: str) -> None:
    icon, size = icons.icon(name, tokens().ok), QSize(ICON_SMALL, ICON_SMALL)
    chosen = icon.pixmap(size, QIcon.Mode.Selected).toImage()
    assert chosen == icon.pixmap(size, QIcon.Mode.Normal).toImage()


@pytest.mark.parametrize("size", [12, ICON_SMALL, 40])
def test_an_icon_is_drawn_for_the_pixels_of_its_screen(theme: Theme, size: int) -> None:
    drawn = icons.pixmap("dice", size)
    ratio = max(screen.devicePixelRatio() for screen in QGuiApplication.screens())
    assert drawn.devicePixelRatio() == ratio
    assert drawn.width() == round(size * ratio)


def test_the_die_shows_its_five_even_at_sixteen_pixels(theme: Theme) -> None:
    """Dots that were one point each vanished there, and a plain square was left."""
    image: QImage = icons.icon("dice").pixmap(QSize(16, 16), 1.0).toImage()
    ink = [[image.pixelColor(x, y).alpha() for x in range(16)] for y in range(16)]
    dots = [ink[5][5], ink[5][10], ink[10][5], ink[10][10]]
    gaps = [ink[5][8], ink[8][5], ink[10][8], ink[8][10]]
    assert min(dots) > 2 * max(gaps)
