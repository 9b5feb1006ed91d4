"""The column beside the sheet: adapters, seed, numbers, what it will take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...domain.model import AdapterUse
from ...domain.request import MAX_SEED
from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_WIDE, GRID, ICON_SMALL, role, tokens
from ..widgets.labels import label
from ..widgets.numbers import Fraction, Whole
from .adapter_row import AdapterRow
from .draft import MOST_SETS, Draft, SeedMode
from .judging import Judgement
from .room import Room, line


class LookPanel(QFrame):
    """Shows a draft's look; ``changed(facts)`` carries the fields that the user set."""

    changed = Signal(dict)
    wants_file = Signal()

    def __init__(self) -> None:
        super().__init__()
        role(self, "panel")
        self._showing = False
        self._adapters: tuple[AdapterUse, ...] = ()
        self._known: list[Path] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        column.setSpacing(GAP)
        head = QHBoxLayout()
        head.addWidget(label(tr("Adapters"), "secondary"), 1)
        self.add = QToolButton()
        role(self.add, "quiet")
        self.add.setText(tr("Add"))
        self.add.setIcon(icons.icon("add"))
        self.add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add.setAccessibleName(tr("Add an adapter"))
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.add)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.add.setMenu(self._menu)
        head.addWidget(self.add)
        column.addLayout(head)
        self.adapter_rows: list[AdapterRow] = []
        self._none = label(tr("None: the model draws by itself."), "secondary")
        self._rows = QVBoxLayout()
        self._rows.addWidget(self._none)
        self._rows.setSpacing(GRID)
        column.addLayout(self._rows)
        column.addSpacing(GRID)
        column.addLayout(self._numbers())
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._sign.hide()
        self.memory = label("", "secondary", wrap=True)
        self.memory.setMinimumHeight(self.memory.fontMetrics().height())
        self.memory.setToolTip(
            tr("An estimate: the weights in the model's files, a tenth more, and 0.5 GB to draw")
        )
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._sign)
        row.addWidget(self.memory, 1)
        column.addLayout(row)

    def set_known(self, files: list[Path]) -> None:
        """LoRA files that the menu offers."""
        self._known = files

    def show_room(self, room: Room | None) -> None:
        """What is needed and what is free; a sign where that is too little."""
        self.memory.setText("" if room is None else line(room))
        warns = room is not None and room.warns
        self._sign.setVisible(warns)
        if warns:
            self._sign.setPixmap(icons.pixmap("warning", ICON_SMALL, tokens().warning))

    def show_draft(self, draft: Draft, judgement: Judgement) -> None:
        """Show ``draft``; fields that are free show what will be used."""
        with self._quietly():
            self._show_adapters(judgement.adapters if draft.adapters is None else draft.adapters)
            self.mode.setCurrentIndex(self.mode.findData(draft.seed_mode))
            self.seed.setText(str(draft.seed))
            self.seed.setEnabled(draft.seed_mode != "random")
            usual = judgement.sampling
            self.steps.setValue(usual.steps if draft.steps is None else draft.steps)
            self.guidance.setValue(usual.guidance if draft.guidance is None else draft.guidance)
            self.count.setValue(draft.count)
            self.exact.setChecked(draft.exact)

    def _numbers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP)
        self.mode = QComboBox()
        modes: tuple[tuple[str, SeedMode], ...] = (
            (tr("random"), "random"),
            (tr("fixed"), "fixed"),
            (tr("increment"), "increment"),
        )
        for text, mode in modes:
            self.mode.addItem(text, mode)
        self.mode.currentIndexChanged.connect(lambda: self._tell(seed_mode=self.mode.currentData()))
        self.seed = QLineEdit()
        self.seed.setValidator(SeedValidator(self.seed))
        self.seed.textEdited.connect(self._seed_typed)
        self.dice = QToolButton()
        self.dice.setIcon(icons.icon("dice"))
        self.dice.setToolTip(tr("Draw another seed"))
        self.dice.setAccessibleName(tr("Draw another seed"))
        self.steps = Whole(minimum=1, maximum=500)
        self.steps.valueChanged.connect(lambda value: self._tell(steps=value))
        self.guidance = Fraction(minimum=0, maximum=50, decimals=1, singleStep=0.5)
        self.guidance.valueChanged.connect(lambda value: self._tell(guidance=round(value, 2)))
        self.count = Whole(minimum=1, maximum=MOST_SETS)
        self.count.valueChanged.connect(lambda value: self._tell(count=value))
        self.exact = QCheckBox(tr("Replays exactly"))
        self.exact.setToolTip(tr("Drawn by itself, so that the same request gives the same bytes"))
        self.exact.toggled.connect(lambda on: self._tell(exact=on))
        rows: tuple[tuple[str, QWidget], ...] = (
            (tr("Seed"), self.mode),
            (tr("Steps"), self.steps),
            (tr("Guidance"), self.guidance),
            (tr("Sets"), self.count),
        )
        for n, (text, field) in enumerate(rows):
            name = label(text, "secondary")
            name.setBuddy(field)
            field.setAccessibleName(text)
            grid.addWidget(name, n, 0)
            grid.addWidget(field, n, 1)
        self.seed.setAccessibleName(tr("Seed number"))
        beside = QHBoxLayout()
        beside.setSpacing(GRID)
        beside.addWidget(self.seed, 1)
        beside.addWidget(self.dice)
        grid.addLayout(beside, 0, 2)
        grid.addWidget(self.exact, 3, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        return grid

    def _show_adapters(self, uses: tuple[AdapterUse, ...]) -> None:
        same = [use.source for use in uses] == [row.source for row in self.adapter_rows]
        self._adapters = uses
        self._none.setVisible(not uses)
        if same:
            for row, use in zip(self.adapter_rows, uses, strict=True):
                row.show_weight(use.weight)
            return
        for row in self.adapter_rows:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.adapter_rows = [AdapterRow(use) for use in uses]
        for n, row in enumerate(self.adapter_rows):
            row.weighed.connect(lambda weight, n=n: self._weigh(n, weight))
            row.removed.connect(lambda n=n: self._remove(n))
            self._rows.addWidget(row)

    def _weigh(self, n: int, weight: float) -> None:
        some = list(self._adapters)
        some[n] = some[n].model_copy(update={"weight": weight})
        self._tell(adapters=tuple(some))

    def _remove(self, n: int) -> None:
        some = tuple(use for m, use in enumerate(self._adapters) if m != n)
        self._tell(adapters=some)

    def add_adapter(self, source: str) -> None:
        """Use another LoRA, at full weight."""
        if all(use.source != source for use in self._adapters):
            self._tell(adapters=(*self._adapters, AdapterUse(source=source)))

    def _fill_menu(self) -> None:
        menu = self._menu
        menu.clear()
        menu.addAction(tr("The task's own")).triggered.connect(lambda: self._tell(adapters=None))
        menu.addSeparator()
        for file in self._known[:40]:
            action = menu.addAction(file.stem)
            action.triggered.connect(lambda _=False, file=file: self.add_adapter(str(file)))
        menu.addAction(tr("Choose a file…")).triggered.connect(self.wants_file)

    def _seed_typed(self, text: str) -> None:
        if self.seed.hasAcceptableInput():
            self._tell(seed=int(text))

    def _tell(self, **facts: object) -> None:
        if not self._showing:
            self.changed.emit(facts)

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        self._showing = True
        yield
        self._showing = False


class SeedValidator(QValidator):
    """A whole number from 0 to the largest seed; Qt's own stops at half of it."""

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if not text:
            state = QValidator.State.Intermediate
        elif text.isascii() and text.isdigit() and int(text) <= MAX_SEED:
            state = QValidator.State.Acceptable
        else:
            state = QValidator.State.Invalid
        return state, text, position
