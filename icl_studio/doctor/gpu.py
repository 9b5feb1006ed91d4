"""Which torch is installed, which GPU it sees, and if none, why and what mends that.

This process never imports torch: the build is read from the installed files, and a short
child process asks torch itself.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from .check import Check, fail, ok, warn
from .probing import Unanswered, ask

TORCH = "torch>=2.9,<2.14"
PROBE_SECONDS = 120

_PROBE = """
import json, warnings
facts = {"devices": [], "mps": False, "error": ""}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import torch
    try:
        if torch.version.cuda or torch.version.hip:
            torch.cuda.init()
            for i in range(torch.cuda.device_count()):
                p = torch.cuda.get_device_properties(i)
                (torch.ones(1, device=f"cuda:{i}") + 1).cpu()
                facts["devices"].append({"name": p.name, "bytes": p.total_memory})
        facts["mps"] = bool(torch.backends.mps.is_available())
    except Exception as error:
        facts["error"] = str(error)
print(json.dumps(facts))
"""


@dataclass(frozen=True)
class TorchBuild:
    """The installed torch: its version and what it was built for, e.g. CUDA "13.0" or None."""

    version: str
    cuda: str | None = None
    hip: str | None = None


@dataclass(frozen=True)
class NvidiaDriver:
    """What ``nvidia-smi`` says; ``cuda`` is the newest CUDA that the driver can run."""

    cards: tuple[str, ...]
    driver: str = ""
    cuda: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class TorchProbe:
    """What torch itself sees, asked in a child process; ``error`` if it could not say."""

    devices: tuple[dict[str, Any], ...] = ()
    mps: bool = False
    error: str = ""


def torch_build() -> TorchBuild | None:
    """The installed torch, read from its files; None if there is none."""
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return None
    spec = importlib.util.find_spec("torch")  # finds the package without importing it
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        return None
    facts = Path(places[0]) / "version.py"
    text = facts.read_text(encoding="utf-8") if facts.is_file() else ""
    found = dict(re.findall(r"^(cuda|hip|__version__)\b[^=\n]*= *['\"]([^'\"]*)['\"]", text, re.M))
    return TorchBuild(found.get("__version__", version), found.get("cuda"), found.get("hip"))


def nvidia_driver() -> NvidiaDriver | None:
    """NVIDIA cards by their driver's own tool; None where there is no driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = ["--query-gpu=name,driver_version", "--format=csv,noheader"]
    listed, overview = _output([tool, *query]), _output([tool])
    rows = [line.rpartition(",") for line in listed.splitlines() if "," in line]
    cards = tuple(name.strip() for name, _, _ in rows)
    version = re.search(r"CUDA Version: *(\d+)\.(\d+)", overview)
    cuda = (int(version[1]), int(version[2])) if version else (0, 0)
    return NvidiaDriver(cards, rows[0][2].strip() if rows else "", cuda) if cards else None


def probe_torch() -> TorchProbe:
    """Ask torch in a child process which devices it can really compute on."""
    try:
        facts = ask(_PROBE, seconds=PROBE_SECONDS, who="torch")
    except Unanswered as error:
        return TorchProbe(error=str(error))
    return TorchProbe(tuple(facts["devices"]), facts["mps"], facts["error"])


def judge(build: TorchBuild | None, driver: NvidiaDriver | None, probe: TorchProbe) -> list[Check]:
    """What the three together mean: torch itself, and the GPU or why there is none."""
    if build is None:
        return [fail("torch", "torch is not installed.", f'Run: {_pip()} install "{TORCH}"')]
    if "cannot be loaded" in probe.error:
        fix = f'Install it again: {_pip()} install --force-reinstall --no-deps "{TORCH}"'
        return [fail("torch", f"{probe.error}.", fix)]
    if "did not answer" in probe.error or "could not be started" in probe.error:
        fix = "Close other programs and run the doctor again; if it stays so, restart."
        return [warn("torch", f"torch {build.version} is there, but {probe.error}.", fix)]
    kind = f"CUDA {build.cuda}" if build.cuda else f"ROCm {build.hip}" if build.hip else "CPU"
    return [ok("torch", f"torch {build.version}, built for {kind}."), _gpu(build, driver, probe)]


