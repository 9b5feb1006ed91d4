"""The row over the table: which jobs are listed, and what can be done with the chosen ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ...queue.job import JobRow
from ...queue.states import State
from ..texts import tr
from ..theme import GAP, role
from ..widgets.page_bar import tool
from .model import FILTERS

SEARCH_LEAST, SEARCH_MOST = 120, 280


class Tool(NamedTuple):
    """Something that is done with chosen jobs: its icon, its words, its key."""

    icon: str
    tip: str
    key: str


class JobTools(QWidget):
    """Emits ``filtered(name, text)`` and ``asked(action)``; in little room it takes two lines."""

    filtered = Signal(str, str)
    asked = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search words, names, groups, ids"))
        self.search.setAccessibleName(tr("Search the queue"))
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(SEARCH_LEAST)
        self.search.setMaximumWidth(SEARCH_MOST)
        self.search.textChanged.connect(lambda text: self.filtered.emit(self._name, text))
        self.chips = self._make_chips()
        self.tools = {
            name: tool(shown.icon, shown.tip, partial(self.asked.emit, name), "quiet")
            for name, shown in _tools().items()
        }
        self._left, self._right = _line(self.chips.values()), _line(self.tools.values())
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._grid.setColumnStretch(1, 2)
        self._grid.setColumnStretch(2, 1)  # what the search does not want
        self._lines = 0
        self._arrange(1)

    def choose(self, name: str) -> None:
        """List the jobs of another filter."""
        self._name = name
        self.chips[name].setChecked(True)
        self.filtered.emit(name, self.search.text())

    def show_counts(self, counts: Mapping[State, int]) -> None:
        """How many failed and how many are done, on their chips."""
        for name, text in (("failed", tr("Failed")), ("done", tr("Done"))):
            n = sum(counts.get(state, 0) for state in FILTERS[name])
            self.chips[name].setText(f"{text}  {n:,}" if n else text)

    def allow(self, jobs: Collection[JobRow]) -> None:
        """Tools that do nothing for what is selected are off."""
        states, kinds = {job.state for job in jobs}, {job.kind for job in jobs}
        allowed = {
            "pause": states <= {"waiting", "running"},
            "resume": states <= {"paused"},
            "retry": states <= {"failed", "cancelled", "quarantined"},
            "edit": len(jobs) == 1 and kinds == {"generate"},
            "duplicate": kinds == {"generate"},
            "first": states <= {"waiting", "paused"},
            "cancel": states <= {"waiting", "paused", "running"},
        }
        for name, shown in self.tools.items():
            shown.setEnabled(bool(states) and allowed[name])

    def serve(self, view: QWidget) -> None:
        """Offer the same in the menu of ``view``, and by keys while it has the focus."""
        for name, shown in _tools().items():
            action = QAction(shown.tip, view)
            action.triggered.connect(lambda _=False, name=name: self.asked.emit(name))
            view.addAction(action)
            shortcut = QShortcut(QKeySequence(shown.key), view)
            shortcut.activated.connect(lambda name=name: self.asked.emit(name))
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        needed = self._left.sizeHint().width() + self._right.sizeHint().width()
        self._arrange(1 if self.width() >= needed + SEARCH_LEAST + 3 * GAP else 2)

    def _arrange(self, lines: int) -> None:
        if lines == self._lines:
            return
        self._lines = lines
        self._grid.addWidget(self._left, 0, 0)
        self._grid.addWidget(self.search, 0, 1)
        end = Qt.AlignmentFlag.AlignTrailing
        if lines == 1:
            self._grid.addWidget(self._right, 0, 3, end)
        else:
            self._grid.addWidget(self._right, 1, 0, 1, 4, end)

    def _make_chips(self) -> dict[str, QPushButton]:
        words = {"open": tr("Open"), "failed": tr("Failed"), "done": tr("Done"), "all": tr("All")}
        group, made = QButtonGroup(self), {}
        for name, text in words.items():
            chip = QPushButton(text)
            role(chip, "chip")
            chip.setCheckable(True)
            chip.setChecked(name == self._name)
            chip.clicked.connect(lambda _=False, name=name: self.choose(name))
            group.addButton(chip)
            made[name] = chip
        return made


def _tools() -> dict[str, Tool]:
    return {
        "pause": Tool("pause", tr("Pause (P)"), "P"),
        "resume": Tool("run", tr("Resume (R)"), "R"),
        "retry": Tool("retry", tr("Try again (T)"), "T"),
        "edit": Tool("edit", tr("Change it on Create (E)"), "E"),
        "duplicate": Tool("copy", tr("Double (D)"), "D"),
        "first": Tool("up", tr("Make it next (Shift+Home)"), "Shift+Home"),
        "cancel": Tool("close", tr("Call off (Del)"), "Del"),
    }


def _line(widgets: Collection[QPushButton] | Collection[QToolButton]) -> QWidget:
    holder = QWidget()
    holder.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    for widget in widgets:
        row.addWidget(widget)
    return holder
