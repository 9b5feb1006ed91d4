"""Files that can be computed again: kept whole or not at all, the oldest dropped for room."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

_DIGEST = hashlib.sha256().digest_size
_PARTIAL = ".partial"


class Shelf:
    """At most ``limit`` bytes of files in ``folder`` (None: nothing is kept), by name.

    Safe for several processes and for a death at any moment: a file comes by a rename and begins
    with the sha256 of the rest, so that a cut or damaged one is found out, dropped and computed
    again. Nothing here raises ``OSError``: a shelf that cannot be written is done without.
    """

    def __init__(self, folder: Path | None, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._filled: int | None = None

    def get(self, name: str) -> bytes | None:
        """The content of ``name``; None where there is none, or none that is whole."""
        if self._folder is None:
            return None
        path = self._folder / name
        try:
            found = path.read_bytes()
        except OSError:
            return None
        data = found[_DIGEST:]
        if hashlib.sha256(data).digest() != found[:_DIGEST]:
            log.warning("%s is damaged and is dropped", path)
            self.drop(name)
            return None
        with suppress(OSError):
            os.utime(path)  # used last now, so dropped last
        return data

    def put(self, name: str, data: bytes) -> None:
        """Keep ``data`` as ``name``; what was there is replaced."""
        if self._folder is None or len(data) > self._limit:
            return
        path = self._folder / name
        spare = path.with_name(f"{name}.{secrets.token_hex(4)}{_PARTIAL}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            spare.write_bytes(hashlib.sha256(data).digest() + data)
            os.replace(spare, path)  # noqa: PTH105
        except OSError as error:
            log.warning("%s is not kept: %s", path, error)
            with suppress(OSError):
                spare.unlink()
            return
        self._make_room(len(data) + _DIGEST)

    def drop(self, name: str) -> None:
        """Forget ``name``, if it is there."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / name).unlink()

    def _make_room(self, added: int) -> None:
        """Drop the files used longest ago; looks into the folder only when it may be full.

        A tenth more than needed goes, so that a full shelf is not looked through every time.
        """
        if self._filled is not None:
            self._filled += added
            if self._filled <= self._limit:
                return
        assert self._folder is not None
        files = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    stat = entry.stat()
                    files.append((stat.st_mtime_ns, stat.st_size, entry.path))
        self._filled = sum(size for _, size, _ in files)
        if self._filled <= self._limit:
            return
        for _, size, path in sorted(files):
            with suppress(OSError):
                Path(path).unlink()
                self._filled -= size
            if self._filled <= self._limit * 0.9:
                return
