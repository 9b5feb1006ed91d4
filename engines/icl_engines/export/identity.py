"""What an export of a model is, before it is made: the two groups of the store's key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from icl_studio.engines.protocol import LocatedModel
from icl_studio.engines.store import (
    AdapterInterface,
    Stamp,
    StoredEngine,
    Structure,
    Weights,
    sha256_of,
)
from icl_studio.errors import ModelUnavailable

from ..torch_engine.load import model_files
from .signature import PROFILE

FORMAT = "1"
"""Counted up when this package writes another graph for the same model."""
PACKAGES = ("torch", "diffusers", "onnx", "onnxscript")
PART = "transformer"


def versions() -> dict[str, str]:
    """Releases that determine the graph: ours, the exporter's, the traced classes'."""
    return {"export": FORMAT} | {name: version(name) for name in PACKAGES}


def graph_digest(folder: Path) -> str:
    """sha256 of the transformer's configuration, without the remarks that diffusers adds."""
    path = folder / PART / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kept = {key: value for key, value in config.items() if not key.startswith("_")}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelUnavailable(
            f"{path} cannot be read: {error}", fix="Download or copy the folder again."
        ) from error
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode("ascii")).hexdigest()


def structure(folder: Path, targets: tuple[str, ...], max_rank: int) -> Structure:
    """The structure of an ONNX export of the model in ``folder``: portable, float32."""
    return Structure(
        engine="onnx",
        components=("transformer",),
        graph=graph_digest(folder),
        versions=versions(),
        dtype="float32",
        profile=PROFILE,
        adapters=AdapterInterface(targets=targets, max_rank=max_rank),
    )


def weight_files(folder: Path) -> list[Path]:
    """The transformer's shards. Raises :class:`ModelUnavailable` for an incomplete model."""
    part = folder / PART
    return [path for path in model_files(folder) if path.parent == part and _is_shard(path)]


def stamps(folder: Path) -> dict[str, Stamp]:
    """Size and mtime of every shard, by its path in ``folder``."""
    found = {}
    for path in weight_files(folder):
        stat = path.stat()
        name = path.relative_to(folder).as_posix()
        found[name] = Stamp(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)
    return found


def weights(model: LocatedModel, engines: Iterable[StoredEngine] = ()) -> Weights:
    """Hashes of the transformer's shards.

    A shard with the size and the mtime that one of ``engines`` recorded when it was hashed is
    not read again: 24 GB take minutes.
    """
    known = {
        (name, stamp): engine.manifest.weights.files[name]
        for engine in engines
        for name, stamp in engine.manifest.stamps.items()
        if name in engine.manifest.weights.files
    }
    return Weights(
        files={
            name: known.get((name, stamp)) or sha256_of(model.folder / name)
            for name, stamp in stamps(model.folder).items()
        }
    )


def _is_shard(path: Path) -> bool:
    return path.suffix == ".safetensors"
