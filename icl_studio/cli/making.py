"""What ``make``, ``demo`` and ``verify`` share: the bar while a worker works, and the result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.text import Text

from ..errors import JobCancelled, UserError
from .console import emit_json, err, out, warn
from .failures import error_json

if TYPE_CHECKING:
    from ..domain.events import Event
    from ..generate.running import Outcome
    from ..worker.protocol import GenerateJob

_PHASES = {
    "load": "loading the model",
    "encode": "reading the texts",
    "denoise": "drawing",
    "decode": "developing",
    "save": "saving",
}
STOPPED = 130


class Bar:
    """A progress bar on stderr over all jobs, with the time left that the worker estimates.

    Without a terminal it is silent. With ``lines``, every finished set's folder is printed
    on stdout at once, so that a script can use it while the others are made.
    """

    def __init__(self, *, enabled: bool, lines: bool) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._shown = enabled and err.is_terminal
        self._lines = lines
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[left]}", style="progress.remaining"),
            console=err,
            transient=True,
            disable=not self._shown,
            redirect_stdout=False,  # or what a script reads would go to the terminal
        )
        self._task = self._progress.add_task("starting", total=None, left="")
        self._steps: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._ended = 0
        self._download: tuple[int, float] | None = None
        self._judging: float | None = None
        self._noticed: set[str] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def expect(self, jobs: Sequence[GenerateJob]) -> None:
        """These jobs will be made."""
        self._steps = {job.id: job.request.sampling.steps for job in jobs}

    def downloading(self, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of a model or LoRA are here."""
        now = time.monotonic()
        first, began = self._download = self._download or (done, now)
        left = f"{done / 1e9:.1f} of {total / 1e9:.1f} GB" if total else ""
        if total and done > first and now - began > 2:  # before that it is a guess
            left += f", {clock((total - done) * (now - began) / (done - first))}"
        self._progress.update(
            self._task, description="downloading", completed=done, total=total or None, left=left
        )

    def on_event(self, event: Event) -> None:
        """Show what a worker says."""
        match event.type:
            case "progress":
                if event.phase == "denoise":
                    self._done[event.job] = event.step
                doing = _PHASES[event.phase]
                if event.phase == "load" and event.total > 1:  # megabytes, once a model
                    doing = f"checking the model's files ({event.step} of {event.total} MB)"
                self._update(doing, event.eta_all)
            case "notice":
                if event.message not in self._noticed:  # one for every set of a batch
                    self._noticed.add(event.message)
                    self._print(lambda: warn(event.message))
            case "finished":
                self._done[event.job] = self._steps.get(event.job, 0)
                self._ended += 1
                if self._lines:
                    self._print(lambda: out.print(Text(event.folder), soft_wrap=True))
            case "failed" | "cancelled":
                self._steps.pop(event.job, None)
                self._done.pop(event.job, None)

    def judging(self, done: int, total: int) -> None:
        """``done`` of ``total`` judgements of finished sets have been made."""
        now = time.monotonic()
        if not done or self._judging is None:
            self._judging = now
        left = clock((total - done) * (now - self._judging) / done) if done else ""
        self._progress.update(
            self._task, description="judging", completed=done, total=total, left=left
        )

    def stopping(self) -> None:
        """Ctrl-C was heard."""
        self._print(
            lambda: err.print("Stopping after this step. Press Ctrl-C again to stop at once.")
        )

    def _update(self, doing: str, seconds: float | None) -> None:
        count = len(self._steps)
        number = f"set {min(self._ended + 1, count)} of {count}: " if count > 1 else ""
        done = sum(self._done.values())
        self._progress.update(
            self._task,
            description=f"{number}{doing}",
            completed=done,
            total=sum(self._steps.values()) if done else None,
            left="" if seconds is None else clock(seconds),
        )

    def _print(self, say: Any) -> None:
        """Say something between two states of the bar."""
        if not self._shown:
            say()
            return
        self._progress.stop()
        say()
        self._progress.start()


def tell_outcome(outcome: Outcome, *, as_json: bool, facts: dict[str, Any] | None = None) -> int:
    """Print what became of the jobs; the exit code. Raises the error when nothing was made.

    JSON is ``{"sets": [...]}`` and, where not all were made, ``"error"``.
    """
    error = outcome.error
    if error is not None and not outcome.made:
        raise error
    if as_json:
        answer: dict[str, Any] = {"sets": sets_json(outcome), **(facts or {})}
        told = error or (JobCancelled() if outcome.cancelled else None)
        if told is not None:
            answer["error"] = error_json(told)
        emit_json(answer)
    elif error is not None:
        err.print(Text(f"Not every set could be made: {error}"), soft_wrap=True)
    if outcome.cancelled:
        count = len(outcome.made)
        kept = f"{count} finished set{'s are' if count > 1 else ' is'} kept" if count else ""
        err.print(f"Stopped: {kept or 'nothing was finished'}, nothing is left half done.")
        return STOPPED
    if error is None:
        return 0
    return 2 if isinstance(error, UserError) else 1


def sets_json(outcome: Outcome) -> list[dict[str, Any]]:
    """The sets that were made, as ``make --json`` prints them; all paths are absolute."""
    from ..sets.record import read_record

    found = []
    for _, end in outcome.made:
        folder = Path(end.folder)
        record = read_record(folder)
        found.append(
            {
                "folder": str(folder),
                "sheet": str(folder / record.sheet),
                "seed": record.request.seed,
                "panels": [
                    {"name": panel.name, "path": str(folder / panel.path), "box": list(panel.box)}
                    for panel in record.panels
                ],
            }
        )
    return found


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"