def _gpu(build: TorchBuild, driver: NvidiaDriver | None, probe: TorchProbe) -> Check:
    if probe.devices:
        names = ", ".join(f"{d['name']} ({d['bytes'] / 2**30:.0f} GiB)" for d in probe.devices)
        return ok("gpu", f"torch computes on {names}.")
    if probe.mps:
        return ok("gpu", "torch computes on this Mac's GPU (MPS).")
    if driver is None:
        if build.hip and probe.error:
            return warn("gpu", f"The GPU cannot be used: {probe.error}.", "Check the ROCm driver.")
        if platform.system() == "Darwin":
            return ok("gpu", "No GPU that torch can use; sets are made on the CPU.")
        return ok("gpu", "No NVIDIA driver (no nvidia-smi); sets are made on the CPU.")
    cards = ", ".join(driver.cards)
    if not build.cuda:
        return warn(
            "gpu",
            f"There is {cards}, but this torch is built for the CPU only.",
            cuda_command(driver),
        )
    if "driver" in probe.error.lower() or driver.cuda < _as_pair(build.cuda):
        newest = ".".join(map(str, driver.cuda))
        return warn(
            "gpu",
            f"The driver {driver.driver} of {cards} is too old for this torch: it runs CUDA up "
            f"to {newest}, torch wants {build.cuda}.",
            f"Update the NVIDIA driver, or fit torch to it. {cuda_command(driver)}",
        )
    return warn(
        "gpu",
        f"torch cannot use {cards}: {probe.error or 'it sees no device'}.",
        "Check that CUDA_VISIBLE_DEVICES is not empty and that no other program holds the card; "
        "else restart, or update the NVIDIA driver.",
    )


def cuda_command(driver: NvidiaDriver) -> str:
    """The commands that replace torch by the build that fits ``driver``."""
    if driver.cuda[0] < 12:
        return "Update the NVIDIA driver first; torch needs one that runs CUDA 12 or newer."
    build = "cu130" if driver.cuda[0] >= 13 else "cu126"
    # pip would call a CPU build "already satisfied": it has to go first.
    return (
        f"Run: {_pip()} uninstall -y torch\n"
        f'then: {_pip()} install --index-url https://download.pytorch.org/whl/{build} "{TORCH}"'
    )


def _pip() -> str:
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{python} -m pip"


def _as_pair(version: str) -> tuple[int, int]:
    """CUDA's major version decides: a driver for 12.4 runs builds for 12.8 as well."""
    return (int(version.partition(".")[0]), 0)


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=15,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True)
class CardReading:
    """A card at this moment: bytes ``used`` of ``total``, degrees; None where not readable."""

    name: str
    used: int | None = None
    total: int | None = None
    celsius: int | None = None


def read_cards() -> tuple[CardReading, ...]:
    """NVIDIA cards as they are now; empty without a driver. Takes a moment: not on a window."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = "--query-gpu=name,memory.used,memory.total,temperature.gpu"
    return parse_readings(_output([tool, query, "--format=csv,noheader,nounits"]))


def parse_readings(text: str) -> tuple[CardReading, ...]:
    """What nvidia-smi printed, a card a line, MiB and degrees; ``[N/A]`` is None."""
    found = []
    for line in text.splitlines():
        name, *numbers = (cell.strip() for cell in line.rsplit(",", 3))
        if len(numbers) != 3:
            continue
        used, total, celsius = (int(n) if n.isdigit() else None for n in numbers)
        mib = 2**20
        found.append(
            CardReading(
                name.removeprefix("NVIDIA ").removeprefix("GeForce "),
                None if used is None else used * mib,
                None if total is None else total * mib,
                celsius,
            )
        )
    return tuple(found)
