"""What many rows name alike is looked up once: models, token counters, LoRAs, engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..domain.caption import TokenCounter
from ..domain.model import AdapterUse, ModelSpec
from ..errors import UserError
from ..generate.asking import counter_if_here
from ..generate.planning import choose_engine
from ..models.adapters import SUFFIX, in_folder, resolve_adapter
from ..models.find import HUB_ID, find_model
from ..paths import UserFolders
from ..plugins import Registry

Promised = Callable[[AdapterUse], AdapterUse | None]
"""What a job makes of a LoRA: ``use`` with the file that a queued job will have tuned, None
where no job is concerned; raises ``UserError`` for a job that tunes none."""


class Lookups:
    """Answers from memory after the first time; asks no network."""

    def __init__(
        self, registry: Registry, folders: UserFolders, promised: Promised = lambda _: None
    ) -> None:
        self._promised = promised
        self._registry = registry
        self._folders = folders
        self._models: dict[str, tuple[ModelSpec, TokenCounter | None] | UserError] = {}
        self._loras: dict[str, UserError | None] = {}
        self._engines: dict[str, UserError | None] = {}

    def model(self, name: str) -> tuple[ModelSpec, TokenCounter | None]:
        """The model and, if it is on this machine, its token counter; raises ``UserError``."""
        if name not in self._models:
            try:
                spec = find_model(name, self._registry)
                self._models[name] = spec, counter_if_here(spec, self._folders)
            except UserError as error:
                self._models[name] = error
        known = self._models[name]
        if isinstance(known, UserError):
            raise known
        return known

    def engine(self, name: str) -> UserError | None:
        """What is wrong with an engine, None if it can run here."""
        if name not in self._engines:
            try:
                choose_engine(name, self._registry)
                self._engines[name] = None
            except UserError as error:
                self._engines[name] = error
        return self._engines[name]

    def lora(self, use: AdapterUse) -> AdapterUse:
        """``use`` with its file where a job is to tune that; raises what is wrong with a LoRA.

        One of the hub is fetched before its first job only, one that a job tunes is awaited.
        """
        promised = self._promised(use)
        if promised is not None:
            return promised
        if use.source not in self._loras:
            self._loras[use.source] = self._look_for(use)
        error = self._loras[use.source]
        if error is not None:
            raise error
        return use

    def _look_for(self, use: AdapterUse) -> UserError | None:
        here = in_folder(Path.cwd(), use.source) or in_folder(self._folders.adapters, use.source)
        owner, *rest = use.source.split("/")
        of_hub = len(rest) >= 2 and use.source.endswith(SUFFIX) and not Path(owner).is_dir()
        if here is None and of_hub and HUB_ID.fullmatch(f"{owner}/{rest[0]}"):
            return None
        try:
            resolve_adapter(use, self._folders)
        except UserError as error:
            return error
        return None
