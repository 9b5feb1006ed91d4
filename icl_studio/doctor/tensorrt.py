"""Whether the TensorRT that engine ``tensorrt`` stands on is here, loads, and serves the cards.

This process never imports it: a short child process asks it.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass

from ..engines.hardware import Gpu
from .check import Check, ok, warn
from .probing import Unanswered, ask

PROBE_SECONDS = 60
NAMES = {"tensorrt_rtx": "TensorRT-RTX", "tensorrt": "TensorRT"}
"""Modules in the order in which the engine takes them, as people know them."""

_PROBE = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
kinds = getattr(getattr(module, "ComputeCapability", None), "__members__", {})
targets = ["sm_" + name[2:] for name in kinds if name.startswith("SM")]
print(json.dumps({"version": str(module.__version__), "targets": targets}))
"""


@dataclass(frozen=True)
class TensorrtProbe:
    """What a TensorRT says of itself; ``error`` where it could not.

    ``targets`` are the cards that it builds for ahead of time (``sm_89``); none: the card at hand.
    """

    module: str
    version: str = ""
    targets: tuple[str, ...] = ()
    error: str = ""


def probe_tensorrt() -> TensorrtProbe | None:
    """Ask the first TensorRT that loads, each in a child process; None where none is installed.

    Where none loads, the first one's error.
    """
    asked = [_ask(name) for name in NAMES if importlib.util.find_spec(name) is not None]
    return next((one for one in asked if not one.error), asked[0] if asked else None)


def _ask(module: str) -> TensorrtProbe:
    try:
        facts = ask(_PROBE, module, seconds=PROBE_SECONDS)
    except Unanswered as error:
        return TensorrtProbe(module, error=str(error))
    return TensorrtProbe(module, facts["version"], tuple(facts["targets"]))


def judge_tensorrt(probe: TensorrtProbe | None, cards: tuple[Gpu, ...]) -> Check | None:
    """What engine ``tensorrt`` can do here; nothing to say without it and without a card."""
    install = f'Run: {sys.executable} -m pip install "icl-studio[tensorrt]"'
    if probe is None:
        if not cards:
            return None
        names = ", ".join(card.name for card in cards)
        return ok("tensorrt", f"Not installed. An engine built for {names} needs it: {install[5:]}")
    name = NAMES[probe.module]
    if probe.error:
        again = install.replace("install", "install --force-reinstall")
        return warn("tensorrt", f"{name} is installed, but {probe.error}.", again)
    here = f"{name} {probe.version}"
    if not cards:
        if not probe.targets:
            what = f"{here} builds engines for the card at hand only, and there is none here."
            return ok("tensorrt", what)
        what = f"{here} builds engines for {', '.join(probe.targets)}; running one needs a card."
        return ok("tensorrt", what)
    foreign = [card for card in cards if probe.targets and card.target not in probe.targets]
    if len(foreign) == len(cards):
        names = ", ".join(f"{card.name} ({card.target})" for card in foreign)
        return warn(
            "tensorrt",
            f"{here} does not serve {names}; it builds for {', '.join(probe.targets)}.",
            "Use --engine torch on this machine.",
        )
    served = ", ".join(f"{card.name} ({card.target})" for card in cards if card not in foreign)
    return ok("tensorrt", f"{here} builds and runs engines for {served}.")
