"""Which jobs are to be stopped: written by the reading thread, asked between two steps."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event, Lock


class Cancellation:
    """Thread-safe. Cancelling everything means every job announced so far, none after it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: set[str] = set()
        self._cancelled: set[str] = set()
        self._closing = Event()

    def announce(self, jobs: Iterable[str]) -> None:
        """These jobs were asked for; a cancel that comes after this reaches them."""
        with self._lock:
            self._open.update(jobs)

    def cancel(self, job: str | None) -> None:
        """Stop ``job``, or with None everything announced; an unknown job is ignored."""
        with self._lock:
            self._cancelled |= self._open if job is None else self._open & {job}

    def close(self) -> None:
        """Nobody waits for any result any more: stop everything, now and later.

        Takes no lock, so a signal handler may call it.
        """
        self._closing.set()

    def settle(self, job: str) -> None:
        """``job`` came to its end and can be forgotten."""
        with self._lock:
            self._open.discard(job)
            self._cancelled.discard(job)

    def __contains__(self, job: str) -> bool:
        if self._closing.is_set():
            return True
        with self._lock:
            return job in self._cancelled
