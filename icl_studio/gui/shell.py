"""The window: rail, pages, notices above them, and what is so whichever page is in front."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from .endings import Endings
from .foot import Foot
from .notices import Notices
from .pages import PAGES, Page, PageSpec
from .rail import Rail
from .studio import Studio
from .theme import Theme

STATE = "window"
FIRST_SIZE = (1280, 840)
SMALLEST = (760, 520)


class MainWindow(QWidget):
    """Shows one page at a time; a page is imported in a thread and built when first shown."""

    def __init__(
        self,
        studio: Studio,
        theme: Theme,
        pages: tuple[PageSpec, ...] = PAGES,
        state: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.studio = studio
        self.specs = {page.id: page for page in pages}
        self._built: dict[str, Page] = {}
        self._handed: dict[str, list[Any]] = {}
        self._state = dict(state or {})
        self._wanted = str(self._state.get("page", ""))
        self.current = ""
        self._stepped_to = ""
        self.setWindowTitle("ICL Studio")
        self.setMinimumSize(*SMALLEST)
        self.rail = Rail(pages)
        self.stack = QStackedWidget()
        self.stack.addWidget(QWidget())  # stands until the first page does
        self.notices = Notices()
        self.foot = Foot(studio)
        self._endings = Endings(studio, self)
        self._arrange()
        self._connect(theme)
        self._keys()
        self._place()

    def show_page(self, id: str) -> None:
        """Bring the page ``id`` to the front; the first time it appears a moment later."""
        if id not in self.specs or not self.studio.is_ready:
            self._wanted = id
            return
        self._wanted = id
        self.rail.mark(id)
        if id in self._built:
            self._front(id)
        else:
            spec = self.specs[id]
            self.studio.background.call(self, spec.load, lambda kind: self._build(id, kind))

    def _chosen(self, id: str) -> None:
        """On the rail: who steps along it with the arrows stays on it."""
        self._stepped_to = id if id != self.current and self.rail.has_keyboard() else ""
        self.show_page(id)

    def page(self, id: str) -> Page | None:
        """The page ``id``, None before it was first shown."""
        return self._built.get(id)

    def bring_up(self) -> None:
        """In front of all windows: somebody has started ICL Studio again."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        for page in self._built.values():
            page.save()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self._remember(geometry=geometry, page=self.current or self._wanted)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.studio.look()

    def _arrange(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.stack, 1)
        column.addWidget(self.foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)

    def _connect(self, theme: Theme) -> None:
        self.rail.chosen.connect(self._chosen)
        self.studio.ready.connect(self._ready)
        self.studio.asked_for.connect(self._hand_over)
        self.studio.told.connect(self.notices.add)
        theme.changed.connect(self.rail.redraw)
        theme.changed.connect(self.foot.redraw)

    def _keys(self) -> None:
        for spec in self.specs.values():
            self._key(f"Ctrl+{spec.digit}", lambda id=spec.id: self.show_page(id))
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            self._key(keys, lambda: self._of_page(Page.primary))
        self._key("Esc", lambda: self._of_page(Page.cancel))
        self._key(QKeySequence.StandardKey.Quit, self.close)

    def _key(self, keys: Any, act: Any) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(act)

    def _of_page(self, method: Any) -> None:
        page = self._built.get(self.current)
        if page is not None:
            getattr(page, method.__name__)()

    def _place(self) -> None:
        """Where it stood last; on a screen that is gone, Qt moves it to one that is there."""
        geometry = self._state.get("geometry")
        self.resize(*FIRST_SIZE)
        if isinstance(geometry, str):
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii", "ignore")))

    def _ready(self) -> None:
        known = [self._wanted] if self._wanted in self.specs else list(self.specs)
        if known:
            self.show_page(known[0])

    def _build(self, id: str, kind: type[Page]) -> None:
        if id not in self._built:
            page = kind(self.studio)
            self._built[id] = page
            self.stack.addWidget(page)
        for what in self._handed.pop(id, []):
            self._built[id].receive(what)
        if id == self._wanted:
            self._front(id)

    def _front(self, id: str) -> None:
        if self.current in self._built and self.current != id:
            self._built[self.current].hidden()
        self.current = id
        on_rail = self.rail.has_keyboard()
        stays = on_rail and self._stepped_to == id
        self._stepped_to = ""
        self.stack.setCurrentWidget(self._built[id])
        self._built[id].shown()
        if stays:
            self.rail.take_keyboard(id)
        elif on_rail and self.rail.has_keyboard():
            # Else the window's first button keeps the ring while another page is in front.
            self._built[id].setFocus(Qt.FocusReason.OtherFocusReason)

    def _hand_over(self, id: str, what: Any) -> None:
        if id not in self.specs:
            return
        if what is not None:
            page = self._built.get(id)
            if page is not None:
                page.receive(what)
            else:
                self._handed.setdefault(id, []).append(what)
        self.show_page(id)

    def _remember(self, **facts: Any) -> None:
        self._state |= facts
        state = dict(self._state)
        self.studio.background.call(
            QApplication.instance() or self,
            lambda: self.studio.remembered.save(STATE, state),
            failed=self.studio.tell_error,
        )
