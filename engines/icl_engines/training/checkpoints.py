"""Checkpoints: whole or not there, checked before they are believed, never a pickle."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from icl_studio.errors import TrainingStopped
from icl_studio.training.storing import (
    fsync_folder,
    remove_tree,
    rename_folder,
    storing,
    write_new,
)

LOG = logging.getLogger(__name__)
TENSORS, FACTS = "state.safetensors", "state.json"


@dataclass(frozen=True)
class Checkpoint:
    """One moment of a run: tensors by name, and plain data beside them."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run, newest last; at most ``keep`` of them.

    ``identity`` says what they belong to (recipe, data set, model): one of another identity is
    refused, not used.
    """

    def __init__(self, folder: Path, keep: int, identity: Mapping[str, str]) -> None:
        self._folder = folder
        self._keep = keep
        self._identity = dict(identity)

    def write(self, step: int, tensors: Mapping[str, Tensor], facts: dict[str, Any]) -> Path:
        """Write a checkpoint beside the others, then rename it into place: the commit.

        Raises ``StorageProblem`` (a full disk); the earlier ones stand then, and nothing half is
        left.
        """
        place = self._folder / f"step-{step:07}"
        if place.is_dir():
            return place
        spare = self._folder / f".{place.name}.partial"
        with storing("keeping a checkpoint", place):
            remove_tree(spare)
            spare.mkdir(parents=True)
            try:
                data = save({name: value.cpu().contiguous() for name, value in tensors.items()})
                write_new(spare / TENSORS, data)
                whole = {
                    "step": step,
                    "identity": self._identity,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "facts": facts,
                }
                write_new(spare / FACTS, json.dumps(whole).encode())
                rename_folder(spare, place)
                fsync_folder(self._folder)
            except BaseException:
                remove_tree(spare)
                raise
        for old in self._found()[: -self._keep]:
            remove_tree(old)
        return place

    def newest(self, notice: Any) -> Checkpoint | None:
        """The newest checkpoint that is whole; a damaged one is said and passed over.

        Raises :class:`TrainingStopped` for one of another recipe, data set or model, and when
        there are checkpoints but none is whole.
        """
        found = self._found()
        for place in reversed(found):
            checkpoint = self._read(place)
            if checkpoint is not None:
                return checkpoint
            notice(f"The checkpoint {place.name} is damaged; an earlier one is used.")
        if found:
            raise TrainingStopped(
                f"No checkpoint in {self._folder} is whole.", fix="Start a new run in a new folder."
            )
        return None

    def _found(self) -> list[Path]:
        return sorted(self._folder.glob("step-*"))

    def _read(self, place: Path) -> Checkpoint | None:
        try:
            whole = json.loads((place / FACTS).read_text(encoding="utf-8"))
            data = (place / TENSORS).read_bytes()
            if hashlib.sha256(data).hexdigest() != whole["sha256"]:
                return None
            tensors = load(data)
            step, facts, identity = int(whole["step"]), whole["facts"], whole["identity"]
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            LOG.warning("checkpoint %s cannot be read: %s", place, error)
            return None
        changed = [name for name, value in self._identity.items() if identity.get(name) != value]
        if changed:
            raise TrainingStopped(
                f"The checkpoint {place} belongs to another {' and another '.join(changed)}.",
                fix="Bring back what has changed, or start a new run in a new folder.",
            )
        return Checkpoint(step, tensors, facts)


def optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as tensors by name and plain data, for any optimizer of torch's kind."""
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for index, entry in optimizer.state_dict()["state"].items():
        for name, value in entry.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            else:
                plain[f"{index}.{name}"] = value
    return tensors, plain


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]
) -> None:
    """Put back what :func:`optimizer_state` gave; learning rates stay as they are."""
    entries: dict[int, dict[str, Any]] = {}
    stem = "optimizer."
    for key, value in tensors.items():
        if key.startswith(stem):
            index, _, name = key.removeprefix(stem).partition(".")
            entries.setdefault(int(index), {})[name] = value
    for key, value in plain.items():
        index, _, name = key.partition(".")
        entries.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": entries, "param_groups": groups})
