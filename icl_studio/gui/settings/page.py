"""The page Settings: searched by any word, changed in place, undone with Ctrl+Z."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ..pages import Page
from ..studio import Studio, error_text
from ..texts import tr, trn
from ..theme import GAP, GAP_BLOCK, GAP_PAGE, GAP_WIDE, GRID, role
from ..widgets.labels import Elided, label
from ..widgets.notice import Notice, OneNotice
from ..widgets.page_bar import PageBar, fill, search_field, tool
from . import state
from .model import SettingsModel
from .row import SettingRow

WIDEST = 980


class SettingsPage(Page):
    """Rows of settings; below them the keys that this version does not know."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.model = SettingsModel(studio)
        self.search = search_field(tr("Search settings"), lambda _: self._filter())
        self.undo = tool("undo", tr("Undo (Ctrl+Z)"), self.model.undo)
        self.rows = {key: SettingRow(key) for key in state.words()}
        self.nothing = label("", "secondary", wrap=True)
        self.unknown = QFrame()
        role(self.unknown, "panel")
        self._unknown_rows = QVBoxLayout(self.unknown)
        self.notes = OneNotice()
        self._arrange()
        self.model.changed.connect(self._show)
        self.model.refused.connect(lambda key, why: self.rows[key].show_error(why))
        studio.tasks_changed.connect(self._show)
        for row in self.rows.values():
            row.asked.connect(lambda value, key=row.key: self.model.set(key, value))
            row.plugins_asked.connect(lambda: studio.go("plugins"))
        QShortcut(QKeySequence.StandardKey.Undo, self).activated.connect(self.model.undo)
        QShortcut(QKeySequence.StandardKey.Redo, self).activated.connect(self.model.redo)
        QShortcut(QKeySequence.StandardKey.Find, self).activated.connect(self.search.setFocus)
        self._show()

    @property
    def broken(self) -> Notice | None:
        """Why the file cannot be read, if it cannot."""
        return self.notes.current

    def primary(self) -> None:
        self.search.setFocus()

    def cancel(self) -> None:
        self.search.clear()

    def shown(self) -> None:
        self.model.refresh()
        self.search.setFocus()

    def scenes(self) -> dict[str, Callable[[], None]]:
        return {"": self._scene_unknown, "search": lambda: self.search.setText(tr("folder"))}

    def _arrange(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(GAP_PAGE, GAP_BLOCK, GAP_PAGE, GAP_PAGE)
        column.setSpacing(GAP)
        column.addLayout(self.notes)
        for row in self.rows.values():
            column.addWidget(row)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        column.addWidget(self.nothing)
        column.addWidget(self.unknown)
        column.addStretch(1)
        self._unknown_rows.setContentsMargins(GAP_BLOCK, GAP_WIDE, GAP_WIDE, GAP_WIDE)
        self._unknown_rows.setSpacing(GRID)
        inner = QWidget()
        inner.setLayout(column)
        inner.setMaximumWidth(WIDEST)
        area = QScrollArea()
        area.setAccessibleName(tr("Settings"))
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setFrameShape(QFrame.Shape.NoFrame)
        self._area = area
        foot = Elided(
            tr("Kept in {file}", file=self.studio.folders.settings_file), 12, secondary=True
        )
        holder = QVBoxLayout()
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(area, 1)
        below = QVBoxLayout()
        below.setContentsMargins(GAP_PAGE, GRID, GAP_PAGE, GAP)
        below.addWidget(foot)
        holder.addLayout(below)
        fill(self, PageBar(tr("Settings"), self.undo, left=(self.search,)), holder)

    def _show(self) -> None:
        found = self.model.found
        for key, row in self.rows.items():
            row.show_value(getattr(found.settings, key), self.studio.registry)
            row.setEnabled(found.broken is None)
        self.undo.setEnabled(self.model.changes.can_undo)
        self._show_unknown(found.unknown)
        self._show_broken(found)
        self._filter()

    def _show_unknown(self, unknown: tuple[state.Unknown, ...]) -> None:
        while (item := self._unknown_rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        head = trn(
            "{n} key that is not known here", "{n} keys that are not known here", len(unknown)
        )
        self._unknown_rows.addWidget(label(head, "emphasis"))
        hint = tr("They stay in the file, perhaps for another version, and change nothing.")
        self._unknown_rows.addWidget(label(hint, "secondary", wrap=True))
        for key in unknown:
            line = Elided(f"{key.key} = {key.value}")
            self._unknown_rows.addWidget(line)
            self._unknown_rows.addWidget(label(key.fix, "secondary", wrap=True))

    def _show_broken(self, found: state.Found) -> None:
        self.notes.clear()
        if found.broken is not None:
            mend = (tr("Set it aside, use the defaults"), self.model.start_afresh)
            self.notes.say(error_text(found.broken), "error", *mend)

    def _filter(self) -> None:
        text = self.search.text()
        settings = self.model.found.settings
        visible = 0
        for key, row in self.rows.items():
            matched = state.matches(key, text, getattr(settings, key))
            row.setVisible(matched)
            visible += matched
        unknown = [u for u in self.model.found.unknown if not text or text.lower() in u.key.lower()]
        self.unknown.setVisible(bool(unknown))
        none = not visible and not unknown
        self.nothing.setText(tr("No setting has “{words}” in it. Esc shows all.", words=text))
        self.nothing.setVisible(none)

    def _scene_unknown(self) -> None:
        self.search.clear()
        found = self.model.found
        unknown = state.Unknown("modell", '"tiny"', tr("Did you mean {key}?", key="model"))
        self.model.found = state.Found(found.settings, (unknown,))
        self._show()
