"""Work that blocks, kept off the window's thread; its answers come back on it.

A file, a database, a checksum, a picture to decode: anything that may wait goes through
:meth:`Background.call`. What it computes is handed to ``done`` in the window's thread, unless
the one who asked has been closed meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, Signal
from shiboken6 import isValid

T = TypeVar("T")
Failed = Callable[[Exception], None]


class Background(QObject):
    """A few threads for work that blocks. ``failed_unheard`` tells of errors nobody took."""

    failed_unheard = Signal(object)
    _answered = Signal(object)

    def __init__(self, workers: int = 3, name: str = "icl-work", parent: Any = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._pending = 0
        self._closed = False
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def call(
        self,
        owner: QObject,
        work: Callable[[], T],
        done: Callable[[T], None] = lambda _: None,
        failed: Failed | None = None,
    ) -> None:
        """Do ``work`` in a thread; then ``done`` or ``failed`` in the window's, if ``owner`` lives.

        An exception that no ``failed`` takes goes to :attr:`failed_unheard`.
        """
        if self._closed:
            return
        with self._lock:
            self._pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda f: self._finished(owner, f, done, failed))

    @property
    def busy(self) -> bool:
        """Whether something was asked that has not been answered yet."""
        return self._pending > 0

    def wait(self, seconds: float = 60.0) -> bool:
        """Let the window live until everything asked is answered; for tests and pictures."""
        end = time.monotonic() + seconds
        while self.busy and time.monotonic() < end:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        return not self.busy

    def close(self, last: Callable[[], None] | None = None) -> None:
        """Take nothing new and wait for what was asked; ``last`` is done in a thread of ours."""
        if self._closed:
            return
        self._closed = True
        if last is not None:
            self._pool.submit(last)
        self._pool.shutdown(wait=True, cancel_futures=last is None)

    def _finished(
        self,
        owner: QObject,
        future: Future[Any],
        done: Callable[[Any], None],
        failed: Failed | None,
    ) -> None:
        """In the thread that worked: send the answer over."""
        if self._closed or not isValid(self):
            return

        def deliver() -> None:
            if future.cancelled() or not isValid(owner):
                return
            error = future.exception()
            if error is None:
                done(future.result())
            elif not isinstance(error, Exception):
                raise error
            elif failed is not None:
                failed(error)
            else:
                self.failed_unheard.emit(error)

        self._answered.emit(deliver)

    def _deliver(self, deliver: Callable[[], None]) -> None:
        with self._lock:
            self._pending -= 1
        deliver()
