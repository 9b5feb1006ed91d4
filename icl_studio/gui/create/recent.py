"""The strip of the sets that were made last; a click brings one into the layout."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from ...queue.job import JobRow
from ...sets.record import SHEET_FILE
from ..background import Background
from ..images import read_image
from ..texts import tr
from ..theme import GAP, GAP_WIDE, role
from ..widgets.labels import label

HEIGHT = 60


class Recent(QFrame):
    """Thumbnails, newest first, as many as there is room for; ``chosen`` with a job."""

    chosen = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._images: dict[str, QImage] = {}
        self._buttons: list[QToolButton] = []
        role(self, "foot")
        self.setFixedHeight(HEIGHT + 2 * GAP)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(GAP_WIDE, 0, GAP_WIDE, 0)
        self._row.setSpacing(GAP)
        self._title = label(tr("Recent"), "secondary")
        self._empty = label(tr("Sets that you make appear here."), "secondary")
        self._row.addWidget(self._title)
        self._row.addWidget(self._empty)
        self._row.addStretch(1)

    def show_rows(self, rows: list[JobRow]) -> None:
        """Show these finished jobs' sheets; those that are shown already are not read again."""
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        self._empty.setVisible(not rows)
        for n, row in enumerate(rows):
            button = self._button(row)
            self._row.insertWidget(n + 2, button)
            self._buttons.append(button)
        known = {row.id for row in rows}
        self._images = {id: image for id, image in self._images.items() if id in known}

    def _button(self, row: JobRow) -> QToolButton:
        button = QToolButton()
        role(button, "thumb")
        said = tr("{words}, seed {seed}", words=row.name or row.summary, seed=row.seed)
        button.setToolTip(said)
        button.setAccessibleName(said)
        button.setFixedHeight(HEIGHT)
        button.setIconSize(QSize(96, HEIGHT - 8))
        button.clicked.connect(lambda: self.chosen.emit(row))
        if row.id in self._images:
            self._show(button, row.id, self._images[row.id])
        elif row.folder is not None:
            file = Path(row.folder) / SHEET_FILE
            most = round(3 * HEIGHT * self.devicePixelRatioF())  # as wide as sheets are
            self._background.call(
                button,
                lambda: read_image(file, most),
                lambda image: self._show(button, row.id, image),
                lambda _: self._gone(button),
            )
        return button

    def _show(self, button: QToolButton, id: str, image: QImage) -> None:
        self._images[id] = image
        height = HEIGHT - 8
        width = max(12, round(image.width() * height / max(1, image.height())))
        button.setIconSize(QSize(width, height))
        small = image.scaledToHeight(
            round(height * self.devicePixelRatioF()), Qt.TransformationMode.SmoothTransformation
        )
        button.setIcon(QIcon(QPixmap.fromImage(small)))

    def _gone(self, button: QToolButton) -> None:
        """The set has been moved, deleted or damaged: nothing to show, and nothing to say."""
        button.hide()
