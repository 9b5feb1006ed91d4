"""The form for an export: the same choices as ``icl-studio export``, answered the same way."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...domain.problems import UserError
from ...paths import expanded
from ...sets.deliver import Delivery, delivery_of
from ..texts import tr, trn
from ..theme import GAP, GAP_BLOCK, role
from ..widgets.labels import label
from ..widgets.numbers import Whole


class ExportForm(QDialog):
    """Emits ``wanted(folder, delivery)`` once its choices are sound; says otherwise what is not."""

    wanted = Signal(object, object)

    def __init__(self, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        usual = Delivery()
        self.setWindowTitle(trn("Export {n} set", "Export {n} sets", count))
        self.folder = QLineEdit(str(Path.home()))
        self.what = _choice(
            [("panels", tr("Panels")), ("sheet", tr("Sheet")), ("both", tr("Both"))]
        )
        self.format = _choice([(name, name.upper()) for name in ("png", "jpg", "webp", "tiff")])
        self.size_rule = QLineEdit(usual.size)
        self.name = QLineEdit(usual.name)
        self.quality = Whole()
        self.quality.setRange(1, 100)
        self.quality.setValue(usual.quality)
        self.metadata = _choice(
            [("full", tr("How it was made goes along")), ("clean", tr("Pixels alone"))]
        )
        self.problem = label("", wrap=True)
        self.problem.hide()
        self._arrange()

    def accept(self) -> None:
        """Check everything before anything is written; stay open while something is wrong."""
        try:
            delivery = delivery_of(
                format=self.format.currentData(),
                name=self.name.text(),
                size=self.size_rule.text(),
                quality=self.quality.value(),
                metadata=self.metadata.currentData(),
                what=self.what.currentData(),
            )
        except UserError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.wanted.emit(expanded(self.folder.text()).absolute(), delivery)
        super().accept()

    def _arrange(self) -> None:
        choose = QPushButton(tr("Choose …"))
        choose.clicked.connect(self._choose)
        place = QHBoxLayout()
        place.setSpacing(GAP)
        place.addWidget(self.folder, 1)
        place.addWidget(choose)
        form = QFormLayout()
        form.setSpacing(GAP)
        form.addRow(tr("Folder"), place)
        rows: list[tuple[str, QWidget]] = [
            (tr("What"), self.what),
            (tr("Format"), self.format),
            (tr("Size"), self.size_rule),
            (tr("Names"), self.name),
            (tr("Quality"), self.quality),
            (tr("Record"), self.metadata),
        ]
        for text, field in rows:
            field.setAccessibleName(text)
            form.addRow(text, field)
        self.folder.setAccessibleName(tr("Folder"))
        self.size_rule.setToolTip(tr("1024x512, 50%, or 2048px for the long side"))
        self.quality.setToolTip(tr("For JPEG and WebP; 100 is lossless WebP"))
        cancel = QPushButton(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = QPushButton(tr("Export"))
        role(self.go, "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.accept)
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(cancel)
        last.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_BLOCK, GAP_BLOCK, GAP_BLOCK, GAP_BLOCK)
        column.setSpacing(GAP_BLOCK)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addLayout(last)
        self.setMinimumWidth(520)

    def _choose(self) -> None:
        dialog = QFileDialog(self, tr("Where the files go"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()


def _choice(items: list[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    for value, text in items:
        box.addItem(text, value)
    return box
