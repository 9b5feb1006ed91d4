"""What is told of jobs while they are under way, and that each of them ends exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..domain.events import Cancelled, Finished, Notice, Phase, Progress
from ..engines.exhaustion import is_out_of_memory
from ..errors import JobCancelled, UserError
from .cancellation import Cancellation
from .failures import failed
from .protocol import Reply
from .run import Run

Send = Callable[[Reply], None]


class Desk:
    """Announces phases, hears of cancels and settles the runs of one command."""

    def __init__(self, cancellation: Cancellation, send: Send) -> None:
        self._cancellation = cancellation
        self.send = send

    def live(self, runs: Iterable[Run]) -> list[Run]:
        """Those of ``runs`` that are still wanted; the cancelled ones are told so."""
        runs = [run for run in runs if not run.settled]
        for run in runs:
            if run.job.id in self._cancellation:
                self.settle(run, Cancelled(job=run.job.id))
        return [run for run in runs if not run.settled]

    @contextmanager
    def phase(self, phase: Phase, runs: Sequence[Run], total: int = 1) -> Iterator[None]:
        """Announces a phase and its end, and books its seconds, shared by ``runs``.

        Raises :class:`JobCancelled` when none of ``runs`` is wanted any more.
        """
        live = self.live(runs)
        if not live:
            raise JobCancelled("nobody waits for this any more")
        for run in live:
            self.send(Progress(job=run.job.id, phase=phase, step=0, total=total))
        begun = time.monotonic()
        yield
        share = round((time.monotonic() - begun) / len(runs), 3)
        for run in runs:
            run.seconds[phase] = share
        if phase != "denoise":  # whose last step has been reported by then
            for run in runs:
                if not run.settled:
                    self.send(Progress(job=run.job.id, phase=phase, step=total, total=total))

    @contextmanager
    def settling(self, runs: Sequence[Run]) -> Iterator[None]:
        """What goes wrong inside is the end of those of ``runs`` that have no end yet."""
        try:
            yield
        except JobCancelled:
            for run in runs:
                self.settle(run, Cancelled(job=run.job.id))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a worker outlives its jobs
            for run in runs:
                run.broke_engine = not isinstance(error, UserError) or is_out_of_memory(error)
                self.settle(run, failed(run.job.id, error))

    def notice(self, runs: Iterable[Run], message: str) -> None:
        """Tell those of ``runs`` that go on what happens with them."""
        for run in runs:
            if not run.settled:
                self.send(Notice(job=run.job.id, message=message))

    def finish(self, run: Run, folder: Path) -> None:
        """The set of ``run`` stands in ``folder``."""
        self.settle(run, Finished(job=run.job.id, folder=str(folder), seconds=run.seconds))

    def settle(self, run: Run, event: Reply) -> None:
        """Tell the end of ``run``; a second end is none."""
        if run.settled:
            return
        run.settled = True
        run.conditioning = run.latents = None
        run.previews.clear()
        self._cancellation.settle(run.job.id)
        self.send(event)
