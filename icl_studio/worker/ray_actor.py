"""What runs on a node of a Ray cluster: one worker process, told by a claim, answering in files.

The actor touches no queue and no results folder. A claim comes as the jobs' JSON and the bytes
of their LoRAs; sets are made in a folder of the node's own and go back as bytes. Placing,
restarting, health checks and the transport of bytes are Ray's.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from .. import __version__
from ..domain.events import EVENTS, Event, Failed, Finished
from ..errors import ProtocolError, WorkerDied
from ..models.find import find_model
from ..models.locate import locate
from ..paths import user_folders
from ..plugins import Registry, load_registry
from ..settings import load_settings
from .failures import failed
from .protocol import GenerateJob
from .supervisor import Patience, Supervisor, WorkerHung

SAY_SECONDS = 1.0
"""For how long a question for news waits, so that nobody asks a thousand times a second."""


class Hello(NamedTuple):
    """Where an actor runs and what it is."""

    node: str
    version: str


class News(NamedTuple):
    """One thing that an actor has to say about a claim.

    ``kind`` is ``event`` (``text`` is its JSON; of a finished set ``files`` are its files),
    ``died``, ``hung`` or ``misunderstood`` (its worker; ``text`` says how), or ``end``.
    """

    kind: str
    text: str = ""
    files: dict[str, bytes] | None = None


class Hand:
    """The actor. Its methods are called from several threads at once, one claim at a time."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._folders = user_folders()
        self._own = Path(tempfile.mkdtemp(prefix="icl-studio-"))
        self._supervisor = Supervisor(self._folders, patience=patience)
        self._registry: Registry | None = None
        self._claim = ""
        self._news: SimpleQueue[News] = SimpleQueue()

    def hello(self) -> Hello:
        import ray

        return Hello(ray.get_runtime_context().get_node_id(), __version__)

    def begin(
        self, claim: str, jobs: str, batch: int, names: tuple[str, ...], *contents: bytes
    ) -> None:
        """Start on ``jobs`` (a JSON list); ``names`` are the paths that the LoRAs had."""
        self._claim, self._news = claim, SimpleQueue()
        work = (self._news, jobs, batch, dict(zip(names, contents, strict=True)))
        threading.Thread(target=self._work, args=work, daemon=True).start()

    def news(self, claim: str) -> list[News] | None:
        """What has happened since; None when this actor, started anew, knows no such claim."""
        if claim != self._claim:
            return None
        found = []
        try:
            found.append(self._news.get(timeout=SAY_SECONDS))
            while True:
                found.append(self._news.get_nowait())
        except Empty:
            return found

    def cancel(self, job: str | None) -> None:
        self._supervisor.cancel(job)

    def close(self) -> None:
        self._supervisor.close()
        shutil.rmtree(self._own, ignore_errors=True)

    def _work(
        self, news: SimpleQueue[News], jobs: str, batch: int, loras: dict[str, bytes]
    ) -> None:
        try:
            for event in self._carried_out(jobs, batch, loras):
                files = _taken(Path(event.folder)) if isinstance(event, Finished) else None
                news.put(News("event", event.model_dump_json(), files))
            news.put(News("end"))
        except WorkerHung as error:
            news.put(News("hung", str(error)))
        except WorkerDied as error:
            news.put(News("died", str(error)))
        # Whatever goes wrong on a node is told to whoever waits for it.
        except Exception as error:  # noqa: BLE001
            kind = "misunderstood" if isinstance(error, ProtocolError) else "died"
            news.put(News(kind, f"{type(error).__name__}: {error}"))

    def _carried_out(self, jobs: str, batch: int, loras: dict[str, bytes]) -> Iterator[Event]:
        here: list[GenerateJob] = []
        for data in json.loads(jobs):
            job = GenerateJob.model_validate(data)
            found = self._here(job, loras)
            if isinstance(found, Failed):
                yield found
            else:
                here.append(found)
        yield from self._supervisor.carry_out(here, batch=batch)

    def _here(self, job: GenerateJob, loras: dict[str, bytes]) -> GenerateJob | Failed:
        """``job`` with what lies on this node: its model, its LoRAs, a place for its set."""
        try:
            model = job.model
            if not model.folder.is_dir():  # no disk is shared
                model = locate(find_model(job.request.model, self._plugins()), self._folders)
            adapters = []
            for number, adapter in enumerate(job.adapters):
                path = self._own / "adapters" / job.id / str(number) / adapter.path.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(loras[str(adapter.path)])
                adapters.append(adapter.model_copy(update={"path": path}))
        except Exception as error:  # noqa: BLE001 - told as this job's failure; others go on
            return failed(job.id, error)
        changes = {
            "model": model,
            "adapters": tuple(adapters),
            "out": self._own / "sets",
            "folder_name": job.id,
            "previews": None,
        }
        return job.model_copy(update=changes)

    def _plugins(self) -> Registry:
        if self._registry is None:
            settings, _ = load_settings(self._folders)
            self._registry = load_registry(self._folders, settings)
        return self._registry


def _taken(folder: Path) -> dict[str, bytes]:
    """The files of a finished set, which is gone afterwards."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    shutil.rmtree(folder, ignore_errors=True)
    return files


def event_of(news: News) -> Event:
    """The event that ``news`` brings."""
    event: Any = EVENTS.validate_json(news.text)
    found: Event = event
    return found
