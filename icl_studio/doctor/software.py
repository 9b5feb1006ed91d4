"""Python, the packages ICL Studio stands on, the engines, and packages that harm each other."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..engines.protocol import EngineSpec
from .check import Check, fail, ok, warn

OLDEST = (3, 11)
ONNX_TWINS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")


def check_python() -> Check:
    version = platform.python_version()
    if sys.version_info < OLDEST:
        return fail("python", f"Python {version} is too old.", "Install Python 3.11 or newer.")
    if sys.maxsize < 2**32:
        return fail("python", f"Python {version} is a 32-bit build.", "Install a 64-bit Python.")
    return ok("python", f"Python {version} at {sys.executable}, on {platform.platform()}.")


def check_own_version() -> Check:
    where = Path(__file__).resolve().parents[1]
    return ok("icl-studio", f"ICL Studio {__version__} at {where}.")


def check_packages() -> Check:
    """Every declared dependency, present in a version that fits."""
    from packaging.requirements import Requirement

    try:
        declared = metadata.requires("icl-studio") or []
    except metadata.PackageNotFoundError:
        return warn(
            "packages",
            "ICL Studio runs without being installed, so no plugin is registered.",
            "Install it: pip install -e .",
        )
    wrong = []
    for text in declared:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} is {found}, needed is {requirement.specifier}")
    if wrong:
        fix = f"Run: {sys.executable} -m pip install --upgrade icl-studio (in a checkout: -e .)"
        return fail("packages", f"{'; '.join(wrong)}.", fix)
    return ok("packages", "Every package ICL Studio needs is there in a fitting version.")


def check_onnx_twins() -> Check | None:
    """Two builds of onnxruntime in one environment overwrite each other's files."""
    here = [name for name in ONNX_TWINS if _installed(name)]
    if len(here) < 2:
        return None
    keep = "onnxruntime-gpu" if "onnxruntime-gpu" in here else here[0]
    return warn(
        "onnxruntime",
        f"{' and '.join(here)} are installed together and overwrite each other's files.",
        f"Run: {sys.executable} -m pip uninstall -y {' '.join(here)}\n"
        f"then install the one you want: {sys.executable} -m pip install {keep}",
    )


def check_engines(engines: Iterable[EngineSpec]) -> Check:
    """At least one engine whose modules are installed (found, not imported)."""
    states = [(spec, spec.missing()) for spec in engines]
    ready = [spec.id for spec, missing in states if not missing]
    absent = [f"{spec.id} (lacks {', '.join(gone)})" for spec, gone in states if gone]
    if not ready:
        what = (
            f"No engine can run: {', '.join(absent)}." if absent else "No plugin gives an engine."
        )
        return fail("engines", what, "Install ICL Studio again, and see `icl-studio plugins list`.")
    rest = f" Not installed: {', '.join(absent)}." if absent else ""
    return ok("engines", f"Ready: {', '.join(ready)}.{rest}")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
