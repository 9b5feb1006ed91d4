"""What a user does to sets: rating, tagging, deleting. Every step has its way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from ...domain.caption import CaptionTemplate
from ...domain.problems import UserError
from ...errors import NotFound
from ...sets.assemble import Choice, assemble
from ...sets.index import Index, SetRow
from ...sets.rate import put_rating, rate, rated
from ...sets.record import Rating, is_set_folder, read_record
from ...sets.tags import put_tags, tagged
from ..texts import tr, trn
from .shelf import Shelf

STEPS = 200
"""How many steps back there are."""


class Done(NamedTuple):
    """What a step has done: rows that are different now, keys that have gone, errors, and how
    many sets stand again that were not listed."""

    rows: list[SetRow]
    gone: list[int]
    errors: list[UserError]
    returned: int = 0


@dataclass(frozen=True)
class Step:
    """A step and its way back; both run in the shelf's thread."""

    words: str
    go: Callable[[Index], Done]
    back: Callable[[Index], Done]


class Curator(QObject):
    """Carries out steps one after the other, in the shelf's thread.

    ``changed(rows)``, ``gone(keys)`` and ``failed(errors)`` follow; ``returned`` when sets
    stand again that were not listed.
    """

    changed = Signal(object)
    gone = Signal(object)
    returned = Signal()
    assembled = Signal(object)
    failed = Signal(object)

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf
        self._past: list[Step] = []
        self._future: list[Step] = []
        self._under_way = 0
        self._rows: dict[int, SetRow] = {}

    @property
    def last(self) -> str:
        """What would be undone, in words; empty without anything."""
        return self._past[-1].words if self._past else ""

    def rate(self, rows: Sequence[SetRow], word: str) -> None:
        """Give ``word`` (see :mod:`icl_studio.sets.rate`) to these sets."""
        before: dict[Path, Rating] = {}

        def go(folder: Path) -> None:
            before.setdefault(folder, read_record(folder).rating)
            rate(folder, word)

        def back(folder: Path) -> None:
            if folder in before:
                put_rating(folder, before[folder])

        words = trn("rating of {n} set", "ratings of {n} sets", len(rows))
        self._do(_step(words, rows, go, back))
        # Shown at once: the disk follows.
        self.changed.emit(
            [row._replace(rating=rated(row.rating, word)) for row in rows if not row.read_only]
        )

    def tag(self, rows: Sequence[SetRow], tags: Sequence[str]) -> None:
        """Make ``tags`` the tags of these sets; raises :class:`UserError` for a wrong one."""
        wanted = tagged((), tags)
        before: dict[Path, tuple[str, ...]] = {}

        def go(folder: Path) -> None:
            before.setdefault(folder, read_record(folder).tags)
            put_tags(folder, wanted)

        def back(folder: Path) -> None:
            if folder in before:
                put_tags(folder, before[folder])

        words = trn("tags of {n} set", "tags of {n} sets", len(rows))
        self._do(_step(words, rows, go, back))

    def delete(self, rows: Sequence[SetRow]) -> None:
        """Move these sets to the trash."""
        trash = self._shelf.trash
        deleted: list[str] = []

        def go(folder: Path) -> None:
            deleted.append(trash.delete(folder).id)

        def back(index: Index) -> Done:
            ids = deleted[::-1]
            deleted.clear()
            return _restored(index, trash.restore, ids)

        words = trn("{n} set deleted", "{n} sets deleted", len(rows))
        self._do(Step(words, _step(words, rows, go, go).go, back))

    def assemble(self, choices: Sequence[Choice], template: CaptionTemplate | None) -> None:
        """Save a best-of set; ``assembled(folder)`` follows. Taken back, it goes to the trash."""
        made: list[Path] = []

        def go(index: Index) -> Done:
            made.append(assemble(self._shelf.root, choices, template=template))
            index.note(made[-1])
            self.assembled.emit(made[-1])
            return Done([], [], [], returned=1)

        def back(index: Index) -> Done:
            return (
                _each(index, [made.pop()], self._shelf.trash.delete) if made else Done([], [], [])
            )

        self._do(Step(tr("best-of set"), go, back))

    def undo(self) -> str:
        """Take the last step back; what it was, empty where there was none."""
        if not self._past:
            return ""
        step = self._past.pop()
        self._future.append(step)
        self._run(step.back)
        return step.words

    def redo(self) -> str:
        """Do again what was taken back."""
        if not self._future:
            return ""
        step = self._future.pop()
        self._past.append(step)
        self._run(step.go)
        return step.words

    def _do(self, step: Step) -> None:
        self._past = [*self._past[-STEPS + 1 :], step]
        self._future.clear()
        self._run(step.go)

    def _run(self, work: Callable[[Index], Done]) -> None:
        self._under_way += 1
        self._shelf.ask(self, work, self._finished, self._stopped)

    def _finished(self, done: Done) -> None:
        self._under_way -= 1
        self._rows |= {row.key: row for row in done.rows}
        if not self._under_way:
            # Only now: an earlier step's answer must not be shown over a later step's.
            rows, self._rows = list(self._rows.values()), {}
            self.changed.emit(rows)
        if done.gone:
            self.gone.emit(done.gone)
        if done.returned:
            self.returned.emit()
        if done.errors:
            self.failed.emit(done.errors)

    def _stopped(self, error: Exception) -> None:
        self._under_way -= 1
        self.failed.emit([error])


def _step(
    words: str,
    rows: Sequence[SetRow],
    go: Callable[[Path], object],
    back: Callable[[Path], object],
) -> Step:
    folders = [row.folder for row in rows]
    return Step(
        words,
        lambda index: _each(index, folders, go),
        lambda index: _each(index, folders, back),
    )


def _each(index: Index, folders: Sequence[Path], change: Callable[[Path], object]) -> Done:
    """The change to each by itself: one that fails stops no other."""
    done = Done([], [], [])
    for folder in folders:
        key = index.key_of(folder)
        try:
            if not is_set_folder(folder):
                raise NotFound(
                    tr("The set {name} is not there any more.", name=folder.name),
                    fix=tr("It was moved or deleted meanwhile."),
                )
            change(folder)
        except UserError as error:
            done.errors.append(error)
        index.note(folder)
        found = index.rows([key]) if key is not None else {}
        done.rows.extend(found.values())
        if key is not None and not found:
            done.gone.append(key)
    return done


def _restored(index: Index, restore: Callable[[str], Path], ids: Sequence[str]) -> Done:
    errors: list[UserError] = []
    back = 0
    for set_id in ids:
        try:
            index.note(restore(set_id))
            back += 1
        except UserError as error:
            errors.append(error)
    return Done([], [], errors, returned=back)
