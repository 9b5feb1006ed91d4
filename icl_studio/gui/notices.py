"""The place above the page where notes stand until they are closed; at most three at a time."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from .theme import GAP
from .widgets.notice import Notice

MOST = 3


class Notices(QWidget):
    """A column of notes, newest last; the same text stands once."""

    def __init__(self) -> None:
        super().__init__()
        self._notices: list[Notice] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GAP, GAP, GAP, 0)
        self._column.setSpacing(GAP)
        self.hide()

    def add(self, text: str, kind: str = "info") -> None:
        """Show ``text``; the oldest note goes when there are too many."""
        if any(notice.label.text() == text for notice in self.all()):
            return
        notice = Notice(text, kind)
        notice.closed.connect(lambda: self._remove(notice))
        self._notices.append(notice)
        self._column.addWidget(notice)
        self.show()
        for old in self._notices[:-MOST]:
            self._remove(old)

    def all(self) -> list[Notice]:
        """The notes that stand here now."""
        return list(self._notices)

    def _remove(self, notice: Notice) -> None:
        self._notices.remove(notice)
        self._column.removeWidget(notice)
        notice.hide()
        notice.deleteLater()
        self.setVisible(bool(self._notices))
