"""What a dropped list would become, before it is accepted: its problems first."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
)

from ...shotlists.checking import Checked
from .. import icons
from ..texts import tr, trn
from ..theme import GAP, GAP_BLOCK, GAP_WIDE, role, tokens
from ..widgets.labels import Elided, label

LEAST, WIDTH = 300, 440
MOST_LINES = 400


class ReportPanel(QFrame):
    """Slides in beside the table; ``accepted``, ``again`` (read it anew) or ``closed``."""

    accepted = Signal(Path, object)
    again = Signal(Path)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        role(self, "panel")
        self.setMinimumWidth(LEAST)
        self.setMaximumWidth(WIDTH)
        self._file = Path()
        self._found: Checked | None = None
        self.name = Elided("", 15)
        self.summary = label("", "secondary", wrap=True)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Problems and sets of the list"))
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setSpacing(2)
        cross = QToolButton()
        role(cross, "quiet")
        cross.setIcon(icons.icon("close"))
        cross.setAccessibleName(tr("Close the report"))
        cross.setToolTip(tr("Close the report (Esc)"))
        cross.clicked.connect(self.closed)
        self.add = QPushButton()
        role(self.add, "primary")
        self.add.clicked.connect(self._accept)
        self.open = QPushButton(tr("Open the file"))
        self.open.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._file)))
        )
        self.reload = QPushButton(tr("Read it again"))
        self.reload.clicked.connect(lambda: self.again.emit(self._file))
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(cross)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self.open)
        foot.addWidget(self.reload)
        foot.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_BLOCK, GAP_WIDE, GAP_BLOCK, GAP_BLOCK)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addWidget(self.list, 1)
        column.addLayout(foot)
        column.addWidget(self.add)
        self.hide()

    @property
    def found(self) -> Checked | None:
        return self._found

    def show_list(self, file: Path, found: Checked) -> None:
        """Show what ``file`` holds."""
        self._file, self._found = file, found
        self.name.set_text(file.name)
        sets, problems = len(found.sets), len(found.problems)
        parts = [trn("{n} row", "{n} rows", found.rows), trn("{n} set", "{n} sets", sets)]
        if problems:
            parts.append(trn("{n} problem", "{n} problems", problems))
        self.summary.setText(" · ".join(parts))
        self.list.clear()
        for problem in found.problems[:MOST_LINES]:
            sign = icons.icon("error", tokens().error)
            self.list.addItem(QListWidgetItem(sign, str(problem)))
        for wanted in found.sets[: MOST_LINES - min(problems, MOST_LINES)]:
            request = wanted.request
            words = request.name or request.parts.summary
            said = tr("row {n}: {words}", n=wanted.row, words=words[:160])
            self.list.addItem(QListWidgetItem(icons.icon("ok", tokens().ok), said))
        if sets + problems > MOST_LINES:
            more = sets + problems - MOST_LINES
            self.list.addItem(QListWidgetItem(trn("and {n} more", "and {n} more", more)))
        good = trn("Add {n} good set", "Add {n} good sets", sets)
        self.add.setText(good if problems else trn("Add {n} set", "Add {n} sets", sets))
        self.add.setEnabled(bool(sets))
        self.show()
        self.add.setFocus()

    def accept(self) -> None:
        """As pressing the button."""
        if self.add.isEnabled():
            self._accept()

    def _accept(self) -> None:
        if self._found is not None:
            self.accepted.emit(self._file, self._found)
