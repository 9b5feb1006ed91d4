"""Sample sheets on demand: a file in the run's folder asks for them, the trainer looks for it.

Whoever trains in the folder looks, be it a worker of the queue, of another window or of a
terminal, and asking twice is asking once. A wish outlives a crash, as the run does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import TrainingStopped, UserError
from ..sets.files import replace_text, storage
from .record import RunRecord, read_job, read_run

WISH_FILE: Final = "sample-now"


def ask_for_samples(folder: Path) -> RunRecord:
    """Have the run in ``folder`` draw its sample sheets after the step under way.

    Always of the same captions and seeds, so the run's adapter is the same with or without.
    Raises ``NotFound`` for no run, ``TrainingStopped`` where nobody trains, ``UserError`` where
    the recipe has no samples, ``StorageProblem``.
    """
    record = read_run(folder)
    if record.state != "running":
        raise TrainingStopped(
            f"Nobody trains in {folder} now; the run is {record.state}.",
            fix="Samples are drawn by a run while it goes on.",
        )
    if not read_job(folder).samples:
        raise UserError(
            f"The recipe of the run in {folder} has no samples.",
            fix='Start a run whose recipe has "samples": 1 or more.',
        )
    with storage("asking for samples", folder):
        replace_text(folder / WISH_FILE, "Sample sheets are wanted after the step under way.\n")
    return record


def samples_wanted(folder: Path) -> bool:
    """Whether somebody asked, and has no answer yet."""
    return (folder / WISH_FILE).is_file()


def answer_wish(folder: Path) -> None:
    """Nobody waits for samples any more; raises ``OSError`` where the wish cannot be removed."""
    (folder / WISH_FILE).unlink(missing_ok=True)
