"""Sets that cannot be read, each with its reason and what mends it; none is dropped silently."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from ...domain.problems import Problem
from ..texts import tr
from ..theme import GAP, GAP_BLOCK
from ..widgets.labels import label
from ..widgets.notice import Notice

MOST = 200


class Problems(QScrollArea):
    """A column of notices, one a set."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setAccessibleName(tr("Sets that cannot be read"))
        self._shown: list[Problem] = []
        self.show_problems([])

    def notices(self) -> list[Notice]:
        """What is listed now."""
        return self.findChildren(Notice)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """List these; nothing moves where they are the same as before."""
        if list(problems) == self._shown and self.widget() is not None:
            return
        self._shown = list(problems)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(GAP_BLOCK, GAP_BLOCK, GAP_BLOCK, GAP_BLOCK)
        column.setSpacing(GAP)
        column.addWidget(
            label(tr("These sets cannot be read; their pictures are untouched."), "emphasis")
        )
        for problem in problems[:MOST]:
            column.addWidget(_notice(problem))
        if len(problems) > MOST:
            column.addWidget(label(tr("… and {n:,} more", n=len(problems) - MOST), "secondary"))
        column.addStretch(1)
        self.setWidget(inside)


def _notice(problem: Problem) -> Notice:
    folder = Path(problem.where)
    text = f"{folder.name}\n{problem.what} {problem.fix}".strip()

    def open_folder() -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    notice = Notice(text, "error", tr("Show folder"), open_folder)
    notice.cross.hide()
    return notice
