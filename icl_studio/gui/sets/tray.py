"""The tray in which a best-of set grows: one place for each panel of the layout."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ...sets.assemble import Choice, fits
from ...sets.library import Entry
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GRID, role
from ..widgets.labels import label
from .picture import PictureView

HEIGHT = 108
PLACE_WIDTH = 120


class Tray(QWidget):
    """Hidden while nothing was taken; ``wanted(choices)`` when all places are filled and kept."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        role(self, "foot")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._first: Entry | None = None
        self.choices: list[Choice | None] = []
        self.places: list[PictureView] = []
        self.keep = QPushButton(tr("Save best-of set"))
        self.keep.clicked.connect(self._keep)
        self._leave = QPushButton(tr("Leave it"))
        self._leave.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_BLOCK, GAP, GAP_BLOCK, GAP)
        row.setSpacing(GAP)
        row.addWidget(label(tr("Best of"), "emphasis"))
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID)
        row.addLayout(self._row)
        row.addStretch(1)
        row.addWidget(self._leave)
        row.addWidget(self.keep)
        self.hide()

    @property
    def task(self) -> str:
        """The task of the set whose layout it has."""
        return self._first.record.request.task if self._first else ""

    def put(self, entry: Entry, panel: str, image: QImage | None) -> str:
        """Take ``panel`` of a set into its place; why that cannot be, else nothing.

        The first one taken gives the layout.
        """
        names = [file.name for file in entry.record.panels]
        number = names.index(panel)
        if self._first is None:
            self._begin(entry)
        assert self._first is not None
        if not fits(self._first.record, number, entry.record, panel):
            return tr("{panel} has another size than its place in this best-of set.", panel=panel)
        self.choices[number] = Choice(entry.folder, panel)
        self.places[number].show_image(image, entry.folder / entry.record.panels[number].path)
        self._count()
        return ""

    def clear(self) -> None:
        """Begin anew; nothing was saved."""
        self._first = None
        self.choices = []
        while self.places:
            old = self.places.pop()
            old.hide()
            old.deleteLater()
        self.hide()

    def _begin(self, entry: Entry) -> None:
        self.clear()
        self._first = entry
        self.choices = [None] * len(entry.record.panels)
        for number, file in enumerate(entry.record.panels):
            place = PictureView()
            place.caption = file.name
            place.setFixedWidth(PLACE_WIDTH)
            place.setToolTip(tr("Click to take it out again"))
            place.setAccessibleName(file.name)
            place.clicked.connect(lambda number=number: self._empty(number))
            self.places.append(place)
            self._row.addWidget(place)
        self.show()

    def _empty(self, number: int) -> None:
        self.choices[number] = None
        self.places[number].show_image(None)
        if not any(self.choices):
            self.clear()
        self._count()

    def _count(self) -> None:
        full = bool(self.choices) and all(self.choices)
        self.keep.setEnabled(full)
        role(self.keep, "primary" if full else "")

    def _keep(self) -> None:
        if all(self.choices):
            self.wanted.emit([choice for choice in self.choices if choice is not None])
