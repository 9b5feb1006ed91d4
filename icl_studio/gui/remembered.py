"""What the window remembers from one start to the next: its place, drafts, presets.

One JSON file each, written as a whole in a thread, so that a crash leaves the last one. A file
that cannot be read is set aside under another name and said: nothing is lost over it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import StorageProblem, UserError
from ..paths import UserFolders
from ..settings import write_json


class Remembered:
    """Named JSON objects in the user's folder ``window``. Not thread-bound; it keeps nothing."""

    def __init__(self, folders: UserFolders) -> None:
        self.folder = folders.data / "window"

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def load(self, name: str) -> dict[str, Any]:
        """The object called ``name``; empty where there is none.

        Raises :class:`UserError` for a file that is no JSON object; it has then been renamed.
        """
        file = self.file(name)
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageProblem(
                f"{file} cannot be read: {error.strerror or error}.", fix="Check its permissions."
            ) from error
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            return data
        raise self.set_aside(name)

    def save(self, name: str, data: dict[str, Any]) -> None:
        """Replace the object called ``name``; raises :class:`StorageProblem`."""
        write_json(self.file(name), data)

    def set_aside(self, name: str) -> UserError:
        """Rename a file that cannot be used; the error that says so."""
        file = self.file(name)
        aside = file.with_suffix(".broken.json")
        try:
            file.replace(aside)
        except OSError as error:
            return StorageProblem(
                f"{file} is damaged and cannot be moved away: {error.strerror or error}.",
                fix="Remove that file.",
            )
        return UserError(
            f"What the window remembered in {file.name} was damaged and is kept as {aside}.",
            fix="Nothing needs to be done; the window starts afresh with it.",
        )
