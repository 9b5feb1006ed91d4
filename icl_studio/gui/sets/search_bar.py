"""The search, as a line to type in and as chips that write into it; they never disagree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...sets.index import Order
from ...sets.search import term_of, with_term
from .. import icons
from ..texts import tr, trn
from ..theme import GAP, GAP_BLOCK, role
from ..widgets.labels import label
from .gallery import LARGEST, SMALLEST, USUAL

TYPING_MILLIS: Final = 120
"""How long after the last key the search begins."""
Values = Sequence[tuple[str, int]]


class Chip(NamedTuple):
    """A filter: its field in the search, its name, and fixed values (empty: those that occur)."""

    key: str
    title: Callable[[], str]
    values: Callable[[], Sequence[tuple[str, str]]]


CHIPS: Final = (
    Chip("task", lambda: tr("Task"), lambda: ()),
    Chip(
        "rating",
        lambda: tr("Rating"),
        lambda: [
            *((f">={n}", tr("{stars} and more", stars="★" * n)) for n in (5, 4, 3, 2, 1)),
            ("none", tr("not rated")),
        ],
    ),
    Chip(
        "flag",
        lambda: tr("Flag"),
        lambda: [
            ("pick", tr("picked")),
            ("reject", tr("rejected")),
            ("none", tr("neither")),
        ],
    ),
    Chip("lora", lambda: tr("LoRA"), lambda: ()),
    Chip("tag", lambda: tr("Tag"), lambda: ()),
    Chip("date", lambda: tr("Date"), lambda: _days()),
    Chip("engine", lambda: tr("Engine"), lambda: ()),
)
COUNTED: Final = ("task", "lora", "tag", "engine")


class SearchBar(QWidget):
    """Emits ``searched(text)``, ``ordered(order)``, ``sized(pixels)``, ``problems_asked``."""

    searched = Signal(str)
    ordered = Signal(str)
    sized = Signal(int)
    problems_asked = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        role(self, "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._counts: Mapping[str, Values] = {}
        self._pause = QTimer(self, singleShot=True, interval=TYPING_MILLIS)
        self.line = QLineEdit()
        self._pause.timeout.connect(lambda: self.searched.emit(self.line.text()))
        self.line.setPlaceholderText(
            tr("Search words, seed:4711, lora:film, rating:>3, tag:client")
        )
        self.line.setAccessibleName(tr("Search"))
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._typed)
        self._glass = self.line.addAction(
            icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.order = QComboBox()
        self.order.setAccessibleName(tr("Order"))
        orders: tuple[tuple[Order, str], ...] = (
            ("newest", tr("Newest first")),
            ("oldest", tr("Oldest first")),
            ("best", tr("Best rated first")),
            ("task", tr("By task")),
        )
        for id, title in orders:
            self.order.addItem(title, id)
        self.order.currentIndexChanged.connect(lambda: self.ordered.emit(self.order.currentData()))
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(SMALLEST, LARGEST)
        self.size_slider.setValue(USUAL)
        self.size_slider.setFixedWidth(120)
        self.size_slider.setAccessibleName(tr("Size of the sheets"))
        self.size_slider.setToolTip(tr("Size of the sheets"))
        self.size_slider.valueChanged.connect(self.sized)
        self.count = label("", "secondary")
        self.chips = {chip.key: self._chip(chip) for chip in CHIPS}
        self.problems = QToolButton()
        role(self.problems, "chip")
        self.problems.setCheckable(True)
        self.problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.problems.toggled.connect(self.problems_asked)
        self.problems.hide()
        self._arrange()
        self._mark()

    def text(self) -> str:
        return self.line.text()

    def set_text(self, text: str) -> None:
        """Search for ``text`` at once."""
        with QSignalBlocker(self.line):
            self.line.setText(text)
        self._mark()
        self._pause.stop()
        self.searched.emit(text)

    def set_counts(self, counts: Mapping[str, Values]) -> None:
        """Which values occur, most frequent first, and how often."""
        self._counts = counts

    def set_count(self, listed: int, chosen: int) -> None:
        """How many sets are listed, and how many of them are selected."""
        text = trn("{n} set", "{n} sets", listed)
        if chosen > 1:
            text = f"{text} · {tr('{n} selected', n=f'{chosen:,}')}"
        self.count.setText(text)

    def set_reading(self, done: int, total: int) -> None:
        """Instead of the count while records are read for the first time."""
        self.count.setText(tr("Reading {done:,} of {total:,} sets", done=done, total=total))

    def set_problems(self, count: int) -> None:
        """The chip that lists what cannot be read; gone where there is nothing."""
        self.problems.setVisible(count > 0)
        self.problems.setText(trn("{n} cannot be read", "{n} cannot be read", count))
        if not count:
            self.problems.setChecked(False)

    def redraw(self) -> None:
        """The icons in the colours of a new scheme."""
        self._glass.setIcon(icons.icon("search"))
        self.problems.setIcon(icons.icon("warning"))

    def _arrange(self) -> None:
        self.first = QHBoxLayout()
        self.first.setSpacing(GAP)
        self.first.addWidget(self.line, 1)
        self.first.addWidget(self.order)
        self.first.addWidget(self.size_slider)
        second = QHBoxLayout()
        second.setSpacing(GAP)
        for chip in self.chips.values():
            second.addWidget(chip)
        second.addWidget(self.problems)
        second.addStretch(1)
        second.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_BLOCK, GAP, GAP_BLOCK, GAP)
        column.setSpacing(GAP)
        column.addLayout(self.first)
        column.addLayout(second)
        self.redraw()

    def _chip(self, chip: Chip) -> QToolButton:
        button = QToolButton()
        role(button, "chip")
        button.setCheckable(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._fill(menu, chip))
        button.setMenu(menu)
        return button

    def _fill(self, menu: QMenu, chip: Chip) -> None:
        menu.clear()
        now = term_of(self.line.text(), chip.key)
        self._add(menu, chip.key, "", tr("All"), now)
        menu.addSeparator()
        values = list(chip.values())
        counted = self._counts.get(chip.key, ())
        values += [(value, f"{value}    {count:,}") for value, count in counted[:40]]
        for value, title in values:
            self._add(menu, chip.key, value, title, now)
        if not values:
            nothing = menu.addAction(tr("None yet"))
            nothing.setEnabled(False)

    def _add(self, menu: QMenu, key: str, value: str, title: str, now: str) -> None:
        action = QAction(title.replace("&", "&&"), menu)
        action.setCheckable(True)
        action.setChecked(value == now)
        action.triggered.connect(lambda: self.set_text(with_term(self.line.text(), key, value)))
        menu.addAction(action)

    def _typed(self) -> None:
        self._mark()
        self._pause.start()

    def _mark(self) -> None:
        """Chips show what the line says."""
        text = self.line.text()
        for chip in CHIPS:
            button, value = self.chips[chip.key], term_of(text, chip.key)
            names = dict(chip.values())
            shown = names.get(value, value)
            button.setChecked(bool(value))
            button.setText(f"{chip.title()}: {_short(shown)}" if value else chip.title())
            button.setAccessibleName(button.text())


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"


def _days() -> list[tuple[str, str]]:
    """Today, yesterday, this week, this month, as the search writes them."""
    from datetime import date, timedelta

    today = date.today()
    return [
        (f"{today}", tr("today")),
        (f">={today - timedelta(days=1)}", tr("since yesterday")),
        (f">={today - timedelta(days=7)}", tr("the last seven days")),
        (f"{today:%Y-%m}", tr("this month")),
        (f"{today:%Y}", tr("this year")),
    ]
