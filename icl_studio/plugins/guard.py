"""What remembers a plugin that took the whole program down.

While a third-party plugin is being loaded, a small locked file in the cache names it. A
process that dies frees the lock and leaves the file, so the next start knows whom to
suspect, and another process that is loading at this moment is not mistaken for a dead one.
A suspect is left out until it is enabled again or its version changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..domain.problems import Problem
from ..errors import StorageProblem
from ..settings import write_json
from .info import PluginInfo

_FAR = 1 << 30
"""Where Windows locks a byte: beyond the text, which stays readable."""


class LoadGuard:
    """Marks which plugin is being loaded, and knows which ones a start died of.

    Everything here is best effort: where the cache cannot be written, plugins load
    without a guard.
    """

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "plugins"
        self._suspects_file = self._folder / "suspects.json"
        self._suspects = self._read_suspects()
        self._collect_leftovers()

    def suspicion(self, info: PluginInfo) -> Problem | None:
        """Why ``info`` must not be loaded, or None: the last start died while loading it."""
        if self._suspects.get(info.name) != _identity(info):
            return None
        return Problem(
            where="loading",
            what="the program ended while this plugin was being loaded, so it is left out.",
            fix=f"Update or uninstall it, or try again with `icl-studio plugins enable "
            f"{info.name}`; `icl-studio --safe-mode` starts without any foreign plugin.",
        )

    def trust(self, name: str) -> bool:
        """Forget the suspicion against ``name``; whether there was one."""
        if name not in self._suspects:
            return False
        del self._suspects[name]
        write_json(self._suspects_file, self._suspects)
        return True

    @contextlib.contextmanager
    def loading(self, info: PluginInfo) -> Iterator[None]:
        """Name ``info`` on disk for as long as the block runs."""
        marker = self._folder / f"loading-{os.getpid()}-{id(info):x}.json"
        stream = _create(marker, json.dumps({"name": info.name, "is": _identity(info)}))
        try:
            yield
        finally:
            if stream is not None:
                with contextlib.suppress(OSError):
                    # Emptied before it is unlocked: an unlocked text would be a suspicion.
                    stream.truncate(0)
                    stream.close()
                    marker.unlink()

    def _read_suspects(self) -> dict[str, str]:
        try:
            data = json.loads(self._suspects_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def _collect_leftovers(self) -> None:
        """Turn the markers of processes that died into suspicions."""
        with contextlib.suppress(OSError, StorageProblem):
            for marker in sorted(self._folder.glob("loading-*.json")):
                left = _left_by_the_dead(marker)
                if left is None:
                    continue
                if isinstance(left.get("name"), str):
                    self._suspects[left["name"]] = str(left.get("is"))
                    write_json(self._suspects_file, self._suspects)
                marker.unlink(missing_ok=True)


def _identity(info: PluginInfo) -> str:
    return f"{info.distribution} {info.version} {info.module}"


def _create(marker: Path, text: str) -> IO[str] | None:
    """The locked, open marker; None where the cache cannot be written."""
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        stream = marker.open("w", encoding="utf-8")
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if _lock(stream):
            stream.write(text)
            # A crash loses what is in Python's buffer, not what the system has.
            stream.flush()
            return stream
    # A disk without locks, or a full one: nobody could tell this marker from a dead one's.
    with contextlib.suppress(OSError):
        stream.close()
    with contextlib.suppress(OSError):
        marker.unlink()
    return None


def _left_by_the_dead(marker: Path) -> dict[str, Any] | None:
    """What a dead process's marker says; None when its process is alive."""
    with marker.open("r+", encoding="utf-8") as stream:
        if not _lock(stream):
            return None
        try:
            data = json.loads(stream.read() or "{}")
        except ValueError:
            data = {}
    return data if isinstance(data, dict) else {}


def _lock(stream: IO[str]) -> bool:
    """Take the file's lock if nobody has it; it goes with the process."""
    if sys.platform == "win32":
        import msvcrt

        try:
            stream.seek(_FAR)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            stream.seek(0)
    else:
        import fcntl

        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True
