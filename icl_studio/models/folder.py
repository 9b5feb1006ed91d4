"""A diffusers FLUX folder: is it one, is it whole, and what the application must know of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..domain.model import ModelSpec, Sampling
from ..domain.request import problems_of
from ..errors import ModelUnavailable
from .weights import PICKLES, is_adapter, read_header

INDEX = "model_index.json"
OWN_SPEC = "icl_studio.json"
PIPELINE = "FluxPipeline"
COMPONENTS = ("transformer", "vae", "text_encoder", "text_encoder_2")
"""Folders with weights; the tokenizers and the scheduler have files of their own."""
FLUX1_WIDTH = 3072

NEEDED = (
    "ICL Studio needs a diffusers folder of FLUX.1: model_index.json (FluxPipeline) with the "
    "folders transformer, vae, text_encoder, text_encoder_2, both tokenizers and scheduler."
)
_OTHERS = {
    "StableDiffusionPipeline": "Stable Diffusion 1 or 2",
    "StableDiffusionXLPipeline": "SDXL",
    "StableDiffusion3Pipeline": "Stable Diffusion 3",
    "Flux2Pipeline": "FLUX.2",
    "FluxKontextPipeline": "FLUX.1 Kontext",
    "FluxFillPipeline": "FLUX.1 Fill",
    "FluxControlPipeline": "FLUX.1 with a control input",
}


def check_folder(folder: Path) -> None:
    """Raise :class:`ModelUnavailable` unless ``folder`` is a whole FLUX.1 pipeline.

    Reads configurations and the headers of weight files, no weights.
    """
    if folder.is_file():
        raise _not_a_folder(folder)
    if not folder.is_dir():
        raise ModelUnavailable(f"There is no model folder {folder}.", fix=NEEDED)
    if not (folder / INDEX).is_file():
        raise _no_index(folder)
    check_pipeline_class(read_json(folder / INDEX), str(folder))
    for name in COMPONENTS:
        _check_component(folder / name)
    for name in ("tokenizer", "tokenizer_2", "scheduler"):
        if not (folder / name).is_dir():
            raise ModelUnavailable(f"The model folder {folder} lacks {name}.", fix=NEEDED)


def check_pipeline_class(index: dict[str, Any], what: str) -> None:
    """Raise :class:`ModelUnavailable` unless a ``model_index.json`` is FLUX.1's."""
    name = index.get("_class_name")
    if name == PIPELINE:
        return
    other = _OTHERS.get(str(name), f"a {name}" if name else "of no known kind")
    raise ModelUnavailable(
        f"{what} is {other}; In-Context LoRA works with FLUX.1 text-to-image models.",
        fix="Name a FLUX.1 model, e.g. flux.1-dev, or tiny to try things out.",
    )


def spec_of_folder(folder: Path) -> ModelSpec:
    """The spec of a local folder, named by its path.

    ``icl_studio.json`` in the folder may give any field but ``id`` and ``source``. Without
    it the family is ``flux.1`` where the transformer is as wide as FLUX.1's, else ``custom``;
    a model without guidance is taken for schnell: 256 tokens and 4 steps (model card of
    FLUX.1-schnell). Raises :class:`ModelUnavailable`.
    """
    folder = folder.absolute()
    fields: dict[str, Any] = {"title": folder.name, **_measured(folder)}
    own = folder / OWN_SPEC
    if own.is_file():
        fields |= read_json(own)
    fields |= {"id": str(folder), "source": str(folder)}
    try:
        return ModelSpec.model_validate(fields)
    except ValidationError as error:
        raise ModelUnavailable(
            f"{own} does not describe a model.", problems=problems_of(error)
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model; raises :class:`ModelUnavailable` naming the line."""
    fix = "Fetch the file again from where the model came from."
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ModelUnavailable(f"{path} is not JSON: {error.msg} at {place}.", fix=fix) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{path} cannot be read: {error}.", fix=fix) from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"{path} does not hold a JSON object.", fix=fix)
    return value


def _measured(folder: Path) -> dict[str, Any]:
    """What the transformer's configuration says of family, text length and sampling."""
    config = read_json(folder / "transformer" / "config.json")
    try:
        width = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    except (KeyError, TypeError, ValueError):
        width = 0
    family = "flux.1" if width == FLUX1_WIDTH else "custom"
    if config.get("guidance_embeds") is False:
        schnell = Sampling(steps=4, guidance=0.0)
        return {"family": family, "max_sequence_length": 256, "sampling": schnell}
    return {"family": family, "max_sequence_length": 512}


def _check_component(folder: Path) -> None:
    """One part of the pipeline: its configuration and every shard of its weights."""
    if not (folder / "config.json").is_file():
        raise ModelUnavailable(
            f"The model lacks {folder.name}/config.json in {folder.parent}.", fix=NEEDED
        )
    indexes = sorted(folder.glob("*.safetensors.index.json"))
    weights = sorted(folder.glob("*.safetensors"))
    if not indexes and not weights:
        raise _no_weights(folder)
    wanted = set(weights)
    for index in indexes:
        shards = read_json(index).get("weight_map")
        if isinstance(shards, dict):
            wanted |= {folder / str(name) for name in shards.values()}
    for path in sorted(wanted):
        try:
            read_header(path)
        except FileNotFoundError:
            what = "is missing"
        except ValueError as error:
            what = str(error)
        else:
            continue
        raise ModelUnavailable(
            f"The model's file {path} {what}.",
            fix="Fetch this file again; the others can stay.",
        )


def _no_weights(folder: Path) -> ModelUnavailable:
    if any(path.suffix in PICKLES for path in folder.iterdir()):
        return ModelUnavailable(
            f"The weights in {folder} are pickles (.bin, .pt), which can run any code when read.",
            fix="Get the model's safetensors files, or convert them with diffusers: "
            "pipeline.save_pretrained(FOLDER, safe_serialization=True).",
        )
    return ModelUnavailable(f"There are no safetensors files in {folder}.", fix=NEEDED)


def _no_index(folder: Path) -> ModelUnavailable:
    inner = sorted(path.parent for path in folder.glob(f"*/{INDEX}"))
    if inner:
        return ModelUnavailable(
            f"{folder} is not a model, but {inner[0].name} in it is.", fix=f"Name {inner[0]}."
        )
    if (folder / "config.json").is_file():
        kind = read_json(folder / "config.json").get("_class_name", "one part")
        what = f"{folder} holds only one part of a model ({kind})."
        return ModelUnavailable(what, fix=NEEDED)
    singles = sorted(folder.glob("*.safetensors"))
    if singles:
        return _not_a_folder(singles[0])
    return ModelUnavailable(f"{folder} has no {INDEX}.", fix=NEEDED)


def _not_a_folder(path: Path) -> ModelUnavailable:
    if path.suffix in PICKLES:
        return ModelUnavailable(
            f"{path.name} is a pickle, which can run any code when read.", fix=NEEDED
        )
    if path.suffix != ".safetensors":
        return ModelUnavailable(f"{path} is a file, not a model folder.", fix=NEEDED)
    try:
        header = read_header(path)
    except ValueError as error:
        return ModelUnavailable(f"{path} {error}.", fix=NEEDED)
    if is_adapter(header):
        return ModelUnavailable(
            f"{path.name} is a LoRA, not a base model.", fix=f"Use it with --lora {path}."
        )
    return ModelUnavailable(
        f"{path.name} is a single-file checkpoint, without text encoders' settings and tokenizers.",
        fix=NEEDED,
    )
