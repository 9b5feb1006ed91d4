"""One set, large: its sheet and each panel at full size, how it was made, what can be done."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...sets.library import Entry
from ...sets.record import SetRecord, member
from ..images import read_image
from ..studio import Studio
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GRID, role
from ..widgets.labels import label
from .facts import facts_form
from .picture import PictureView

SIDE_WIDTH = 320
STRIP_HEIGHT = 116
STRIP_PIXELS = 320


class SetView(QWidget):
    """Shows an :class:`Entry`; ``acted(what)`` for again, change, verify, export, back, delete.

    ``tagged(tags)`` after the tags were edited.
    """

    acted = Signal(str)
    tagged = Signal(object)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.entry: Entry | None = None
        self._shown = -1
        self.large = PictureView()
        self.strip: list[PictureView] = []
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(tr("Tags, separated by commas"))
        self.tags.setAccessibleName(tr("Tags"))
        self.tags.editingFinished.connect(self._tags_edited)
        self.receipt = QPlainTextEdit()
        self.receipt.setReadOnly(True)
        self.receipt.setAccessibleName(tr("Receipt"))
        self._title = label("", "emphasis", wrap=True)
        self._side = QStackedWidget()
        self.verdict = label("", wrap=True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = self._buttons()
        self._arrange()

    def show_set(self, entry: Entry) -> None:
        """Show another set, or this one again after it has changed."""
        same = self.entry is not None and self.entry.folder == entry.folder
        self.entry = entry
        self._fill_facts(entry.record)
        if same:
            return
        self.verdict.setText("")
        self.large.zoom.fit()
        self._fill_strip(entry)
        self.show_picture(0)

    def show_picture(self, number: int) -> None:
        """The sheet (0) or a panel (from 1), at full size."""
        if self.entry is None or not 0 <= number < len(self.strip):
            return
        self._shown = number
        for n, small in enumerate(self.strip):
            small.mark(n == number)
        file, name = self.files()[number]
        self.large.caption = name
        self.large.show_image(self.strip[number].image, file)
        self._load(file, self.large, None)

    def step(self, by: int) -> None:
        """The next picture of this set, or the one before."""
        self.show_picture(min(max(self._shown + by, 0), len(self.strip) - 1))

    def files(self) -> list[tuple[Path, str]]:
        """The sheet and the panels: file and name."""
        if self.entry is None:
            return []
        folder, record = self.entry
        found = [(member(folder, record.sheet), tr("Sheet"))]
        return found + [(member(folder, panel.path), panel.name) for panel in record.panels]

    def toggle_receipt(self) -> None:
        """The receipt as it stands in the record, or the facts."""
        self._side.setCurrentIndex(1 - self._side.currentIndex())
        shown = self._side.currentIndex() == 1
        self.buttons["receipt"].setText(tr("Hide receipt") if shown else tr("Show receipt"))

    def set_busy(self, verifying: bool) -> None:
        """While the set is being made again."""
        self.buttons["verify"].setEnabled(not verifying)
        if verifying:
            self.verdict.setText(tr("Verifying: the set is being made again …"))

    def _load(self, file: Path, into: PictureView, most: int | None) -> None:
        """Read a picture in a thread; one that has been overtaken by another is not shown."""
        wanted = into.file

        def done(image: QImage) -> None:
            if into.file == wanted:
                into.show_image(image, wanted)

        def failed(error: Exception) -> None:
            if into.file == wanted:
                into.show_image(None, wanted, str(error))

        owner: QObject = into
        self._studio.background.call(owner, lambda: read_image(file, most), done, failed)

    def _fill_strip(self, entry: Entry) -> None:
        while self.strip:
            old = self.strip.pop()
            old.hide()
            old.deleteLater()
        for n, (file, name) in enumerate(self.files()):
            small = PictureView()
            small.caption = name
            small.setAccessibleName(name)
            small.setFixedHeight(STRIP_HEIGHT)
            small.show_image(None, file)
            small.clicked.connect(lambda n=n: self.show_picture(n))
            self.strip.append(small)
            self._strip_row.addWidget(small)
            self._load(file, small, STRIP_PIXELS)

    def _fill_facts(self, record: SetRecord) -> None:
        request, receipt = record.request, record.receipt
        self._title.setText(request.name or request.parts.summary)
        self.tags.setText(", ".join(record.tags))
        self.tags.setCursorPosition(0)  # long ones are read from their beginning
        self.tags.setReadOnly(record.read_only)
        data = receipt.model_dump(mode="json")
        self.receipt.setPlainText(json.dumps(data, indent=2, ensure_ascii=False))
        for action in ("again", "verify"):
            self.buttons[action].setEnabled(record.assembly is None)
        inside = facts_form(record)
        self._scroll.setWidget(inside)
        inside.setAutoFillBackground(False)  # setWidget turns it on

    def _tags_edited(self) -> None:
        if self.entry is None or self.tags.isReadOnly():
            return
        wanted = [text.strip() for text in self.tags.text().split(",") if text.strip()]
        if wanted != list(self.entry.record.tags):
            self.tagged.emit(wanted)

    def _open_folder(self) -> None:
        if self.entry is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.entry.folder)))

    def _buttons(self) -> dict[str, QPushButton]:
        words = {
            "again": (
                tr("Run again"),
                tr("Queue the same request with another seed (R)"),
            ),
            "change": (tr("Change …"), tr("Open its request on Create, change it, run it")),
            "verify": (tr("Verify"), tr("Make it again and compare every pixel (V)")),
            "export": (tr("Export …"), tr("Deliver panels and sheet as files (E)")),
            "receipt": (tr("Show receipt"), tr("What it was made with, with checksums")),
            "folder": (tr("Show folder"), tr("Open the set's folder")),
        }
        made: dict[str, QPushButton] = {}
        for what, (text, tip) in words.items():
            made[what] = QPushButton(text)
            made[what].setToolTip(tip)
            if what not in ("receipt", "folder"):
                made[what].clicked.connect(lambda _=False, what=what: self.acted.emit(what))
        made["receipt"].clicked.connect(self.toggle_receipt)
        made["folder"].clicked.connect(self._open_folder)
        return made

    def _arrange(self) -> None:
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName(tr("Sheet and panels"))
        self._scroll.setWidgetResizable(True)
        self._scroll.viewport().setAutoFillBackground(False)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._side.addWidget(self._scroll)
        self._side.addWidget(self.receipt)
        back = QPushButton(tr("All sets"))
        back.setToolTip(tr("Back to the gallery (Esc)"))
        back.clicked.connect(lambda: self.acted.emit("back"))
        side = QWidget()
        role(side, "panel")
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setFixedWidth(SIDE_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(GAP_BLOCK, GAP_BLOCK, GAP_BLOCK, GAP_BLOCK)
        column.setSpacing(GAP)
        column.addWidget(back, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._title)
        column.addWidget(self.tags)
        column.addWidget(self._side, 1)
        column.addWidget(self.verdict)
        names = ("again", "change", "verify", "export", "receipt", "folder")
        for left, right in zip(names[::2], names[1::2], strict=True):
            pair = QHBoxLayout()
            pair.setSpacing(GAP)
            pair.addWidget(self.buttons[left], 1)
            pair.addWidget(self.buttons[right], 1)
            column.addLayout(pair)
        strip = QWidget()
        self._strip_row = QHBoxLayout(strip)
        self._strip_row.setContentsMargins(GAP, 0, GAP, GAP)
        self._strip_row.setSpacing(GRID)
        pictures = QWidget()
        role(pictures, "surround")
        pictures.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        left_column = QVBoxLayout(pictures)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(0)
        left_column.addWidget(self.large, 1)
        left_column.addWidget(strip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(pictures, 1)
        row.addWidget(side)
