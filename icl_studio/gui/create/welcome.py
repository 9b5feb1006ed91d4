"""The first start: one click makes a set; then what real work needs."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...domain.task import TaskSpec
from ...plugins import Registry
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, role
from ..widgets.labels import label
from ..widgets.sheet import SheetView

FILE: Final = "welcome"
TASK: Final = "film-storyboard"
MODEL: Final = "tiny"
REAL: Final = "flux.1-dev"
WIDTH = 440


class Welcome(QWidget):
    """``started`` by the one button, ``left`` by the other."""

    started = Signal()
    left = Signal()

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self.start = QPushButton(tr("Make my first set  Ctrl+Enter"))
        role(self.start, "primary")
        self.start.clicked.connect(self.started)
        self.leave = QPushButton(tr("Look around first"))
        role(self.leave, "quiet")
        self.leave.clicked.connect(self.left)
        words = QWidget()
        words.setFixedWidth(WIDTH)
        column = QVBoxLayout(words)
        column.setSpacing(GAP_BLOCK)
        column.addStretch(2)
        column.addWidget(label(tr("Pictures that belong together"), "title", wrap=True))
        said = tr(
            "A set is one sheet of panels with the same people, things or letters in all of "
            "them. You write what they share, and what each panel shows, in its place."
        )
        column.addWidget(label(said, wrap=True))
        small = tr(
            "This first one is drawn by the small model that ships with ICL Studio: on this "
            "machine, without an account and without a graphics card."
        )
        column.addWidget(label(small, "secondary", wrap=True))
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.start)
        buttons.addWidget(self.leave)
        buttons.addStretch()
        column.addLayout(buttons)
        column.addStretch(3)
        self.sheet = SheetView(read_only=True)
        task = registry.tasks.get(TASK)
        if task is not None:
            self._show_example(task)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_PAGE, GAP_PAGE, GAP_PAGE, GAP_PAGE)
        row.setSpacing(GAP_PAGE)
        row.addStretch(1)
        row.addWidget(words)
        row.addWidget(self.sheet, 3)
        row.addStretch(1)

    def _show_example(self, task: TaskSpec) -> None:
        example = task.example_for(MODEL)
        self.sheet.set_layout(task.layout)
        self.sheet.set_texts(example.panels if example else ())
        for editor in self.sheet.editors:
            editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def what_next(registry: Registry) -> str:
    """What to do for real work, from what the model's spec says of itself."""
    said = tr(
        "Your first set stands in the strip below. The small model knows little creatures only; "
        "for real work choose {model} in the bar above.",
        model=REAL,
    )
    spec = registry.models.get(REAL)
    if spec is None:
        return said
    parts = [said]
    if spec.download_gb:
        parts.append(tr("It is {gb:g} GB to fetch.", gb=spec.download_gb))
    if spec.gated:
        parts.append(
            tr(
                "Its licence is accepted once at huggingface.co/{source}, with a free account.",
                source=spec.source,
            )
        )
    return " ".join(parts)
