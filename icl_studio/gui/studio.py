"""What every page is given: folders, settings, plugins, the queue, and work in the background.

The window stands before any of it is there: :meth:`Studio.open` reads settings and plugins in
a thread and :attr:`Studio.ready` says when pages can be built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ..domain.problems import Problem
from ..errors import IclStudioError, UserError
from ..paths import SAFE_MODE_VARIABLE, UserFolders, switched_on
from ..plugins import Registry, load_registry
from ..queue.store import Store
from ..settings import Settings, load_settings, sets_root
from .background import Background
from .bridge import Bridge, machine_places
from .desk import Desk
from .headstart import Places
from .remembered import Remembered

LOOK_MILLIS = 1000
"""How often the queue is asked whether it has changed: a single number, in a thread."""


class Studio(QObject):
    """The services of one window; closed once, by the window.

    ``asked_for(page, what)`` brings a page to the front and hands it something (a request to
    change, a set to look at). ``told(text, kind)`` is shown above the page, ``kind`` being
    ``info``, ``warning`` or ``error``. ``queue_changed`` comes after any change of any job, by
    whichever program; ``tasks_changed`` after :meth:`reload`.
    """

    ready = Signal()
    tasks_changed = Signal()
    queue_changed = Signal()
    asked_for = Signal(str, object)
    told = Signal(str, str)

    def __init__(self, folders: UserFolders, places: Places = machine_places) -> None:
        super().__init__()
        self.folders = folders
        self.settings = Settings()
        self.registry = Registry(tasks={}, models={}, engines={})
        self.background = Background()
        self.desk = Desk(folders, Background(1, "icl-desk"))
        self.bridge = Bridge(folders, places)
        self.remembered = Remembered(folders)
        self.is_ready = False
        self._changes = -1
        self._looking = QTimer(self, interval=LOOK_MILLIS)
        self._looking.timeout.connect(self._look)
        self._asked = False
        self._queue_problem = ""
        self.background.failed_unheard.connect(self.tell_error)
        self.bridge.failed.connect(self.tell_error)

    @property
    def sets_root(self) -> Path:
        """The folder in which sets are kept."""
        return sets_root(self.settings, self.folders)

    def open(self) -> None:
        """Read settings and plugins; :attr:`ready` follows, whatever they say."""
        self.background.call(self, self._read, self._opened)

    def reload(self) -> None:
        """Read settings and plugins again; :attr:`tasks_changed` follows."""
        self.background.call(self, self._read, self._reloaded)

    def run_queue(self) -> None:
        """Work on what is queued."""
        self.bridge.start(self.registry, self.settings)

    def go(self, page: str, what: Any = None) -> None:
        """Bring the page with the id ``page`` to the front and hand it ``what``."""
        self.asked_for.emit(page, what)

    def tell(self, text: str, kind: str = "info") -> None:
        """Say something above the page; nothing waits for it to be read."""
        self.told.emit(text, kind)

    def tell_error(self, error: Exception) -> None:
        """Say what went wrong, and what mends it where that is known."""
        self.told.emit(error_text(error), "error")

    def look(self) -> None:
        """Ask now whether the queue has changed."""
        self._look()

    def close(self) -> None:
        """End the run, the threads and the connections. Blocks until all of them are gone."""
        self._looking.stop()
        self.bridge.close()
        self.desk.close()
        self.background.close()

    def _read(self) -> tuple[Settings, Registry, list[Problem], UserError | None]:
        """In a thread. Settings that cannot be used are their defaults, and said."""
        broken = None
        try:
            settings, problems = load_settings(self.folders)
        except UserError as error:
            settings, problems, broken = Settings(), [], error
        safe = switched_on(SAFE_MODE_VARIABLE)
        registry = load_registry(self.folders, settings, safe_mode=safe)
        problems = [*problems, *(p for p in registry.problems)]
        return settings, registry, problems, broken

    def _opened(self, found: tuple[Settings, Registry, list[Problem], UserError | None]) -> None:
        self._take(found)
        self.is_ready = True
        self._looking.start()
        self._look()
        self.ready.emit()

    def _reloaded(self, found: tuple[Settings, Registry, list[Problem], UserError | None]) -> None:
        self._take(found)
        self.tasks_changed.emit()

    def _take(self, found: tuple[Settings, Registry, list[Problem], UserError | None]) -> None:
        self.settings, self.registry, problems, broken = found
        if broken is not None:
            self.tell_error(broken)
        for problem in problems:
            self.tell(str(problem), "warning")

    def _look(self) -> None:
        if self._asked:
            return
        self._asked = True
        self.desk.ask(self, Store.changes, self._looked, self._not_looked)

    def _looked(self, changes: int) -> None:
        self._asked = False
        self._queue_problem = ""
        if changes != self._changes:
            self._changes = changes
            self.queue_changed.emit()

    def _not_looked(self, error: Exception) -> None:
        """A queue that cannot be used is said once, not every second."""
        self._asked = False
        if str(error) != self._queue_problem:
            self._queue_problem = str(error)
            self.tell_error(error)


def error_text(error: Exception) -> str:
    """``error`` as sentences: what happened, each finding, and what to do next."""
    if isinstance(error, IclStudioError):
        return str(error)
    return f"{type(error).__name__}: {error}"
