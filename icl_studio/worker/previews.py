"""Small pictures of a set under way, at most two a second."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from PIL.Image import Image

log = logging.getLogger(__name__)
INTERVAL = 0.5
STALE_SECONDS = 24 * 3600.0


class Previews:
    """Writes previews of one job into ``folder``: whole files only, gone when it ends.

    Every preview has its own name, because Windows cannot replace a picture that a window
    is just reading.
    """

    def __init__(self, folder: Path | None, job: str) -> None:
        self._folder = folder
        self._job = job
        self._due = 0.0
        self._written: list[Path] = []

    @property
    def due(self) -> bool:
        """Whether a preview is wanted now; asked before one is computed."""
        return self._folder is not None and time.monotonic() >= self._due

    def write(self, picture: Image, step: int) -> str | None:
        """Write ``picture``; its path, or None when the disk refuses (a preview is no duty)."""
        if self._folder is None:
            return None
        self._due = time.monotonic() + INTERVAL
        path = self._folder / f"{self._job}-{step:04}.png"
        part = path.with_suffix(".part")
        try:
            if not self._written:
                self._folder.mkdir(parents=True, exist_ok=True)
                _sweep(self._folder)
            picture.save(part, format="PNG", compress_level=1)
            part.replace(path)
        except OSError as error:
            log.warning("no preview of %s: %s", self._job, error)
            part.unlink(missing_ok=True)
            return None
        self._written.append(path)
        return str(path)

    def clear(self) -> None:
        """Remove what was written; a file that a window holds open on Windows stays."""
        for path in self._written:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("preview %s stays: %s", path, error)
        self._written.clear()


def _sweep(folder: Path) -> None:
    """Remove what workers that were killed have left here, a day later."""
    for path in folder.iterdir():
        old = time.time() - path.stat().st_mtime > STALE_SECONDS
        if old and path.suffix in (".png", ".part"):
            path.unlink(missing_ok=True)
