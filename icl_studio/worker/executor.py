"""Executors place workers. A queue's run asks for places and gives each one claim after another.

A place that computes on another machine fits the same protocol: it receives jobs and
returns events; only the run itself touches the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ..domain.events import Event
from ..engines.protocol import EngineOptions
from ..errors import UserError
from ..paths import UserFolders
from .protocol import GenerateJob, Single
from .supervisor import Patience, Supervisor


class Place(Protocol):
    """Where claims are carried out, one at a time; :class:`~.supervisor.Supervisor` is one."""

    deaths: int

    @property
    def log(self) -> Path | None: ...

    def carry_out(
        self,
        jobs: Sequence[GenerateJob],
        *,
        batch: int = 1,
        idle: Callable[[], None] = lambda: None,
    ) -> Iterator[Event]:
        """Yields events, exactly one final one a job; raises ``WorkerDied``, ``ProtocolError``."""
        ...

    def perform(
        self, command: Single, *, idle: Callable[[], None] = lambda: None
    ) -> Iterator[Event]:
        """The same for one job of another kind than generate."""
        ...

    def cancel(self, job: str | None = None) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


class Placed(NamedTuple):
    """A place and the device that jobs compute on there."""

    place: Place
    options: EngineOptions


def this_machine(
    folders: UserFolders,
    options: EngineOptions,
    workers: int = 1,
    devices: Sequence[str] = (),
    patience: Patience | None = None,
) -> tuple[Placed, ...]:
    """``workers`` places on this machine; each has a device of ``devices`` to itself.

    Without ``devices`` all use that of ``options``. Raises :class:`UserError` for more workers
    than devices: two on one GPU would only take turns, and its memory holds one model.
    """
    if devices and workers > len(devices):
        raise UserError(
            f"{workers} workers were asked for, but there are {len(devices)} devices: "
            f"{', '.join(devices)}.",
            fix=f"Use at most --workers {len(devices)}.",
        )
    chosen = [options.model_copy(update={"device": name}) for name in devices[:workers]]
    return tuple(
        Placed(Supervisor(folders, patience=patience), each)
        for each in chosen or [options] * workers
    )
