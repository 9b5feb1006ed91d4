"""Which studios (programs that work on the queue) live, told without any clock.

A studio holds a lock file, which the operating system lets go of however the studio ends:
who can take the lock knows that the studio is dead, and its leases are over at once. No
process id, which may be used again, and no time, which may be set back, is asked.

A studio may also be alive and stuck (a stopped process, a disk that hangs), and some disks
know no locks. So each one also counts up its beats, and who has *itself* watched the count
stand still for :data:`STUCK_SECONDS` gives it up as well. That watch adds up at most a second
a look, so that a laptop's sleep is not taken for somebody else's silence. Should a studio
that was given up come to life, its claims have other numbers by then and settle nothing; and
what it saves has its job's id, under which only one set can stand.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from ..errors import StorageProblem
from ..sets import files
from ..sets.locks import Lock
from . import sql
from .claims import give_up
from .database import Database
from .job import now
from .states import State

BEAT_SECONDS: Final = 3.0
STUCK_SECONDS: Final = 60.0

Lost = Callable[[list[tuple[str, State]]], None]


class Studio:
    """This program, registered with the queue while inside; beats in a thread of its own."""

    def __init__(
        self,
        file: Path,
        *,
        beat_seconds: float = BEAT_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
        on_lost: Lost = lambda _: None,
    ) -> None:
        self.id = secrets.token_hex(6)
        self._file = file
        self._beat_seconds = beat_seconds
        self._watch = Watch(stuck_seconds)
        self._on_lost = on_lost
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="beats", daemon=True)
        self._lock = Lock(_lock_file(file, self.id))

    def __enter__(self) -> Self:
        with files.storage("registering with the queue", self._file):
            self._lock.take(wait=True)
        try:
            with Database(self._file) as database:
                with database.write(tell=False) as connection:
                    me = {"id": self.id, "pid": os.getpid(), "began": now()}
                    connection.execute(sql.JOIN, me)
                self._on_lost(reap(database, self.id, self._watch))
        except BaseException:
            self._lock.drop()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)
        try:
            with Database(self._file) as database:
                give_up(database, self.id, "The run ended before it had settled this job.")
        except StorageProblem:
            pass  # the lock goes below, so the next one finds us gone
        finally:
            self._lock.drop()

    def _beat(self) -> None:
        """Count up, and look after the others."""
        while not self._ended.wait(self._beat_seconds):
            try:
                with Database(self._file, durable=False) as database:
                    with database.write(tell=False) as connection:
                        connection.execute(sql.BEAT, {"id": self.id})
                    lost = reap(database, self.id, self._watch)
                if lost:
                    self._on_lost(lost)
            except StorageProblem:
                continue  # a locked database or a full disk: others see us by our lock


class Watch:
    """For how long this program has itself seen each studio's beats stand still."""

    def __init__(self, stuck_seconds: float = STUCK_SECONDS) -> None:
        self._stuck_seconds = stuck_seconds
        self._seen: dict[str, tuple[int, float]] = {}
        self._looked = time.monotonic()

    def look(self, beats: dict[str, int]) -> list[str]:
        """The studios that have stood still for too long, given all studios' beats."""
        moment = time.monotonic()
        passed, self._looked = min(moment - self._looked, BEAT_SECONDS * 2), moment
        seen = {}
        for id, count in beats.items():
            before, still = self._seen.get(id, (count, -passed))
            seen[id] = (count, still + passed if before == count else 0.0)
        self._seen = seen
        return [id for id, (_, still) in seen.items() if still > self._stuck_seconds]


def reap(database: Database, own: str = "", watch: Watch | None = None) -> list[tuple[str, State]]:
    """Give up every studio that is dead or, by ``watch``, stuck; the jobs that were freed."""
    beats = {row["id"]: int(row["beats"]) for row in database.rows(sql.STUDIOS, {"own": own})}
    stuck = set(watch.look(beats)) if watch else set()
    freed: list[tuple[str, State]] = []
    for id in beats:
        if _is_dead(database.file, id):
            freed += give_up(database, id, "ICL Studio was ended while it worked on this job.")
        elif id in stuck:
            freed += give_up(database, id, "ICL Studio did not answer any more.")
    return freed


def _lock_file(file: Path, studio: str) -> Path:
    return file.with_name(f"studio-{studio}.lock")


def _is_dead(file: Path, studio: str) -> bool:
    """Whether nobody holds the studio's lock; where a disk knows no locks, never certain."""
    lock = Lock(_lock_file(file, studio))
    try:
        if not lock.take(wait=False):
            return False
        certain = lock.certain
        lock.drop()
    except OSError:
        return False
    return certain
