"""The bar of ``queue run``: how many of how many, what is drawn, the time left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.text import Text

from .console import err, out, warn

if TYPE_CHECKING:
    from ..domain.events import Event
    from ..queue.store import Store

COUNT_SECONDS = 2.0


class QueueBar:
    """A bar on stderr over all jobs; a line on stdout for every finished set.

    Events come from the workers' threads, one at a time; :meth:`tick` from the main thread,
    which alone asks the database and prints.
    """

    def __init__(self, store: Store, *, enabled: bool) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._store = store
        self._lines = enabled
        self._shown = enabled and err.is_terminal
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
        self._doing: dict[str, str] = {}
        self._finished: list[str] = []
        self._notices: list[str] = []
        self._known: set[str] = set()
        self._counted = float("-inf")
        self._said_stopping = False
        self.stopping = False

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._speak()
        self._progress.stop()

    def downloading(self, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of a model or LoRA are here."""
        self._doing["download"] = f"downloading {done / 1e9:.1f} of {total / 1e9:.1f} GB"
        if done >= total:
            self._doing.pop("download", None)

    def on_event(self, event: Event) -> None:
        """Note what a worker says."""
        match event.type:
            case "progress":
                step = f" {event.step}/{event.total}" if event.total > 1 else ""
                self._doing[event.job] = f"{event.phase}{step}"
            case "learnt":
                self._doing[event.job] = f"train {event.step}/{event.total}"
            case "notice":
                self._notices.append(event.message)
            case "finished":
                self._doing.pop(event.job, None)
                self._finished.append(event.folder)
            case "failed" | "cancelled":
                self._doing.pop(event.job, None)

    def tick(self) -> None:
        """Show what has come since; called ten times a second."""
        self._speak()
        moment = time.monotonic()
        if self._shown and moment - self._counted > COUNT_SECONDS:
            self._counted = moment
            self._count()

    def _count(self) -> None:
        from ..errors import StorageProblem
        from ..queue.history import estimate

        try:
            states, ahead = self._store.summary(), estimate(self._store)
        except StorageProblem:
            return  # a bar is no duty
        to_come = states["waiting"] + states["running"]
        total = sum(states.values())
        left = ""
        if ahead.jobs and not ahead.unknown:
            minutes, seconds = divmod(round(ahead.seconds), 60)
            left = f"about {minutes}:{seconds:02} left"
        doing = ", ".join(list(self._doing.values())[:3])
        self._progress.update(
            self._task,
            description=f"{total - to_come} of {total} jobs: {doing or 'waiting'}",
            completed=total - to_come,
            total=total,
            left=left,
        )

    def _speak(self) -> None:
        """Print what there is to print between two states of the bar."""
        finished, notices = _taken(self._finished), _taken(self._notices)
        fresh = [text for text in dict.fromkeys(notices) if text not in self._known]
        self._known.update(fresh)
        stopping = self.stopping and not self._said_stopping
        if not (finished or fresh or stopping):
            return
        if self._shown:
            self._progress.stop()
        for folder in finished if self._lines else ():
            out.print(Text(folder), soft_wrap=True)
        for text in fresh:
            warn(text)
        if stopping:
            self._said_stopping = True
            err.print("Stopping after this step. Press Ctrl-C again to stop at once.")
        if self._shown:
            self._progress.start()


def _taken(texts: list[str]) -> list[str]:
    """All of ``texts``, one by one, since another thread may be adding to them."""
    found = []
    while texts:
        found.append(texts.pop(0))
    return found
