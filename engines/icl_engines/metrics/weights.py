"""A metric's own model: from a folder, or from what the hub's cache on this machine holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from icl_studio.api import MetricOptions
from icl_studio.errors import ModelUnavailable


def load(kind: str, model_class: Any, processor_class: Any, hub_id: str, options: MetricOptions):  # type: ignore[no-untyped-def]
    """(model, processor) of transformers' classes, on the device asked for, ready to score.

    ``kind`` is the ``model_type`` that its ``config.json`` must have. Safetensors only, nothing is
    downloaded. Raises :class:`ModelUnavailable` with the command that fetches ``hub_id``.
    """
    source: str | Path = options.weights or hub_id
    if options.weights is not None:
        _check_folder(options.weights, kind, hub_id)
    try:
        processor = processor_class.from_pretrained(source, local_files_only=True)
        model = model_class.from_pretrained(
            source, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        raise _unavailable(hub_id, f"{source} cannot be loaded: {_first_line(error)}") from error
    return model.eval().requires_grad_(False).to(device(options)), processor


def device(options: MetricOptions) -> torch.device:
    """The device asked for, else the first GPU, else the CPU."""
    if options.device is not None:
        return torch.device(options.device)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _check_folder(folder: Path, kind: str, hub_id: str) -> None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        found = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        what = f"{folder} holds no model of transformers: its config.json cannot be read"
        raise _unavailable(hub_id, what) from error
    if found != kind:
        raise _unavailable(hub_id, f"{folder} holds a model of the type {found}, not {kind}")


def _unavailable(hub_id: str, what: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"The metric's model is not at hand: {what}.",
        fix=f"Fetch it with `hf download {hub_id}`, or name its folder with --weights.",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
