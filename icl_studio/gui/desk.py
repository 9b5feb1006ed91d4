"""Asking the queue: one thread with one connection, so that questions keep their order.

SQLite is quick, but a disk may not be, and another program may hold the file: the window
never waits for either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject

from ..paths import UserFolders
from ..queue.database import Database, queue_file
from ..queue.store import Store
from .background import Background, Failed

T = TypeVar("T")


class Desk:
    """The queue's store behind a thread of its own; opened when first asked."""

    def __init__(self, folders: UserFolders, background: Background) -> None:
        self._folders = folders
        self._background = background
        self._database: Database | None = None

    def ask(
        self,
        owner: QObject,
        question: Callable[[Store], T],
        done: Callable[[T], None] = lambda _: None,
        failed: Failed | None = None,
    ) -> None:
        """``question`` of the store; the answer to ``done`` in the window's thread."""
        self._background.call(owner, lambda: question(self._store()), done, failed)

    @property
    def busy(self) -> bool:
        return self._background.busy

    def close(self) -> None:
        """Close the connection, in the thread that opened it, and end that thread."""
        self._background.close(last=self._close_database)

    def wait(self, seconds: float = 60.0) -> bool:
        return self._background.wait(seconds)

    def _store(self) -> Store:
        if self._database is None:
            self._database = Database(queue_file(self._folders))
        return Store(self._database)

    def _close_database(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
