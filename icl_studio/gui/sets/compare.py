"""Two to four sets side by side, shot against shot; or two of them behind a slider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...sets.index import SetRow
from ...sets.library import Entry
from ...sets.record import member
from ..images import read_image
from ..studio import Studio
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GRID, SECONDARY, role
from ..widgets.labels import Elided, label
from .drawing import stars_text
from .model import described
from .picture import PictureView, Zoom

MOST: Final = 4


class Column(NamedTuple):
    """A set that is compared: its row and its record."""

    row: SetRow
    entry: Entry


class CompareView(QWidget):
    """Emits ``taken(column, panel, image)`` on Enter, ``closed`` by its button.

    :attr:`marked` is (column, panel number) of the picture that the keys are about: the one
    under the mouse, or where the arrows went.
    """

    taken = Signal(object, str, object)
    closed = Signal()

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.columns: list[Column] = []
        self.cells: dict[tuple[int, int], PictureView] = {}
        self.marked = (0, 0)
        self.zoom = Zoom()
        self.wipe = PictureView(self.zoom)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.by_slider = QPushButton(tr("Slider"))
        self._heads: list[Elided] = []
        self._pages = QStackedWidget()
        self._board = QWidget()
        self._arrange()
        self.setAccessibleName(tr("Comparison"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_sets(self, columns: Sequence[Column]) -> None:
        """Compare these; at most four, one row a panel."""
        self.columns = list(columns[:MOST])
        self.zoom.fit()
        self.by_slider.setChecked(False)
        self.by_slider.setEnabled(len(self.columns) == 2)
        self._build()
        self.mark(0, 0)

    def put_rows(self, rows: Sequence[SetRow]) -> None:
        """Show what has changed of the sets that are compared."""
        new = {row.key: row for row in rows}
        for n, column in enumerate(self.columns):
            if column.row.key in new:
                self.columns[n] = column._replace(row=new[column.row.key])
                self._heads[n].set_text(_head(self.columns[n].row))

    def current(self) -> Column | None:
        """The set that the keys judge."""
        return self.columns[self.marked[0]] if self.marked[0] < len(self.columns) else None

    def mark(self, column: int, panel: int) -> None:
        """Let the keys be about this picture."""
        if (column, panel) not in self.cells:
            return
        self.marked = (column, panel)
        for place, cell in self.cells.items():
            cell.mark(place == self.marked)
        if self.by_slider.isChecked():
            self._show_wipe()

    def take(self) -> None:
        """Take the marked panel into the best-of set."""
        column, cell = self.current(), self.cells.get(self.marked)
        if column is not None and cell is not None:
            name = column.entry.record.panels[self.marked[1]].name
            self.taken.emit(column, name, cell.image)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if key in moves and not event.modifiers():
            by = moves[key]
            self.mark(self.marked[0] + by[0], self.marked[1] + by[1])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.take()
        else:
            super().keyPressEvent(event)

    def _build(self) -> None:
        """New cells for new sets."""
        old = self._board
        self._board = QWidget()
        self._pages.insertWidget(0, self._board)
        self._pages.setCurrentIndex(0)
        self._pages.removeWidget(old)
        old.deleteLater()
        grid = QGridLayout(self._board)
        grid.setContentsMargins(GAP, 0, GAP, GAP)
        grid.setSpacing(GRID)
        self.cells.clear()
        self._heads.clear()
        for x, column in enumerate(self.columns):
            head = Elided(_head(column.row), SECONDARY, secondary=True)
            head.center()
            self._heads.append(head)
            grid.addWidget(head, 0, x)
            grid.setColumnStretch(x, 1)
            for y, panel in enumerate(column.entry.record.panels):
                cell = self._cell(x, y, panel.name, member(column.entry.folder, panel.path))
                grid.addWidget(cell, y + 1, x)
                grid.setRowStretch(y + 1, 1)

    def _cell(self, x: int, y: int, name: str, file: Path) -> PictureView:
        cell = PictureView(self.zoom)
        cell.caption = name
        cell.setAccessibleName(f"{name}, {described(self.columns[x].row)}")
        cell.hovered.connect(lambda: self.mark(x, y))
        cell.clicked.connect(lambda: self.mark(x, y))
        cell.show_image(None, file)
        self.cells[x, y] = cell

        def done(image: QImage) -> None:
            cell.show_image(image, file)
            if self.by_slider.isChecked():
                self._show_wipe()

        owner: QObject = cell
        self._studio.background.call(
            owner,
            lambda: read_image(file),
            done,
            lambda error: cell.show_image(None, file, str(error)),
        )
        return cell

    def _switch(self, wipe: bool) -> None:
        self._pages.setCurrentIndex(1 if wipe else 0)
        self.slider.setVisible(wipe)
        if wipe:
            self._show_wipe()
        self.setFocus()

    def _show_wipe(self) -> None:
        """The marked panel of both sets, one over the other."""
        left, right = (self.cells.get((x, self.marked[1])) for x in (0, 1))
        if left is None or right is None:
            return
        self.wipe.caption = left.caption
        self.wipe.show_image(left.image, left.file, left.problem)
        self.wipe.show_over(right.image, self.slider.value() / self.slider.maximum())

    def _arrange(self) -> None:
        role(self, "surround")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        back = QPushButton(tr("All sets"))
        back.setToolTip(tr("Back to the gallery (Esc)"))
        back.clicked.connect(self.closed)
        self.by_slider.setCheckable(True)
        self.by_slider.setToolTip(tr("Two sets, one over the other"))
        self.by_slider.toggled.connect(self._switch)
        self.take_button = QPushButton(tr("Take panel  Enter"))
        self.take_button.setToolTip(tr("Take the marked panel into a best-of set"))
        self.take_button.clicked.connect(self.take)
        self.slider.setRange(0, 1000)
        self.slider.setValue(500)
        self.slider.setAccessibleName(tr("Slider between the two sets"))
        self.slider.valueChanged.connect(lambda _: self._show_wipe())
        self.slider.hide()
        top = QHBoxLayout()
        top.setContentsMargins(GAP_BLOCK, GAP, GAP_BLOCK, GAP)
        top.setSpacing(GAP)
        for widget in (back, self.by_slider, self.slider):
            top.addWidget(widget)
        top.addStretch(1)
        hint = label(tr("Wheel zooms all · arrows step · P X 1 to 5 judge the set"), "secondary")
        top.addWidget(hint)
        top.addWidget(self.take_button)
        for button in (back, self.by_slider, self.take_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._pages.addWidget(self._board)
        self._pages.addWidget(self.wipe)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._pages, 1)


def _head(row: SetRow) -> str:
    """Seed, judgement and name of a set over its column; the name gives way first."""
    said = {"pick": tr("picked"), "reject": tr("rejected")}.get(row.rating.flag or "", "")
    parts = (f"{tr('seed')} {row.seed}", stars_text(row.rating), said, described(row))
    return " · ".join(part for part in parts if part)
