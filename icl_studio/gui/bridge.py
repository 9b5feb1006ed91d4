"""The queue's run behind Qt signals: started, stopped, heard; never waited for.

A run lives in a thread of its own and its workers in processes of their own. What they say
arrives here as signals in the window's thread. A worker stays warm for
:data:`WARM_SECONDS` after its last set, so that the next one begins at once, and is then let
go with its memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from ..domain.events import Event, Progress, Started
from ..domain.events import Final as FinalEvent
from ..domain.request import SetRequest
from ..engines.protocol import EngineOptions
from ..paths import UserFolders
from ..plugins import Registry
from ..queue.places import own_places
from ..queue.running import Report, Run
from ..settings import Settings
from ..worker.executor import Placed
from .headstart import HeadStart, Places

WARM_SECONDS: Final = 300

Phase = Literal["off", "starting", "working", "warm", "stopping"]


def machine_places(folders: UserFolders, settings: Settings) -> Sequence[Placed]:
    """A worker for each graphics card, or one; asks the driver, so call it in a thread."""
    options = EngineOptions(device=settings.device, dtype=settings.dtype, memory=settings.memory)
    return own_places(folders, options)


class Bridge(QObject):
    """This window's run of the queue.

    ``heard`` carries the domain's events, ``phase_changed`` says that :attr:`phase` did,
    ``ended`` carries the :class:`~icl_studio.queue.running.Report` of a run that is over, and
    ``failed`` the exception of one that could not go on.
    """

    heard = Signal(object)
    phase_changed = Signal()
    ended = Signal(object)
    failed = Signal(object)
    _over = Signal(object)
    _dropped = Signal()

    def __init__(self, folders: UserFolders, places: Places = machine_places) -> None:
        super().__init__()
        self._folders = folders
        self._places = places
        self._ahead = HeadStart(folders, places)
        self._run: Run | None = None
        self._placed: Sequence[Placed] = ()
        self._thread: threading.Thread | None = None
        self._again: tuple[Registry, Settings] | None = None
        self._open: set[str] = set()
        self.phase: Phase = "off"
        self.device = ""
        self._cooling = QTimer(self, singleShot=True, interval=WARM_SECONDS * 1000)
        self._cooling.timeout.connect(self.stop)
        self.heard.connect(self._heard)
        self._over.connect(self._is_over)
        self._dropped.connect(self.phase_changed)

    @property
    def previews(self) -> Path:
        """Where small pictures of sets under way are written."""
        return self._folders.cache / "previews"

    @property
    def running(self) -> bool:
        """Whether a run is on, be it at work, warm or about to stop."""
        return self._thread is not None

    @property
    def memory(self) -> int | None:
        """Bytes that the workers occupy, None while they have not said."""
        said = [getattr(placed.place, "memory", None) for placed in self._placed]
        known = [bytes_ for bytes_ in said if bytes_ is not None]
        return sum(known) if known else None

    @property
    def ahead(self) -> bool:
        """Whether a worker loads ahead of a run that has not begun."""
        return self._ahead.on

    def prepare(
        self, registry: Registry, settings: Settings, asked: Callable[[], SetRequest]
    ) -> None:
        """Have a worker load what a set will need that is likely to be asked for soon.

        Nothing of the queue is begun; the next run takes the worker over. It is let go after
        :data:`WARM_SECONDS` without one. ``asked`` is called in a thread.
        """
        if not self.running:
            self._ahead.begin(registry, settings, asked)
            self._cooling.start()
            self.phase_changed.emit()

    def start(self, registry: Registry, settings: Settings) -> None:
        """Work on the queue; a run that is stopping is followed by a new one."""
        if self.running:
            if self.phase == "stopping":
                self._again = (registry, settings)
            return
        self._cooling.stop()  # what was counted for a worker ahead is not this run's
        self._set("starting")
        self._thread = threading.Thread(
            target=self._go, args=(registry, settings), name="icl-run", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop between two steps; what is under way goes back to the queue."""
        self._cooling.stop()
        self._again = None
        if self._ahead.on and not self.running:
            threading.Thread(target=self._let_go, name="icl-stop", daemon=True).start()
        if self.running and self.phase != "stopping":
            self._set("stopping")
            run = self._run
            if run is not None:
                # A stop takes locks that the run's own threads may hold for a moment.
                threading.Thread(target=run.stop, name="icl-stop", daemon=True).start()

    def kill(self) -> None:
        """Stop at once; blocks for a moment. Sets under way are made again later."""
        run = self._run
        if run is not None:
            run.kill()

    def close(self, seconds: float = 20.0) -> None:
        """Stop and wait until every process is gone, at most ``seconds`` and then by force."""
        self._ahead.drop()
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
            if thread.is_alive():
                self.kill()
                thread.join(10.0)

    def _go(self, registry: Registry, settings: Settings) -> None:
        """In a thread of its own."""
        try:
            ahead = self._ahead.take(settings)
            self._placed = ahead or self._places(self._folders, settings)
            run = Run(
                self._folders,
                registry,
                self._placed,
                stay=True,
                previews=self.previews,
                on_event=self.heard.emit,
            )
            self._run = run
            if self.phase == "stopping":
                run.stop()
            result: Report | Exception = run.go()
        except Exception as error:  # noqa: BLE001 - told by whoever hears `failed`
            result = error
        self._over.emit(result)

    def _let_go(self) -> None:
        self._ahead.drop()
        self._dropped.emit()

    def _is_over(self, result: Report | Exception) -> None:
        if self._thread is not None:
            self._thread.join()
        again, self._again = self._again, None
        self._thread, self._run, self._placed = None, None, ()
        self._open.clear()
        self._cooling.stop()
        self._set("off")
        failure = result if isinstance(result, Exception) else result.failure
        if failure is not None:
            self.failed.emit(failure)
        if isinstance(result, Report):
            self.ended.emit(result)
        if again is not None:
            self.start(*again)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Started):
            self.device = event.device
        if isinstance(event, Started | Progress):
            self._open.add(event.job)
        elif isinstance(event, FinalEvent):
            self._open.discard(event.job)
        if self.phase == "stopping":
            return
        self._cooling.start()
        self._set("working" if self._open else "warm")

    def _set(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase = phase
            self.phase_changed.emit()
