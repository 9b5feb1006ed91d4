"""When two engines are the same: sha256 of canonical JSON of structure and weights.

Path strings, names that users type, "the file exists" and caches without the weights have all
handed out stale engines elsewhere (demoDiffusion, ComfyUI_TensorRT, onnxruntime's TensorRT
cache); here a changed byte of the base or another release is another key.
"""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel

from .manifest import Manifest, Structure, Weights


def digest(record: BaseModel) -> str:
    """sha256 hex of ``record`` as JSON with sorted keys, no spaces, ASCII only."""
    content = record.model_dump(mode="json")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def engine_key(structure: Structure, weights: Weights) -> str:
    """The engine's key, 64 hex digits, from the digests of both groups."""
    both = f"{digest(structure)}\n{digest(weights)}\n"
    return hashlib.sha256(both.encode("ascii")).hexdigest()


def sealed(manifest: Manifest) -> Manifest:
    """``manifest`` with the seal that fits it."""
    return manifest.model_copy(update={"seal": _seal(manifest)})


def is_sealed(manifest: Manifest) -> bool:
    """Whether nothing of ``manifest`` was changed after it was sealed."""
    return manifest.seal == _seal(manifest)


def _seal(manifest: Manifest) -> str:
    return digest(manifest.model_copy(update={"seal": ""}))
