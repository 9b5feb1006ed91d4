"""Every key and every width of a LoRA against the model, before the model is touched.

diffusers 0.42 only warns of keys that match nothing, asserts on kohya names at widths other
than FLUX.1's, and can leave the model changed after a wrong shape: so nothing is handed to it
that has not passed here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import torch

from icl_studio.errors import AdapterRejected, Problem

from .convert import Linear, Targets, module_names, split_rows
from .names import Part, foreign_kind, is_text_encoder, other_base, parse_key
from .read import LoraFile, read_lora

SHOWN = 5
"""How many findings an error lists; the rest are counted."""


class Delta(NamedTuple):
    """The LoRA of one linear: its weight changes by ``b @ a`` (alpha over rank is in ``b``)."""

    a: torch.Tensor
    b: torch.Tensor


Parts = dict[Part, torch.Tensor]


def load_adapter(path: Path, linears: Mapping[str, Linear]) -> dict[str, Delta]:
    """The LoRA in ``path`` as one float32 :class:`Delta` per linear of the model.

    Raises :class:`AdapterRejected` for anything that does not fit, by name: the file, the
    keys, the widths.
    """
    file = read_lora(path)
    _refuse_other_kinds(file)
    names = module_names(linears)
    modules = _group(file, names)
    _check_widths(path, modules, names, linears)
    deltas: dict[str, Delta] = {}
    for module, parts in modules.items():
        scaled = parts["B"].float() * _scale(file, parts, names[module])
        for target, rows in split_rows(scaled, names[module], linears):
            if target in deltas:
                raise AdapterRejected(
                    f"{path} adapts {target} twice, the second time as {module}.",
                    fix="Save the LoRA again in one naming style.",
                )
            deltas[target] = Delta(parts["A"].float(), rows)
    return deltas


def _refuse_other_kinds(file: LoraFile) -> None:
    foreign = foreign_kind(file.tensors)
    if foreign:
        kind, key = foreign
        raise AdapterRejected(
            f"{file.path} is not a plain LoRA but {kind} (key {key}).",
            fix="Train or convert it to a plain LoRA.",
        )
    if file.metadata.get("use_dora"):
        raise AdapterRejected(f"{file.path} is a DoRA.", fix="Train it as a plain LoRA.")
    text = [key for key in file.tensors if is_text_encoder(key)]
    if text:
        raise AdapterRejected(
            f"{file.path} adapts a text encoder too ({len(text)} of {len(file.tensors)} keys, "
            f"such as {text[0]}). Only the transformer is adapted here, and leaving a part of "
            "a LoRA out would change what it draws.",
            fix="Train without the text encoder, or remove these keys (docs/adapters.md).",
        )


def _group(file: LoraFile, names: Mapping[str, Targets]) -> dict[str, Parts]:
    """The tensors by module and part; every module is one of ``names`` and has A and B."""
    modules: dict[str, Parts] = {}
    unknown: dict[str, str] = {}
    for key, tensor in file.tensors.items():
        parsed = parse_key(key)
        if parsed is None or parsed.module not in names:
            unknown[key] = parsed.module if parsed else key
            continue
        parts = modules.setdefault(parsed.module, {})
        if parsed.part in parts:
            raise AdapterRejected(
                f"{file.path} holds {parsed.module} twice (key {key}).",
                fix="Save the LoRA again in one naming style.",
            )
        parts[parsed.part] = tensor
    if unknown:
        raise _unknown_keys(file, unknown, names)
    for module, parts in modules.items():
        missing = {"A": "down (A)", "B": "up (B)"}.keys() - parts.keys()
        if missing:
            raise AdapterRejected(
                f"{file.path}: {module} lacks its {' and '.join(sorted(missing))} matrix.",
                fix="Save or download the LoRA again.",
            )
    return modules


def _unknown_keys(
    file: LoraFile, unknown: Mapping[str, str], names: Mapping[str, Targets]
) -> AdapterRejected:
    """The error for keys that match nothing, with the nearest module of the model for each."""
    problems = []
    for key, module in list(unknown.items())[:SHOWN]:
        near = difflib.get_close_matches(module, names, n=1)
        hint = f"The nearest module is {near[0]}." if near else ""
        problems.append(Problem(where=key, what="matches no module of this model.", fix=hint))
    base = other_base(unknown.values())
    all_of_them = len(unknown) == len(file.tensors)
    return AdapterRejected(
        f"{file.path} does not fit: {'all' if all_of_them else len(unknown)} of its "
        f"{len(file.tensors)} keys match no module of this model"
        + (f"; it looks like a LoRA for {base}." if base else "."),
        fix="Use a LoRA that was trained on this base model; --no-lora leaves a task's out.",
        problems=problems,
    )


def _check_widths(
    path: Path,
    modules: Mapping[str, Parts],
    names: Mapping[str, Targets],
    linears: Mapping[str, Linear],
) -> None:
    """Raise :class:`AdapterRejected` unless every A and B has its linear's widths."""
    problems = []
    for module, parts in modules.items():
        a, b = parts["A"], parts["B"]
        if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1] or not a.shape[0]:
            what = f"A {tuple(a.shape)} and B {tuple(b.shape)} do not multiply."
            problems.append(Problem(where=module, what=what))
            continue
        if "alpha" in parts and parts["alpha"].numel() != 1:
            problems.append(Problem(where=module, what="alpha is not one number."))
        targets = names[module].modules
        mine = Linear(
            linears[targets[0]].width_in, sum(linears[name].width_out for name in targets)
        )
        its = Linear(a.shape[1], b.shape[0])
        if its != mine:
            what = (
                f"is made for {its.width_in} inputs and {its.width_out} outputs; "
                f"this model has {mine.width_in} and {mine.width_out}."
            )
            problems.append(Problem(where=module, what=what))
    if problems:
        raise AdapterRejected(
            f"{path} does not fit: {_summary(modules, names, linears)}",
            fix="Use a LoRA that was trained on this base model; --no-lora leaves a task's out.",
            problems=problems[:SHOWN],
        )


