"""Places on a Ray cluster: each is one actor, which Ray puts on a node with a free GPU.

The parent keeps the queue and the results; an actor (:mod:`.ray_actor`) gets a claim and gives
files back. What Ray does is left to it: which node, starting an actor again elsewhere after a
loss, adding nodes when actors wait, sharing a LoRA's bytes among nodes. Ray is imported when a
place is asked for, never before.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..domain.events import Event, Finished
from ..errors import InternalError, NotFound, PlaceLost, ProtocolError, UserError, WorkerDied
from ..sets.library import Library
from ..sets.save import adopt_set, folder_depth
from .failures import failed
from .protocol import GenerateJob, Single
from .ray_actor import Hand, Hello, News, event_of
from .supervisor import Patience, WorkerHung

NEVER_ENDING: Final = -1
LOSS_SECONDS: Final = 30.0
"""For how long Ray is asked whether the node of an actor that does not answer is dead: it finds
out by its own health checks."""
PATIENT_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 5.0
FALSE_STARTS: Final = 3
_POLL = 0.1


def connect(address: str = "") -> Any:
    """Join the cluster at ``address`` (``ray://host:port``), or the one this machine belongs to.

    None is started: a cluster's services listen on the network, and that is its owner's choice.
    Returns the module ``ray``. Raises :class:`NotFound` without Ray or cluster.
    """
    try:
        import ray
    except ImportError:
        raise NotFound(
            "Ray is not installed.", fix='Run: pip install "icl-studio[ray]", on every node.'
        ) from None
    if ray.is_initialized():
        return ray
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of ours calls home
    try:
        ray.init(
            address or "auto",
            namespace="icl-studio",
            log_to_driver=False,
            configure_logging=False,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise NotFound(
            f"There is no Ray cluster at {address or 'this machine'}: {first}",
            fix="Start one (`ray start --head`), or name it: --executor ray://HOST:10001.",
        ) from error
    return ray


class RayPlace:
    """One place; :class:`~.executor.Place`. Used by one thread, but for cancel, stop and kill."""

    def __init__(self, ray: Any, *, gpus: float, patience: Patience | None = None) -> None:
        self._ray = ray
        options = {"num_cpus": 1, "num_gpus": gpus, "max_restarts": NEVER_ENDING}
        self._make = ray.remote(max_concurrency=4, **options)(Hand)
        self._patience = patience
        self._actor: Any = None
        self._greeting: Any = None
        self._node = ""
        self._claims = 0
        self._false_starts = 0
        self._asked = time.monotonic()
        self._loras: dict[tuple[str, int, int], Any] = {}
        self._stopped = threading.Event()
        self.deaths = 0

    @property
    def log(self) -> Path | None:
        """None: the worker's log lies on its node; its end is in the evidence of a death."""
        return None

    @property
    def waits_for(self) -> str:
        """What it waits for, in words, once it has waited for a while; else empty."""
        if self._greeting is None or time.monotonic() - self._asked < PATIENT_SECONDS:
            return ""
        return "A worker waits for a node of the Ray cluster with a free GPU (or CPU)."

    @property
    def ready(self) -> bool:
        """Whether an actor stands. Asks Ray for one if not; a claim waits for no node.

        Raises :class:`UserError` when a node has another version of ICL Studio.
        """
        if self._stopped.is_set():
            return True  # nothing is claimed any more
        if self._actor is None:
            self._actor = self._make.remote(self._patience)
            self._node = ""
        if self._node:
            return True
        if self._greeting is None:
            self._greeting, self._asked = self._actor.hello.remote(), time.monotonic()
        if not self._ray.wait([self._greeting], timeout=0)[0]:
            return False
        greeting, self._greeting = self._greeting, None
        try:
            hello = Hello(*self._ray.get(greeting))
        except self._ray.exceptions.RayError as error:
            self._actor = None  # gone before it had said a word: another one is asked for
            self._false_starts += 1
            if self._false_starts >= FALSE_STARTS:
                raise UserError(
                    f"No worker can be started on the Ray cluster: {error}",
                    fix=f"Install ICL Studio {__version__} on every node, see its logs.",
                ) from error
            return False
        if hello.version != __version__:
            raise UserError(
                f"A node of the cluster has ICL Studio {hello.version}, this is {__version__}.",
                fix="Install the same version on every node.",
            )
        self._node, self._false_starts = hello.node, 0
        return True

    def carry_out(
        self,
        jobs: Sequence[GenerateJob],
        *,
        batch: int = 1,
        idle: Callable[[], None] = lambda: None,
    ) -> Iterator[Event]:
        """Have ``jobs`` made on the actor's node; each set is saved here before it is told.

        Raises :class:`PlaceLost` when the node has gone, ``WorkerDied``, ``WorkerHung`` and
        ``ProtocolError`` for its worker. A set that stands already is not made again.
        """
        left = []
        for job in jobs:
            folder = Library(job.out).find_id(job.id, folder_depth(job.folder_name))
            if folder is None:
                left.append(job)
            else:
                yield Finished(job=job.id, folder=str(folder))
        if not left or self._stopped.is_set():
            return
        places = {job.id: job for job in left}
        try:
            for news in self._news(left, batch, idle):
                event = self._kept(news, places)
                if isinstance(event, Finished):
                    self.deaths = 0
                yield event
        except (WorkerDied, ProtocolError):
            if self._stopped.is_set():
                return
            self.deaths += 1
            raise

    def perform(
        self, command: Single, *, idle: Callable[[], None] = lambda: None
    ) -> Iterator[Event]:
        """Refused: what works on files of this machine is done on this machine."""
        raise InternalError(f"A {command.type} job cannot be sent to a Ray cluster.")

    def cancel(self, job: str | None = None) -> None:
        if self._actor is not None and self._node:
            self._actor.cancel.remote(job)

    def stop(self) -> None:
        self._stopped.set()
        self.cancel()

    def kill(self) -> None:
        self._stopped.set()
        self._end(patience=0)

    def close(self) -> None:
        """Let the actor tidy up, then give its GPU back to the cluster."""
        self._end(patience=10 if self._node else 0)

    def _end(self, patience: float) -> None:
        actor, self._actor, self._node, self._greeting = self._actor, None, "", None
        if actor is None:
            return
        if patience:
            self._ray.wait([actor.close.remote()], timeout=patience)
        self._ray.kill(actor, no_restart=True)

    def _news(
        self, jobs: Sequence[GenerateJob], batch: int, idle: Callable[[], None]
    ) -> Iterator[News]:
        """What the actor says of ``jobs``, until it has said all."""
        self._claims += 1
        claim = f"{id(self)}-{self._claims}"
        actor = self._actor
        if actor is None:
            raise PlaceLost("The place has no actor.")
        loras = {str(a.path): self._put(a.path) for job in jobs for a in job.adapters}
        data = json.dumps([job.model_dump(mode="json") for job in jobs])
        call = actor.begin.remote(claim, data, batch, tuple(loras), *loras.values())
        self._answer(call, idle)
        while True:
            said: list[News] | None = self._answer(actor.news.remote(claim), idle)
            if said is None:  # it was started anew in between
                self._node = ""
                raise PlaceLost("The actor was started anew and has forgotten its claim.")
            for news in (News(*one) for one in said):
                if news.kind == "end":
                    return
                yield news

    def _answer(self, call: Any, idle: Callable[[], None]) -> Any:
        """What a call comes back with; an actor that is gone is told from a node that is."""
        exceptions = self._ray.exceptions
        try:
            looked = time.monotonic()
            while not self._ray.wait([call], timeout=_POLL)[0]:
                idle()
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    if not self._alive(self._node):  # said before Ray knew: it would wait for ever
                        raise PlaceLost(_gone(self._node))
            return self._ray.get(call)
        except exceptions.RayTaskError as error:
            raise ProtocolError(f"An actor could not do what it was told: {error}") from error
        except exceptions.RayError as error:
            node, self._node = self._node, ""
            if self._stopped.is_set() or self._lost(node, idle):
                raise PlaceLost(_gone(node)) from error
            raise WorkerDied(f"The actor on the node {node[:12]} died: {error}") from error
        except PlaceLost:
            self._node = ""
            raise

    def _lost(self, node: str, idle: Callable[[], None]) -> bool:
        """Whether Ray says within a while that ``node`` is dead."""
        end = time.monotonic() + LOSS_SECONDS
        while time.monotonic() < end and not self._stopped.is_set():
            if not self._alive(node):
                return True
            idle()
            time.sleep(_POLL)
        return False

    def _alive(self, node: str) -> bool:
        return any(one["NodeID"] == node and one["Alive"] for one in self._ray.nodes())

    def _kept(self, news: News, places: dict[str, GenerateJob]) -> Event:
        """The event of ``news``; a set's files are saved first, at their place here."""
        match news.kind:
            case "hung":
                raise WorkerHung(news.text)
            case "died":
                raise WorkerDied(news.text)
            case "misunderstood":
                raise ProtocolError(news.text)
        event = event_of(news)
        if not isinstance(event, Finished):
            return event
        job = places[event.job]
        try:
            folder = adopt_set(job.out, job.id, news.files or {}, job.folder_name or job.id)
        except Exception as error:  # noqa: BLE001 - a full disk is told as a worker would tell it
            return failed(job.id, error)
        return event.model_copy(update={"folder": str(folder)})

    def _put(self, path: Path) -> Any:
        """The bytes of a LoRA in Ray's store, once however many sets use it."""
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key not in self._loras:
            self._loras[key] = self._ray.put(path.read_bytes())
        return self._loras[key]


def _gone(node: str) -> str:
    return f"The node {node[:12]} of the Ray cluster has gone."
