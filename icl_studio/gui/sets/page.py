"""The Sets page: the search above, the gallery below, one key for each judgement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QVBoxLayout

from ...sets.search import with_term
from ..studio import Studio
from ..texts import tr
from ..theme import role
from ..widgets.page_bar import fill
from .showing import ShowingPage

RATINGS: Final = {
    **{Qt.Key(Qt.Key.Key_0 + n): str(n) for n in range(6)},
    Qt.Key.Key_P: "pick",
    Qt.Key.Key_X: "reject",
    Qt.Key.Key_U: "clear",
}
"""One key for each judgement."""


class SetsPage(ShowingPage):
    """Puts the views together and says what each key does in which of them."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.setAcceptDrops(True)
        self._arrange()
        self._ask()
        self.shelf.look()

    def primary(self) -> None:
        self.rate("pick")

    def cancel(self) -> None:
        if self.stack.currentWidget() is not self.gallery:
            self.search.problems.setChecked(False)
            self._show_listed()
        elif self.search.text():
            self.search.set_text("")

    def receive(self, what: Any) -> None:
        """A set to look at: anything with a ``folder``, or its path."""
        folder = getattr(what, "folder", what)
        if isinstance(folder, Path):
            self.look_at(folder)

    def shown(self) -> None:
        self.shelf.look()
        self.gallery.setFocus()

    def dropped(self, files: list[Path]) -> None:
        self.load_request(files[0])

    def scenes(self) -> dict[str, Callable[[], None]]:
        found = {
            "": lambda: self._select(0),
            "set": self.open_current,
            "compare": self._compare_some,
            "tray": self.board.take,
            "search": lambda: self.search.set_text(with_term("", "flag", "pick")),
            "nothing": lambda: self.search.set_text(with_term("", "seed", "0")),
        }
        if not self.search.problems.isHidden():
            found["problems"] = lambda: self.search.problems.setChecked(True)
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not (event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier)
        key = Qt.Key(event.key())
        keys = self._keys()
        if plain and key in RATINGS:
            self.rate(RATINGS[key])
        elif plain and key in keys:
            keys[key]()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.line.setFocus()
            self.search.line.selectAll()
        else:
            super().keyPressEvent(event)

    def _keys(self) -> dict[Qt.Key, Callable[[], None]]:
        """What single keys do, besides judging."""
        found: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Delete: self.delete,
            Qt.Key.Key_C: self.compare,
            Qt.Key.Key_E: self.export,
            Qt.Key.Key_V: self.verify,
            Qt.Key.Key_R: self.run_again,
        }
        if self.stack.currentWidget() is self.view:
            found |= {
                Qt.Key.Key_Left: lambda: self._step(-1),
                Qt.Key.Key_Right: lambda: self._step(1),
                Qt.Key.Key_Up: lambda: self.view.step(-1),
                Qt.Key.Key_Down: lambda: self.view.step(1),
                Qt.Key.Key_Space: self._show_listed,
            }
        return found

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.search.redraw()
            self.gallery.viewport().update()

    def _arrange(self) -> None:
        role(self.pick, "primary")
        self.pick.setToolTip(tr("Pick what is selected (P or Ctrl+Enter)"))
        self.pick.clicked.connect(self.primary)
        self.search.first.addWidget(self.pick)
        self.board.closed.connect(self.cancel)
        self.empty.asked.connect(lambda: self.studio.go("create"))
        below = QVBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.stack, 1)
        below.addWidget(self.tray)
        fill(self, self.search, below)