def _summary(
    modules: Mapping[str, Parts],
    names: Mapping[str, Targets],
    linears: Mapping[str, Linear],
) -> str:
    """What the wrong widths mean, in one sentence."""
    entry = linears["x_embedder"]
    for module, parts in modules.items():
        target = names[module].modules[0]
        if parts["A"].ndim != 2:
            continue
        width = parts["A"].shape[1]
        if target == "x_embedder" and width != entry.width_in:
            return (
                f"it is a control LoRA, whose picture input has {width} channels; "
                f"this model's has {entry.width_in}."
            )
        # Attention and modulation read the model's own width.
        if linears[target].width_in == entry.width_out and width != entry.width_out:
            return f"it was made for a model of width {width}; this one has {entry.width_out}."
    return "its matrices have other shapes than this model's."


def _scale(file: LoraFile, parts: Parts, targets: Targets) -> float:
    """alpha over rank; 1 without alpha, as the released In-Context LoRAs are.

    A file that diffusers saved tells alpha in its metadata instead of in keys, with the
    exceptions from the common one as patterns of module names (PEFT's ``LoraConfig``).
    """
    rank = parts["A"].shape[0]
    if "alpha" in parts:
        return float(parts["alpha"]) / rank
    alpha = _told_alpha(file, targets.modules[0])
    if alpha is None:
        return 1.0
    return alpha / (rank**0.5 if file.metadata.get("use_rslora") else rank)


def _told_alpha(file: LoraFile, module: str) -> float | None:
    """The alpha of ``module`` in the file's metadata; None where it tells none.

    The first pattern that fits counts, as in PEFT's ``get_pattern_key``. Raises
    :class:`AdapterRejected`: a guess would change what the LoRA draws.
    """
    key: str = "lora_alpha"
    alpha: object = file.metadata.get(key)
    patterns = file.metadata.get("alpha_pattern") or {}
    try:
        if not isinstance(patterns, dict):
            raise TypeError(f"alpha_pattern is {patterns!r}")
        fitting = (p for p in patterns if re.match(rf"(.*\.)?({p})$", module))
        key = next(fitting, key)
        alpha = patterns.get(key, alpha)
        if alpha is None:
            return None
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not isfinite(alpha):
            raise ValueError(f"alpha is {alpha!r} for {key}")
        return float(alpha)
    except (TypeError, ValueError, OverflowError, re.error) as error:
        raise AdapterRejected(
            f"{file.path}: its training metadata is damaged ({error}).",
            fix="Save the LoRA again, or use the file without metadata.",
        ) from error
