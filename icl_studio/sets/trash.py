"""Deleting sets so that it can be undone: into the system's trash, found there again by id.

Where the system has no trash (a server, a network disk), sets go to a hidden folder
``.deleted`` beside the others, and stay there until somebody removes it.
"""

from __future__ import annotations

import errno
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..domain.problems import Frozen
from ..errors import NotFound, StorageProblem
from . import files
from .library import id_of
from .locks import locked
from .naming import numbered
from .record import is_set_folder
from .trash_places import companion, serves, trash_places

OWN_TRASH = ".deleted"
KEPT = 2000
"""How many deletions are remembered."""


class Deleted(Frozen):
    """A set that was deleted: where it stood, and where it lies if not in the system's trash."""

    id: str
    folder: Path
    when: str
    lies: Path | None = None


_LIST: TypeAdapter[list[Deleted]] = TypeAdapter(list[Deleted])


class Trash:
    """Deletes sets under ``root`` and brings them back; ``ledger`` remembers where they stood."""

    def __init__(self, root: Path, ledger: Path) -> None:
        self.root = root.absolute()
        self.ledger = ledger

    def delete(self, folder: Path) -> Deleted:
        """Move the set in ``folder`` to the trash.

        Raises :class:`NotFound` where there is no set, :class:`StorageProblem` where it
        cannot be moved; then it stands where it stood.
        """
        folder = folder.absolute()
        if not is_set_folder(folder):
            raise NotFound(f"There is no set in {folder}.", fix="It may have been moved.")
        deleted = Deleted(
            id=id_of(folder) or folder.name,
            folder=folder,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with files.storage("deleting a set", folder):
            # Remembered first: a crash in between leaves a note too much, not a set too few.
            self._remember(deleted)
            try:
                if not _to_system_trash(folder):
                    lies = self._to_own_trash(folder)
                    self._forget(deleted)
                    deleted = deleted.model_copy(update={"lies": lies})
                    self._remember(deleted)
            except BaseException:
                self._forget(deleted)
                raise
        return deleted

    def restore(self, set_id: str) -> Path:
        """Bring back the set that was deleted last under this id; the folder where it stands.

        That is where it stood, or beside it when the name has been taken. Raises
        :class:`NotFound` when it is not in the trash any more, and :class:`StorageProblem`.
        """
        fitting = [deleted for deleted in self.deleted() if deleted.id == set_id]
        if not fitting:
            raise NotFound(
                f"No set {set_id!r} was deleted.", fix="Run: icl-studio sets restore, for the list."
            )
        deleted = fitting[0]
        lies = _find(deleted)
        if lies is None:
            if is_set_folder(deleted.folder) and id_of(deleted.folder) == set_id:
                self._forget(deleted)  # brought back by hand, or never moved: a crash
                return deleted.folder
            raise NotFound(
                f"The set {set_id} is not in the trash any more.",
                fix="The trash may have been emptied; a backup is what is left.",
            )
        with files.storage("restoring a set", deleted.folder):
            parent = deleted.folder.parent
            files.make_folders(parent)
            target = parent / numbered(deleted.folder.name, lambda n: (parent / n).exists())
            _move(lies, target)
            with suppress(OSError):  # the trash's note of a file that is no longer there
                companion(lies).unlink(missing_ok=True)
            self._forget(deleted)
        return target

    def deleted(self) -> list[Deleted]:
        """What was deleted, latest first. Raises :class:`StorageProblem` for a damaged ledger."""
        try:
            return _LIST.validate_json(self.ledger.read_bytes())[::-1]
        except FileNotFoundError:
            return []
        except (OSError, ValidationError) as error:
            raise StorageProblem(
                f"The list of deleted sets cannot be read: {self.ledger}.",
                fix="Remove that file; the sets themselves lie in the system's trash.",
            ) from error

    def _to_own_trash(self, folder: Path) -> Path:
        place = self.root / OWN_TRASH
        files.make_folders(place)
        target = place / numbered(folder.name, lambda name: (place / name).exists())
        _move(folder, target)
        return target

    def _remember(self, deleted: Deleted) -> None:
        self._change(lambda all_: [*all_, deleted][-KEPT:])

    def _forget(self, deleted: Deleted) -> None:
        self._change(lambda all_: [other for other in all_ if other != deleted])

    def _change(self, change: Callable[[list[Deleted]], list[Deleted]]) -> None:
        files.make_folders(self.ledger.parent)
        with locked(self.ledger.parent, self.ledger.name):
            try:
                old = self.deleted()[::-1]
            except StorageProblem:
                # Set aside, so that a damaged note stops nobody from deleting.
                with suppress(OSError):
                    self.ledger.rename(self.ledger.with_suffix(".damaged"))
                old = []
            new = [item.model_dump(mode="json") for item in change(old)]
            files.replace_text(self.ledger, json.dumps(new, indent=1, ensure_ascii=False) + "\n")


def _to_system_trash(folder: Path) -> bool:
    """Whether the system's trash took the folder; where it did not, nothing has happened."""
    if not serves(folder):
        return False
    from send2trash import send2trash  # type: ignore[import-untyped]

    # Send2Trash raises OSError and its kinds, and on Windows whatever COM raises.
    try:
        send2trash(str(folder))
    except Exception:  # noqa: BLE001  another trash stands ready; what it says does not matter
        return not folder.exists()
    return not folder.exists()


def _find(deleted: Deleted) -> Path | None:
    """Where the set lies now: in our own trash, or in one of the system's."""
    if deleted.lies is not None:
        return deleted.lies if is_set_folder(deleted.lies) else None
    named: Path | None = None
    for folder in _trashed(deleted.folder):
        found = id_of(folder)
        if found == deleted.id:
            return folder
        if found is None and folder.name.startswith(deleted.folder.name):
            named = named or folder  # a damaged record, known by its folder's name alone
    return named


def _trashed(folder: Path) -> Iterator[Path]:
    for place in trash_places(folder):
        with suppress(OSError):
            yield from sorted(inner for inner in place.iterdir() if is_set_folder(inner))


def _move(source: Path, target: Path) -> None:
    """Move a folder, in one step where it stays on its disk; raises ``OSError``."""
    try:
        files.rename_folder(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV and sys.platform != "win32":
            raise
        partial = target.with_name(f".partial-{target.name}")
        try:
            shutil.copytree(source, partial, symlinks=True)
            files.rename_folder(partial, target)
        finally:
            files.remove_tree(partial)
        files.remove_tree(source)
