"""What machine this is, as an engine's manifest records it: asked of the system, no torch.

The GPU is asked of its driver's own tool (``nvidia-smi``), so that the window's process can
say for which card an engine would have to be made.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ..domain.problems import Frozen

QUERY = "name,compute_cap,memory.total,driver_version"
SECONDS = 15


class Gpu(Frozen):
    """One NVIDIA card; ``target`` is what engines are built for, such as ``sm_89``."""

    name: str
    target: str
    memory_mb: int
    driver: str


class Machine(Frozen):
    """Where something was built or measured. ``memory_mb`` is 0 where the system does not say."""

    system: str
    processor: str
    cores: int
    memory_mb: int = 0
    gpus: tuple[Gpu, ...] = ()


def this_machine() -> Machine:
    """The machine this runs on; never raises, what cannot be found out is left empty."""
    return Machine(
        system=system_name(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_mb=_memory_mb(),
        gpus=nvidia_gpus(),
    )


def system_name() -> str:
    """Operating system and architecture, such as ``linux-x86_64``: an engine is tied to both."""
    return f"{platform.system().lower()}-{platform.machine().lower()}"


def nvidia_gpus() -> tuple[Gpu, ...]:
    """The NVIDIA cards by their driver's own tool; none without a driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        done = subprocess.run(
            [tool, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_gpus(done.stdout) if done.returncode == 0 else ()


def parse_gpus(listed: str) -> tuple[Gpu, ...]:
    """The cards in ``nvidia-smi``'s table; a line that it could not fill in is left out."""
    found = []
    for line in listed.splitlines():
        cells = [cell.strip() for cell in line.rsplit(",", 3)]
        if len(cells) != 4 or not re.fullmatch(r"\d+\.\d+", cells[1]):
            continue
        memory = int(cells[2]) if cells[2].isdigit() else 0
        target = f"sm_{cells[1].replace('.', '')}"
        found.append(Gpu(name=cells[0], target=target, memory_mb=memory, driver=cells[3]))
    return tuple(found)


def _processor() -> str:
    """The CPU's model: Linux tells it in a file only."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, ValueError, OSError):
        return 0  # Windows has no sysconf


def peak_mb() -> int | None:
    """This process's peak resident memory; None on Windows, which does not tell it this way."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
