"""One card an engine, one a model: what it is, how it stands, what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from ...models.state import ModelState
from .. import icons
from ..texts import tr
from ..theme import GAP, GAP_BLOCK, GAP_WIDE, GRID, ICON_SMALL, SECONDARY, font, role, tokens
from ..widgets.labels import Elided, label
from ..widgets.page_bar import button
from ..widgets.writing import draw_text
from .state import EngineCard, size_text

BAR = 18
NAME = 84


class Bars(QWidget):
    """Seconds a sheet of several engines, the first of them marked; shorter is better."""

    def __init__(self, rows: Sequence[tuple[str, float]]) -> None:
        super().__init__()
        self.rows = list(rows)
        self.setFixedHeight(BAR * len(self.rows))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        said = ", ".join(self._text(name, seconds) for name, seconds in self.rows)
        self.setAccessibleName(said)
        self.setToolTip(said)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, BAR * len(self.rows))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), tokens()
        painter.setFont(font(SECONDARY, tabular=True))
        most = max((seconds for _, seconds in self.rows), default=0) or 1
        room = max(20, self.width() - NAME - 90)
        for n, (name, seconds) in enumerate(self.rows):
            top, length = n * BAR, max(2, round(room * seconds / most))
            painter.setPen(QColor(t.secondary))
            draw_text(painter, self._at(0, top, NAME - GAP, BAR), name)
            bar = self._at(NAME, top + 5, length, BAR - 10)
            painter.fillRect(bar, QColor(t.accent if n == 0 else t.line))
            painter.setPen(QColor(t.text))
            said = self._at(NAME + length + GAP, top, 90, BAR)
            draw_text(painter, said, tr("{s:.3g} s", s=seconds))

    def _at(self, *place: int) -> QRect:
        """From the edge at which reading begins."""
        return QStyle.visualRect(self.layoutDirection(), self.rect(), QRect(*place))

    def _text(self, name: str, seconds: float) -> str:
        return tr("{engine}: {s:.3g} s a sheet", engine=name, s=seconds)


class Card(QFrame):
    """A panel with a title and a sign; lines below, buttons at the right."""

    def __init__(self, title: str, sign: str, color: str, state: str) -> None:
        super().__init__()
        role(self, "panel")
        self.setAccessibleName(title)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(GRID)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(GAP)
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(Elided(title, 15), 1)
        self.lines.addLayout(head)
        self.state = self.signed(sign, color, state)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_BLOCK, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        row.setSpacing(GAP_BLOCK)
        row.addLayout(self.lines, 1)
        row.addLayout(self.buttons)
        row.setAlignment(self.buttons, Qt.AlignmentFlag.AlignTop)

    def signed(self, sign: str, color: str, text: str) -> QLabel:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        mark = QLabel()
        mark.setPixmap(icons.pixmap(sign, ICON_SMALL, color))
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        said = label(text, "secondary", wrap=True)
        row.addWidget(said, 1)
        self.lines.addLayout(row)
        return said

    def say(self, text: str) -> None:
        self.lines.addWidget(label(text, "secondary", wrap=True))


class EngineView(Card):
    """Emits ``remove_asked(name)`` and ``build_asked(model, target)``."""

    remove_asked = Signal(str)
    build_asked = Signal(str, str)

    def __init__(self, card: EngineCard, targets: Sequence[str]) -> None:
        t = tokens()
        if card.damaged:
            super().__init__(card.title, "error", t.error, tr("damaged"))
        elif card.reasons:
            super().__init__(card.title, "warning", t.warning, tr("stale: export it again"))
        elif card.elsewhere:
            text = tr("for another machine: there is no {gpu} here", gpu=card.elsewhere)
            super().__init__(card.title, "info", t.secondary, text)
        else:
            super().__init__(card.title, "ok", t.ok, tr("ready"))
        for reason in card.reasons:
            self.say(reason)
        if card.facts:
            names = (tr("size"), tr("for"), tr("made"), tr("from torch a step"), tr("sheets"))
            facts = [f"{name} {fact}" for name, fact in zip(names, card.facts, strict=False)]
            self.say(" · ".join(facts))
        if card.seconds is not None:
            self.lines.addWidget(Bars([(card.engine, card.seconds), *card.others]))
            self.say(tr("seconds a sheet of {canvas}, measured here", canvas=card.canvas))
        elif not card.damaged and not card.elsewhere:
            self.say(tr("Not timed on this machine yet."))
        if targets:
            self.buttons.addWidget(self._build(card, targets))
        self.remove = button(tr("Remove"), lambda: self.remove_asked.emit(card.name), "quiet")
        self.remove.setAccessibleName(tr("Remove {name}", name=card.name))
        self.buttons.addWidget(self.remove)

    def _build(self, card: EngineCard, targets: Sequence[str]) -> QPushButton:
        made = QPushButton(tr("Build for a GPU   "))
        menu = QMenu(made)
        for target in targets:
            act = menu.addAction(target)
            act.triggered.connect(
                lambda _=False, target=target: self.build_asked.emit(card.model, target)
            )
        made.setMenu(menu)
        return made


class ModelView(Card):
    """Emits ``export_asked(model)`` and ``bench_asked(model)``."""

    export_asked = Signal(str)
    bench_asked = Signal(str)

    def __init__(self, model: ModelState, *, can_export: bool) -> None:
        t, spec = tokens(), model.spec
        title = f"{spec.id} · {spec.title}"
        if model.problem:
            super().__init__(title, "error", t.error, model.problem)
        elif model.present:
            super().__init__(title, "ok", t.ok, tr("on this machine"))
        elif model.kind == "hub":
            text = tr("not here yet; downloaded when first used")
            super().__init__(title, "down", t.secondary, text)
        else:
            super().__init__(title, "warning", t.warning, tr("its folder is missing"))
        size = size_text(model.bytes) if model.bytes else ""
        if not size and spec.download_gb:
            size = tr("{gb:.1f} GB to download", gb=spec.download_gb)
        facts = [size, tr("captions to {n} tokens", n=spec.max_sequence_length)]
        self.say(" · ".join(fact for fact in facts if fact))
        licence = spec.licence or tr("licence not stated")
        if spec.gated:
            licence = tr("{licence} Accept it on the hub before the first use.", licence=licence)
        self.say(licence)
        self.export: QPushButton | None = None
        if model.present:
            measure = button(tr("Measure"), lambda: self.bench_asked.emit(spec.id), "quiet")
            measure.setToolTip(tr("Time its engines in turns; takes a few minutes"))
            self.buttons.addWidget(measure)
            if can_export:
                self.export = button(tr("Export"), lambda: self.export_asked.emit(spec.id))
                self.export.setToolTip(tr("Make a compiled engine of it; takes minutes, once"))
                self.buttons.addWidget(self.export)
