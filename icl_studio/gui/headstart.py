"""A worker that loads what the first set will need while somebody still reads the welcome.

Nothing of the queue is begun for it. The first run takes it over; where none comes, it is let go.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from ..domain.request import SetRequest
from ..generate.planning import Place, plan
from ..paths import UserFolders
from ..plugins import Registry
from ..settings import Settings
from ..worker.executor import Placed
from ..worker.supervisor import Supervisor

log = logging.getLogger(__name__)

Places = Callable[[UserFolders, Settings], Sequence[Placed]]


class HeadStart:
    """At most one worker ahead of its run; every method may be called in any thread."""

    def __init__(self, folders: UserFolders, places: Places) -> None:
        self._folders = folders
        self._places = places
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._unwanted = threading.Event()
        self._settings: Settings | None = None
        self._placed: Sequence[Placed] = ()

    @property
    def on(self) -> bool:
        """Whether there is such a worker, or is about to be one."""
        return self._thread is not None

    def begin(
        self, registry: Registry, settings: Settings, asked: Callable[[], SetRequest]
    ) -> None:
        """Start a worker for what ``asked()`` will say, which is called in a thread.

        Never blocks: nothing is begun while one is being taken over or let go.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._thread is not None:
                return
            self._unwanted.clear()
            self._thread = threading.Thread(
                target=self._load, args=(registry, settings, asked), name="icl-ahead", daemon=True
            )
            self._thread.start()
        finally:
            self._lock.release()

    def take(self, settings: Settings) -> Sequence[Placed]:
        """Hand the places over to a run; none where there are none, or for other settings.

        Waits until the worker has been told what to load, which is a moment after its start.
        """
        with self._lock:
            if self._thread is None:
                return ()
            self._thread.join()
            placed, self._placed, self._thread = self._placed, (), None
            if settings == self._settings:
                return placed
        _end(placed)
        return ()

    def drop(self) -> None:
        """End the worker, if nobody has taken it over. Blocks for a moment."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._unwanted.set()
            for one in self._placed:
                one.place.kill()
            thread.join()
            _end(self._placed)  # one that was started in that very moment too
            self._placed = ()

    def _load(
        self, registry: Registry, settings: Settings, asked: Callable[[], SetRequest]
    ) -> None:
        try:
            self._settings, self._placed = settings, self._places(self._folders, settings)
            first = self._placed[0]
            place = Place(self._folders.sets, options=first.options)
            (job,) = plan([asked()], registry, self._folders, place)
            if isinstance(first.place, Supervisor) and not self._unwanted.is_set():
                first.place.prepare(job)
        except Exception:
            # Only a head start: the set itself meets the same error, and tells it.
            log.exception("no worker could be started ahead")


def _end(placed: Sequence[Placed]) -> None:
    """At once: a worker that only loads has nothing to lose."""
    for one in placed:
        one.place.kill()
        one.place.close()
