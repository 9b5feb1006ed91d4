"""The pages of the window: one line each, built when first shown.

To add a page: a package ``icl_studio/gui/NAME/`` with a class that derives from :class:`Page`,
and a line in :data:`PAGES`. Its module is imported in a thread before its first show, so that
it costs the window nothing; its constructor builds widgets and asks for data with
``studio.background.call`` or ``studio.desk.ask``, and fills them when the answer comes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from ..engines.named import named
from .texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from .studio import Studio


class Page(QWidget):
    """Base of every page. All of these may stay as they are."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio

    def primary(self) -> None:
        """Ctrl+Enter: the page's one primary action."""

    def cancel(self) -> None:
        """Esc: stop or close what is under way on this page."""

    def receive(self, what: Any) -> None:
        """Take what another page has handed over (``studio.go(id, what)``)."""

    def shown(self) -> None:
        """The page has come to the front."""

    def hidden(self) -> None:
        """Another page has come to the front."""

    def save(self) -> None:
        """The window closes: keep what must not be lost, now."""

    def dropped(self, files: list[Path]) -> None:
        """Files were dropped on the page, if it lets them (``setAcceptDrops``)."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.dropped(files)

    def scenes(self) -> dict[str, Callable[[], None]]:
        """States worth a picture (:mod:`.pictures`): a name and what brings each about."""
        return {"": lambda: None}


class PageSpec(NamedTuple):
    """A page: ``id``, title, icon (:mod:`.icons`), digit of its shortcut, where its class is."""

    id: str
    title: Callable[[], str]
    icon: str
    digit: int
    factory: str

    def load(self) -> type[Page]:
        """The page's class, imported; may be called in any thread."""
        found: type[Page] = named(self.factory)
        return found


PAGES: Final[tuple[PageSpec, ...]] = (
    PageSpec("create", lambda: tr("Create"), "create", 1, "icl_studio.gui.create.page:CreatePage"),
    PageSpec("queue", lambda: tr("Queue"), "queue", 2, "icl_studio.gui.queue.page:QueuePage"),
    PageSpec("sets", lambda: tr("Sets"), "sets", 3, "icl_studio.gui.sets.page:SetsPage"),
    PageSpec("train", lambda: tr("Train"), "train", 4, "icl_studio.gui.train.page:TrainPage"),
    PageSpec(
        "engines", lambda: tr("Engines"), "engines", 5, "icl_studio.gui.engines.page:EnginesPage"
    ),
    PageSpec(
        "plugins", lambda: tr("Plugins"), "plugins", 6, "icl_studio.gui.plugins.page:PluginsPage"
    ),
    PageSpec(
        "settings",
        lambda: tr("Settings"),
        "settings",
        7,
        "icl_studio.gui.settings.page:SettingsPage",
    ),
)
"""The rail from top to bottom. Digits: 1 Create, 2 Queue, 3 Sets, 4 Train, 5 Engines, 6
Plugins, 7 Settings."""


def local_files(data: Any) -> list[Path]:
    """The files that a drag (``QMimeData``) carries; web addresses and texts are left out."""
    if data is None or not data.hasUrls():
        return []
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
