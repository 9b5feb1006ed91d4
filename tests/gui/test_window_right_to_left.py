"""A mirrored window, as for Arabic or Hebrew: drawn from the right, nothing over anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QLayout, QWidget

from icl_studio.gui.engines.cards import Bars
from icl_studio.gui.pages import PAGES
from icl_studio.gui.theme import Theme, tokens
from icl_studio.gui.train.curve import LossCurve
from icl_studio.gui.widgets.labels import label
from icl_studio.gui.widgets.writing import LEADING, draw_text
from icl_studio.training.record import Line


@pytest.fixture
def mirrored(qapp: QApplication) -> Iterator[None]:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def overlaps(widget: QWidget) -> list[str]:
    """Widgets of one layout that lie over each other."""
    found = []
    for layout in widget.findChildren(QLayout):
        items = [layout.itemAt(n) for n in range(layout.count())]
        shown = [i.widget() for i in items if i is not None and i.widget() is not None]
        shown = [one for one in shown if one.isVisible() and not one.size().isEmpty()]
        if type(layout).__name__ == "QStackedLayout":
            continue
        for n, one in enumerate(shown):
            found += [f"{one} and {b}" for b in shown[n + 1 :] if one.geometry() & b.geometry()]
    return found


def drawn(text: str, way: Qt.LayoutDirection, align: Qt.AlignmentFlag = LEADING) -> QImage:
    QApplication.setLayoutDirection(way)
    image = QImage(80, 20, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setLayoutDirection(way)
    draw_text(painter, image.rect(), text, align)
    painter.end()
    return image


def ink(image: QImage) -> QRect:
    """The smallest box with all that is not white."""
    places = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).lightness() < 250
    ]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    return QRect(min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)


def test_every_page_stands_mirrored_with_nothing_over_anything(
    mirrored: None, open_window: Any, fake_studio: Any, until: Any
) -> None:
    window = open_window("create")
    window.main.resize(1024, 700)
    for spec in PAGES:
        window.main.show_page(spec.id)
        until(lambda id=spec.id: window.main.current == id)
        until(lambda: not window.studio.background.busy and not window.studio.desk.busy)
        assert not window.main.grab().isNull()
        assert overlaps(window.main) == [], spec.id
    rail, stack = window.main.rail.geometry(), window.main.stack.geometry()
    assert rail.left() > stack.right()


@pytest.mark.parametrize("way", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_an_english_line_keeps_its_order_wherever_it_stands(
    mirrored: None, way: Qt.LayoutDirection
) -> None:
    image = drawn("1 MMM", way)
    box = ink(image)
    assert box.right() >= 77 if way == Qt.LayoutDirection.RightToLeft else box.left() <= 2
    dark = [
        sum(image.pixelColor(x, y).lightness() < 128 for y in range(image.height()))
        for x in range(box.left(), box.right() + 1)
    ]
    half = len(dark) // 2
    assert sum(dark[half:]) > 1.5 * sum(dark[:half])  # the number first: not "MMM 1"


def test_the_trailing_edge_is_the_left_in_a_mirrored_window(mirrored: None) -> None:
    trailing = Qt.AlignmentFlag.AlignTrailing
    assert ink(drawn("12 s", Qt.LayoutDirection.RightToLeft, trailing)).left() <= 2


def test_labels_begin_where_reading_begins(mirrored: None) -> None:
    assert label("a prompt", wrap=True).alignment() & Qt.AlignmentFlag.AlignRight


def test_the_accent_of_a_place_on_the_rail_is_at_the_edge_of_the_window(
    mirrored: None, open_window: Any, until: Any
) -> None:
    window = open_window("queue")
    until(lambda: window.main.current == "queue")
    place = window.main.rail._buttons["queue"].geometry()
    picture = window.main.rail.grab().toImage()
    assert picture.pixelColor(place.right() - 1, place.center().y()).name() == tokens().accent


def test_bars_grow_from_the_right_and_their_seconds_are_not_cut(
    mirrored: None, qtbot: Any, qapp: QApplication
) -> None:
    Theme(qapp, "dark")
    bars = Bars([("onnx", 2.1), ("torch", 3.4)])
    qtbot.addWidget(bars)
    bars.resize(500, bars.height())
    picture = bars.grab().toImage()
    assert picture.pixelColor(500 - 90, 9).name() == tokens().accent
    bars.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    plain = bars.grab().toImage()
    assert picture.pixelColor(409, 9) == plain.pixelColor(90, 9)


def test_steps_of_a_training_go_from_the_left_everywhere(
    qapp: QApplication, qtbot: Any, tmp_path: Path
) -> None:
    Theme(qapp, "dark")
    curve = LossCurve()
    qtbot.addWidget(curve)
    curve.resize(400, 200)
    curve.show_lines(
        [Line(step=n, loss=1 / n, smoothed=1 / n, rate=1e-3) for n in range(1, 20)], 20
    )
    plain = curve.grab().toImage()
    curve.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert curve.grab().toImage() == plain
