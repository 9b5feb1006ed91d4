"""The line at the bottom: what the worker does, on what, with how much memory."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from ..doctor.gpu import CardReading, read_cards
from . import icons
from .studio import Studio
from .texts import tr
from .theme import GAP, GAP_WIDE, ICON_SMALL, ROW, role, tokens
from .widgets.labels import Elided, label

READ_MILLIS = 5000


class Foot(QFrame):
    """Looks at the worker when its state changes, and every five seconds while there is one."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        role(self, "foot")
        self.setFixedHeight(ROW)
        self._studio = studio
        self._cards: tuple[CardReading, ...] = ()
        self.left = Elided("", 12, secondary=True)
        self.worker = label("", "secondary")
        self._sign = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_WIDE, 0, GAP_WIDE, 0)
        row.setSpacing(GAP)
        row.addWidget(self.left, 1)
        row.addWidget(self._sign)
        row.addWidget(self.worker)
        self._reading = QTimer(self, interval=READ_MILLIS)
        self._reading.timeout.connect(self._read)
        studio.bridge.phase_changed.connect(self._phase)
        self._phase()

    def redraw(self) -> None:
        self._show()

    def _phase(self) -> None:
        running = self._studio.bridge.running
        if running and not self._reading.isActive():
            self._reading.start()
            self._read()
        elif not running:
            self._reading.stop()
        self._show()

    def _read(self) -> None:
        self._studio.background.call(self, read_cards, self._was_read)

    def _was_read(self, cards: tuple[CardReading, ...]) -> None:
        self._cards = cards
        self._show()

    def _show(self) -> None:
        bridge = self._studio.bridge
        said = {
            "off": tr("Worker: off"),
            "starting": tr("Worker: starting"),
            "working": tr("Worker: at work"),
            "warm": tr("Worker: warm"),
            "stopping": tr("Worker: stopping"),
        }[bridge.phase]
        if bridge.ahead and not bridge.running:
            said = tr("Worker: getting ready")
        parts = [said]
        if bridge.running:
            if not self._cards and bridge.device:
                parts.append(bridge.device.upper())
            if bridge.memory is not None:
                parts.append(tr("{gb:.1f} GB", gb=bridge.memory / 1e9))
            parts += [card_text(card) for card in self._cards]
        self.worker.setText(" · ".join(parts))
        color = {"working": tokens().ok, "warm": tokens().ok, "off": tokens().secondary}.get(
            bridge.phase, tokens().warning
        )
        name = "run" if bridge.phase in ("working", "starting") else "pause"
        self._sign.setPixmap(
            icons.pixmap("ok" if bridge.phase == "warm" else name, ICON_SMALL, color)
        )


def card_text(card: CardReading) -> str:
    """``RTX 4090 · 14.2 of 24.0 GB · 61 °C``, as far as the driver says."""
    parts = [card.name]
    if card.used is not None and card.total is not None:
        used, total = card.used / 2**30, card.total / 2**30
        parts.append(tr("{used:.1f} of {total:.1f} GB", used=used, total=total))
    if card.celsius is not None:
        parts.append(tr("{degrees} °C", degrees=card.celsius))
    return " · ".join(parts)
