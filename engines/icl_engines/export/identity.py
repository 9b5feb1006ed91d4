"""What an export of a model is, before it is made: the two groups of the store's key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from diffusers import FluxTransformer2DModel

from icl_studio.engines.protocol import AdapterFile, LocatedModel
from icl_studio.engines.store import (
    AdapterInterface,
    FusedAdapter,
    Stamp,
    StoredEngine,
    Structure,
    Weights,
    sha256_of,
)
from icl_studio.engines.store.disk import storage
from icl_studio.errors import ModelUnavailable

from .. import formats
from ..adapters.convert import Linear
from ..torch_engine.load import model_files
from .layout import CONFIGS
from .signature import PROFILE
from .slots import linears_of

PACKAGES = ("torch", "diffusers", "transformers", "onnx", "onnxscript")
SOURCES = tuple(dict.fromkeys(CONFIGS.values()))
"""The model's components whose weights are in an export."""


def versions() -> dict[str, str]:
    """Releases that determine the graph: ours, the exporter's, the traced classes'."""
    return {"export": formats.EXPORT} | {name: version(name) for name in PACKAGES}


def graph_digest(folder: Path) -> str:
    """sha256 of the components' configurations, without the remarks that libraries add."""
    kept = {}
    for name in SOURCES:
        path = folder / name / "config.json"
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            kept[name] = {key: value for key, value in config.items() if not _is_remark(key)}
        except (OSError, ValueError, AttributeError) as error:
            raise ModelUnavailable(
                f"{path} cannot be read: {error}", fix="Download or copy the folder again."
            ) from error
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode("ascii")).hexdigest()


def linears_of_model(folder: Path) -> dict[str, Linear]:
    """The linears of the transformer that ``folder/transformer/config.json`` describes.

    Raises :class:`ModelUnavailable`. Nothing is loaded: the module has shapes only.
    """
    try:
        config = FluxTransformer2DModel.load_config(folder / "transformer")
        with torch.device("meta"):
            return linears_of(FluxTransformer2DModel.from_config(config))
    except (OSError, ValueError, TypeError) as error:
        raise ModelUnavailable(
            f"The transformer's configuration in {folder} cannot be used: {error}",
            fix="Download or copy the folder again.",
        ) from error


def structure(
    folder: Path, targets: tuple[str, ...], max_rank: int, dtype: str = "float32"
) -> Structure:
    """The structure of a portable ONNX export of the model in ``folder``."""
    return Structure(
        engine="onnx",
        components=tuple(CONFIGS),
        graph=graph_digest(folder),
        versions=versions(),
        dtype=dtype,
        profile=PROFILE,
        adapters=AdapterInterface(targets=targets, max_rank=max_rank),
    )


def weight_files(folder: Path) -> list[Path]:
    """Every shard of :data:`SOURCES`. Raises :class:`ModelUnavailable` for an incomplete model."""
    parts = {folder / name for name in SOURCES}
    return [path for path in model_files(folder) if path.parent in parts and _is_shard(path)]


def stamps(folder: Path) -> dict[str, Stamp]:
    """Size and mtime of every shard, by its path in ``folder``."""
    found = {}
    for path in weight_files(folder):
        stat = path.stat()
        name = path.relative_to(folder).as_posix()
        found[name] = Stamp(bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)
    return found


def weights(
    model: LocatedModel,
    engines: Iterable[StoredEngine] = (),
    fused: Sequence[AdapterFile] = (),
) -> Weights:
    """Hashes of the model's shards and of ``fused``, the LoRAs that are baked in.

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
        },
        fused=tuple(_fused(adapter) for adapter in fused),
    )


def _fused(adapter: AdapterFile) -> FusedAdapter:
    with storage("reading a LoRA", adapter.path):
        return FusedAdapter(sha256=sha256_of(adapter.path), weight=adapter.weight)


def _is_remark(key: str) -> bool:
    return key.startswith("_") or key == "transformers_version"


def _is_shard(path: Path) -> bool:
    return path.suffix == ".safetensors"
