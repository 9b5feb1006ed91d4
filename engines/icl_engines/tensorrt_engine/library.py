"""Which TensorRT is here: TensorRT-RTX (ahead of time, for any card) or TensorRT (this card only).

Imported when needed and never before: either is large, and most machines have neither.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple

from icl_studio.engines.hardware import nvidia_gpus
from icl_studio.errors import UserError

log = logging.getLogger(__name__)
RTX = "tensorrt_rtx"
MODULES = (RTX, "tensorrt")
HOW_TO_INSTALL = 'Run: pip install "icl-studio[tensorrt]"'


class Library(NamedTuple):
    """An importable TensorRT: its module, its name in the manifest, its exact release."""

    trt: ModuleType
    name: str
    version: str

    @property
    def ahead_of_time(self) -> bool:
        """Whether it builds for cards that this machine has not."""
        return self.name == RTX

    @property
    def targets(self) -> tuple[str, ...]:
        """What it builds for, such as ``sm_89``; TensorRT: the cards of this machine."""
        if self.ahead_of_time:
            names = self.trt.ComputeCapability.__members__
            found = [name for name in names if name.startswith("SM")]
            return tuple(f"sm_{name[2:]}" for name in sorted(found, key=lambda one: int(one[2:])))
        return tuple(dict.fromkeys(gpu.target for gpu in nvidia_gpus()))

    def check_targets(self, targets: Sequence[str]) -> tuple[str, ...]:
        """``targets`` in order, each once; raises :class:`UserError` for one it cannot serve."""
        known = self.targets
        wrong = [target for target in targets if target not in known]
        if wrong or not targets:
            if not known:
                what = "TensorRT builds for the card at hand only, and there is none here"
            else:
                what = f"{self.name} {self.version} builds for {', '.join(known)}"
            said = f"not for {', '.join(wrong)}" if wrong else "and no --target was named"
            raise UserError(f"{what}, {said}.", fix=_other_card(wrong))
        return tuple(target for target in known if target in targets)


def library() -> Library:
    """The TensorRT of this Python; raises :class:`UserError` when there is none that loads."""
    broken = []
    for name in MODULES:
        if find_spec(name) is None:
            continue
        try:
            trt: Any = importlib.import_module(name)
            return Library(trt, name, str(trt.__version__))
        # A package without its libraries fails in many ways: ImportError, OSError, and
        # the stub that `tensorrt` is where its vendor's index was not reached.
        except Exception as error:  # noqa: BLE001
            log.warning("%s cannot be loaded: %s", name, error)
            broken.append(f"{name}: {error}")
    if broken:
        raise UserError(f"TensorRT cannot be loaded: {'; '.join(broken)}.", fix=HOW_TO_INSTALL)
    raise UserError("TensorRT is not installed.", fix=f"{HOW_TO_INSTALL}.")


def _other_card(wrong: Sequence[str]) -> str:
    if any(target in ("sm_90", "sm_100", "sm_103") for target in wrong):
        return "For this card use --engine torch: TensorRT-RTX does not serve it."
    return "A GeForce RTX 4090 is sm_89, a 5090 sm_120, a 3090 sm_86; nvidia-smi tells yours."
