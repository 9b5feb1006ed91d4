"""From a diffusers folder to a quiet ``FluxPipeline`` on its device; which files were read."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxPipeline
from safetensors import SafetensorError

from icl_studio.engines.protocol import LocatedModel
from icl_studio.errors import ModelUnavailable

from .quiet import quietly

LOG = logging.getLogger(__name__)
INDEX = "model_index.json"
WEIGHTS = ("diffusion_pytorch_model.safetensors", "model.safetensors")


class PlacedPipeline(FluxPipeline):
    """FluxPipeline that computes where it is told, wherever its components rest just now."""

    placed_on: torch.device | None = None

    @property
    def _execution_device(self) -> torch.device:
        return self.placed_on or super()._execution_device


def load_pipeline(model: LocatedModel, dtype: torch.dtype, **parts: Any) -> PlacedPipeline:
    """The pipeline of ``model.folder`` in ``dtype``, from safetensors only, on no device yet.

    ``parts`` stand in for components, whose files are not read then. Raises
    :class:`ModelUnavailable` for a folder that is not a complete FLUX pipeline, with the
    component that is wrong. Nothing is ever downloaded.
    """
    model_files(model.folder)
    try:
        with quietly():
            pipeline: PlacedPipeline = PlacedPipeline.from_pretrained(
                model.folder, dtype=dtype, use_safetensors=True, local_files_only=True, **parts
            )
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"The model in {model.folder} cannot be loaded: {error}",
            fix="Download or copy the folder again.",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if not pipeline.transformer.config.guidance_embeds:
        LOG.info("%s takes no guidance: the guidance of a request has no effect.", model.spec.id)
    return pipeline


def model_files(folder: Path) -> tuple[Path, ...]:
    """Every file of ``folder`` that loading reads: shards, configurations, tokenizers.

    Raises :class:`ModelUnavailable` when a component or one of its shards is missing, or
    has only pickled weights, which are never read.
    """
    components = component_classes(folder)
    files = [folder / INDEX]
    for name, (library, class_name) in components.items():
        part = folder / name
        if not part.is_dir():
            raise _incomplete(folder, f"the component {name} is missing")
        if "Tokenizer" in class_name or "Scheduler" in class_name:
            files += sorted(path for path in part.iterdir() if path.is_file())
        else:
            files += _weighted(folder, part, library)
    return tuple(files)


def component_classes(folder: Path) -> dict[str, tuple[str, str]]:
    """The components that ``model_index.json`` names, each with its library and class."""
    path = folder / INDEX
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelUnavailable(
            f"{folder} is not a diffusers model: {INDEX} cannot be read ({error.strerror}).",
            fix="Name the folder that holds model_index.json.",
        ) from error
    except ValueError as error:
        raise _incomplete(folder, f"{INDEX} is not valid JSON ({error})") from error
    kind = index.get("_class_name") if isinstance(index, dict) else None
    if kind != "FluxPipeline":
        raise ModelUnavailable(
            f"{folder} holds a {kind}; this engine runs FluxPipeline.",
            fix="Use a FLUX.1 text-to-image model in diffusers layout.",
        )
    return {
        name: (value[0], value[1])
        for name, value in index.items()
        if isinstance(value, list) and len(value) == 2 and value[1]
    }


def _weighted(folder: Path, part: Path, library: str) -> list[Path]:
    """The configuration and the weight shards of the component in ``part``."""
    config = part / "config.json"
    if not config.is_file():
        raise _incomplete(folder, f"{part.name}/config.json is missing")
    single = part / WEIGHTS[library == "transformers"]
    if single.is_file():
        return [config, single]
    index = single.with_name(f"{single.name}.index.json")
    if not index.is_file():
        found = sorted(path.name for path in part.iterdir() if path.suffix in {".bin", ".ckpt"})
        note = f"; {found[0]} is a pickle, which is never read" if found else ""
        raise _incomplete(folder, f"{part.name}/{single.name} is missing{note}")
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _incomplete(folder, f"{part.name}/{index.name} cannot be read") from error
    for shard in shards:
        if not (part / shard).is_file():
            raise _incomplete(folder, f"{part.name}/{shard} is missing")
    return [config, index, *(part / shard for shard in shards)]


def _incomplete(folder: Path, what: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"The model in {folder} is incomplete: {what}.",
        fix="Download or copy the folder again.",
    )
