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

    @property
    def ready(self) -> bool:
        """Whether it can begin at once; what is claimed for a place must not wait for it."""
        ...

    @property
    def waits_for(self) -> str:
        """What it has been waiting for, in words, when that takes long; else empty."""
        ...

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
    """A place, the device that jobs compute on there, the kinds of jobs it does (None: all)."""

    place: Place
    options: EngineOptions
    kinds: tuple[str, ...] | None = None


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


RAY_KINDS = ("generate", "evaluate")
"""Kinds that a Ray cluster does; the others work on files of this machine, and are done on it."""


def ray_cluster(
    folders: UserFolders,
    options: EngineOptions,
    address: str = "",
    workers: int | None = None,
    other_kinds: tuple[str, ...] = (),
    patience: Patience | None = None,
) -> tuple[Placed, ...]:
    """Places on the Ray cluster at ``address``, and one on this machine for ``other_kinds``.

    ``workers`` are as many as the cluster has GPUs (or nodes, where it has none) unless given;
    more than that wait until Ray has room for them, or adds nodes. Each gets a GPU of its own
    unless ``options`` say ``cpu`` or there is none. Raises :class:`NotFound` without a cluster.
    """
    from .ray_place import RayPlace, connect

    ray = connect(address)
    cards = int(ray.cluster_resources().get("GPU", 0))
    on_cpu = options.device == "cpu" or not cards
    count = workers or (sum(node["Alive"] for node in ray.nodes()) if on_cpu else cards)
    places = [RayPlace(ray, gpus=0 if on_cpu else 1, patience=patience) for _ in range(count)]
    here = Placed(Supervisor(folders, patience=patience), options, other_kinds)
    return (*(Placed(place, options, RAY_KINDS) for place in places), here)
