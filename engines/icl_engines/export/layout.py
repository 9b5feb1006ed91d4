"""optimum's folder layout around the graphs: what a diffusers pipeline needs beside them.

Written so that transformers 4.57 reads it (optimum-onnx 0.1.0 has no newer one), which
differs from what transformers 5 writes: tokenizer classes end in ``Fast``, and
``extra_special_tokens`` is no list.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

CONFIGS = {
    "transformer": "transformer",
    "vae_decoder": "vae",
    "vae_encoder": "vae",
    "text_encoder": "text_encoder",
    "text_encoder_2": "text_encoder_2",
}
"""Folder in the export to the model's component whose ``config.json`` belongs there."""
COPIED = ("tokenizer", "tokenizer_2", "scheduler")
INDEX = "model_index.json"
FAST = {"CLIPTokenizer": "CLIPTokenizerFast", "T5Tokenizer": "T5TokenizerFast"}


def write_layout(model: Path, export: Path) -> None:
    """Copy configurations, tokenizers, scheduler and index of ``model`` into ``export``."""
    for folder, source in CONFIGS.items():
        (export / folder).mkdir(exist_ok=True)
        shutil.copyfile(model / source / "config.json", export / folder / "config.json")
    for name in COPIED:
        (export / name).mkdir(exist_ok=True)
        for path in sorted((model / name).iterdir()):
            if path.is_file():
                shutil.copyfile(path, export / name / path.name)
    for name in ("tokenizer", "tokenizer_2"):
        _for_transformers_4(export / name)
    index = _read(model / INDEX)
    _write(export / INDEX, {name: _class(value) for name, value in index.items()})


def _for_transformers_4(tokenizer: Path) -> None:
    path = tokenizer / "tokenizer_config.json"
    config = _read(path)
    if isinstance(config.get("extra_special_tokens"), list):
        del config["extra_special_tokens"]  # tokenizer.json has them too
    if (tokenizer / "tokenizer.json").is_file():
        name = config.get("tokenizer_class")
        config["tokenizer_class"] = FAST.get(name, name)
    _write(path, config)


def _class(value: Any) -> Any:
    """A component's (library, class) under the class's name in transformers 4; else as it is."""
    if isinstance(value, list) and len(value) == 2:
        return [value[0], FAST.get(value[1], value[1])]
    return value


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
