"""The joint caption as the model will read it: its tokens, its markers, what is wrong."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from ...domain.problems import Problem
from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_WIDE, ICON_SMALL, role, tokens
from ..widgets.labels import label
from .judging import Judgement

MOST_PROBLEMS = 4
LINES = 4
"""Lines of the caption that are seen at the least."""


class CaptionPanel(QFrame):
    """Shows a judgement; nothing can be typed here."""

    def __init__(self) -> None:
        super().__init__()
        role(self, "panel")
        self.count = label("", "secondary")
        self.state = label("", "secondary")
        self._sign = QLabel()
        self.text = _Reading(readOnly=True)
        self.text.setAccessibleName(tr("Joint caption"))
        self.text.setUndoRedoEnabled(False)
        self.text.setTabChangesFocus(True)
        self.text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        role(self.text, "reading")
        self.text.document().setDocumentMargin(0)
        self.note = label("", "secondary", wrap=True)
        self.note.hide()
        self._problems = QVBoxLayout()
        self._problems.setSpacing(GAP)
        head = QHBoxLayout()
        head.setSpacing(GAP // 2)
        head.addWidget(label(tr("Caption"), "secondary"))
        head.addStretch()
        head.addWidget(self.count)
        head.addSpacing(GAP)
        head.addWidget(self._sign)
        head.addWidget(self.state)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_WIDE, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        column.setSpacing(GAP)
        column.addLayout(head)
        column.addLayout(self._problems)
        column.addWidget(self.text, 1)
        column.addWidget(self.note)

    def show_judgement(self, judgement: Judgement) -> None:
        """Show all of it."""
        self._show_text(judgement)
        if judgement.tokens is None:
            self.count.setText("" if judgement.task is None else tr("tokens not known yet"))
        else:
            self.count.setText(
                tr("{n} of {limit} tokens", n=judgement.tokens, limit=judgement.limit)
            )
        good = judgement.markers_sound
        self.state.setText(tr("markers") if good else tr("a marker is wrong"))
        color = tokens().ok if good else tokens().error
        self._sign.setPixmap(icons.pixmap("ok" if good else "error", ICON_SMALL, color))
        self._show_problems(judgement.problems)
        notes = []
        if judgement.wild:
            notes.append(tr("Wildcards as drawn with seed {seed}.", seed=judgement.seed))
        if judgement.hints:
            words = ", ".join(judgement.hints[:6])
            notes.append(tr("The model does not know: {words}.", words=words))
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))

    def _show_text(self, judgement: Judgement) -> None:
        if self.text.toPlainText() != judgement.caption:
            self.text.setPlainText(judgement.caption)
        cursor = QTextCursor(self.text.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setCharFormat(QTextCharFormat())
        mark = QTextCharFormat()
        mark.setFontWeight(QFont.Weight.DemiBold)
        mark.setForeground(QColor(tokens().accent))
        for start, end in judgement.openings:
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(mark)

    def _show_problems(self, problems: tuple[Problem, ...]) -> None:
        while (item := self._problems.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for problem in problems[:MOST_PROBLEMS]:
            self._problems.addWidget(_ProblemLine(problem))
        if len(problems) > MOST_PROBLEMS:
            more = len(problems) - MOST_PROBLEMS
            self._problems.addWidget(label(tr("and {n} more", n=more), "secondary"))


class _Reading(QPlainTextEdit):
    """Takes what room there is, and asks for a few lines only."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), LINES * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())


class _ProblemLine(QWidget):
    """A sign and a sentence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        sign = QLabel()
        sign.setPixmap(icons.pixmap("error", ICON_SMALL, tokens().error))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(str(problem), wrap=True), 1)
        self.setAccessibleName(str(problem))
