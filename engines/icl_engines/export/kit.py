"""Torch's results beside an export, for engines that can only be compared on another machine.

An engine built for a card that is not there is held against torch at its first run, and by then
the model may not fit into memory beside it. So the reference travels with it: the caption's
embeddings, one step and a sheet of every case. The adapter (a gigabyte for a large model) is drawn
anew from its seed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from icl_studio.errors import StorageProblem

from ..adapters.convert import Linear
from ..torch_engine.encode import Conditioning
from .reference import ADAPTER_SEED, Case, Reference
from .signature import random_adapter

FOLDER = "reference"
"""Inside an engine's folder."""


def write_kit(expected: Reference, engine: Path) -> None:
    """Write steps and sheets of ``expected`` into the folder ``engine``; raises ``OSError``."""
    folder = engine / FOLDER
    folder.mkdir()
    one = expected.conditioning
    assert one is not None
    tensors = {"prompt": one.prompt, "pooled": one.pooled}
    tensors |= {_name(case): step for case, step in expected.steps.items()}
    save_file({name: x.contiguous() for name, x in tensors.items()}, folder / "steps.safetensors")
    for case, sheet in expected.sheets.items():
        sheet.save(folder / f"{_name(case)}.png")
    cases = [list(case) for case in expected.steps]
    facts = {"cases": cases, "text_length": expected.text_length}
    (folder / "cases.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")


def read_kit(engine: Path, linears: Mapping[str, Linear]) -> Reference:
    """The reference beside an engine of these ``linears``; raises :class:`StorageProblem`."""
    folder = engine / FOLDER
    try:
        facts = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "steps.safetensors")
        cases = [Case(*case) for case in facts["cases"]]
        sheets = {}
        for case in cases:
            with Image.open(folder / f"{_name(case)}.png") as picture:
                sheets[case] = picture.convert("RGB")
        return Reference(
            linears=linears,
            adapter=random_adapter(linears, max(case.rank for case in cases), seed=ADAPTER_SEED),
            text_length=facts["text_length"],
            conditioning=Conditioning(tensors["prompt"], tensors["pooled"]),
            steps={case: tensors[_name(case)] for case in cases},
            sheets=sheets,
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise StorageProblem(
            f"What the engine is to be compared with cannot be read: {folder}: {error}",
            fix="Export and build it again.",
        ) from error


def _name(case: Case) -> str:
    adapter = f"rank-{case.rank}" if case.rank else "base"
    return f"{case.columns}x{case.rows}-{case.text_tokens}-{adapter}"
