"""Checking a plugin before it is installed: nothing of it runs in our process.

The static part reads metadata, file names and syntax trees. Only :func:`run_plugin` imports
the plugin, in a fresh interpreter of its own.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ..domain.problems import Frozen, Problem
from .info import PluginInfo, shortened
from .package import Package, open_package, requirement_name
from .source import HEAVY, Finding, import_findings, source_findings

PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".dill", ".pyc"})
NATIVE = frozenset({".so", ".pyd", ".dll", ".dylib", ".exe"})
DECLARATIVE = ("hatchling", "flit_core", "pdm.backend", "poetry.core", "setuptools", "uv_build")
RUN_SECONDS = 120
_OURS = Path(__file__).resolve().parents[2]


class CheckReport(Frozen):
    """What a check found; ``loaded`` is there only when the plugin was run."""

    path: Path
    name: str
    version: str
    entry_points: dict[str, str]
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    loaded: tuple[PluginInfo, ...] | None = None

    @property
    def accepted(self) -> bool:
        """Whether no finding keeps the plugin out."""
        return not any(finding.level == "error" for finding in self.findings)


def check_plugin(path: Path, *, run: bool = False) -> CheckReport:
    """Examine the folder or wheel at ``path``; with ``run`` also load it in a subprocess.

    Raises :class:`PluginProblem` when there is no distribution to examine.
    """
    package = open_package(path)
    findings = [
        *_declaration(package),
        *_install_code(package),
        *_files(package),
        *_modules(package),
    ]
    loaded = None
    if run and package.entry_points:
        loaded, problems = run_plugin(package)
        findings += problems
    return CheckReport(
        path=path,
        name=package.name,
        version=package.version,
        entry_points=dict(package.entry_points),
        files=package.files,
        findings=tuple(findings),
        loaded=loaded,
    )


def _declaration(package: Package) -> Iterator[Finding]:
    where = "METADATA" if package.wheel else "pyproject.toml"
    if not package.name:
        yield Finding(level="error", where=where, what="gives no name.", fix="Add [project] name.")
    if not package.entry_points:
        fix = 'Add [project.entry-points.icl_studio] with my-task = "my_package.plugin".'
        what = "has no entry point of the group icl_studio, so it is never found."
        yield Finding(level="error", where=where, what=what, fix=fix)
    names = [requirement_name(text) for text in package.requires]
    if "icl-studio" not in names:
        fix = 'Add dependencies = ["icl-studio>=0.1"].'
        what = "does not depend on icl-studio."
        yield Finding(level="warning", where=where, what=what, fix=fix)
    for name in sorted(HEAVY.intersection(names)):
        what = f"asks for {name}, which may replace the one that fits this machine's GPU."
        fix = "Leave it to icl-studio, which depends on it."
        yield Finding(level="warning", where=where, what=what, fix=fix)


def _install_code(package: Package) -> Iterator[Finding]:
    """Code that would run while the plugin is being installed, before anyone can look."""
    if package.wheel:
        for file in package.files:
            if ".data/scripts/" in file:
                what = "puts a program on the user's path."
                fix = "Leave scripts out; a plugin is called by ICL Studio."
                yield Finding(level="warning", where=file, what=what, fix=fix)
        return
    if "setup.py" in package.files:
        fix = "Declare everything in pyproject.toml and delete it."
        what = "runs code during installation."
        yield Finding(level="error", where="setup.py", what=what, fix=fix)
    system = package.pyproject.get("build-system", {})
    system = system if isinstance(system, dict) else {}
    backend = str(system.get("build-backend", "setuptools"))
    tools = package.pyproject.get("tool", {})
    custom = [".".join(path) for path in _hook_tables(tools if isinstance(tools, dict) else {})]
    if "backend-path" in system or not backend.startswith(DECLARATIVE):
        custom.append(f"build-backend {backend}")
    for place in custom:
        what = f"{place} runs code of its own during installation."
        fix = "Use hatchling without build hooks, as `icl-studio plugins new` does."
        yield Finding(level="error", where="pyproject.toml", what=what, fix=fix)


def _hook_tables(tools: dict[str, Any], path: tuple[str, ...] = ("tool",)) -> Iterator[list[str]]:
    """Tables in which known build tools name code to run."""
    for key, value in tools.items():
        here = (*path, str(key))
        if key in {"hooks", "cmdclass", "build-hook", "ext-modules"} or (
            path == ("tool", "poetry") and key == "build"
        ):
            yield list(here)
        elif isinstance(value, dict):
            yield from _hook_tables(value, here)


def _files(package: Package) -> Iterator[Finding]:
    for file in package.files:
        suffix = PurePosixPath(file).suffix.lower()
        if file.startswith("/") or "\\" in file or ".." in PurePosixPath(file).parts:
            what = "would be written outside its folder."
            yield Finding(level="error", where=file, what=what, fix="Do not install this wheel.")
        elif suffix in PICKLES:
            what = "may hold a pickle or hidden code; ICL Studio never reads such files."
            fix = "Ship weights as .safetensors, and source as .py."
            yield Finding(level="error", where=file, what=what, fix=fix)
        elif suffix == ".safetensors" and not _is_safetensors(package.read(file, 9)):
            what = "is no safetensors file, whatever its name says."
            yield Finding(level="error", where=file, what=what, fix="Save it as safetensors.")
        elif suffix in NATIVE:
            what = "is compiled code, which nobody can read before it runs."
            yield Finding(level="warning", where=file, what=what, fix="Ship source if you can.")


def _is_safetensors(start: bytes) -> bool:
    """Whether a file can begin so: the header's length (little endian), then JSON."""
    return (
        len(start) == 9 and 2 <= struct.unpack("<Q", start[:8])[0] < 1 << 32 and start[8:] == b"{"
    )


def _modules(package: Package) -> Iterator[Finding]:
    for name, value in package.entry_points.items():
        module, _, attribute = value.partition(":")
        file = package.module_file(module.strip())
        if file is None:
            what = f"names the module {module!r}, which is not in the package."
            fix = "Correct the entry point, or add the module."
            yield Finding(level="error", where=f"entry point {name}", what=what, fix=fix)
            continue
        text = package.read(file).decode("utf-8", "replace")
        if attribute:
            what = f"names the object {attribute.strip()!r}; its API and hooks show only when it "
            what += "runs."
            fix = f"Name the module alone ({module.strip()}), or check with --run."
            yield Finding(level="warning", where=f"entry point {name}", what=what, fix=fix)
            yield from import_findings(file, text)
        else:
            yield from source_findings(file, text)


def run_plugin(package: Package) -> tuple[tuple[PluginInfo, ...], list[Finding]]:
    """Load the plugin beside ours in a fresh interpreter; what the registry says of it."""
    with tempfile.TemporaryDirectory(prefix="icl-studio-check-") as name:
        folder = Path(name)
        root = folder / "wheel" if package.wheel else package.root
        if package.wheel:
            package.unpack(root)
        roots = {
            package.import_root(v.partition(":")[0].strip()) for v in package.entry_points.values()
        }
        order = {
            "paths": [
                str((root / r).absolute()) for r in sorted(roots - {None}, key=str) if r is not None
            ],
            "entry_points": dict(package.entry_points),
            "distribution": package.name,
            "version": package.version,
        }
        # Isolated from the user's environment; the last path is where this package lies.
        start = f"import sys; sys.path.append({str(_OURS)!r})"
        start += "; from icl_studio.plugins.probe import main; main()"
        command = [sys.executable, "-I", "-c", start]
        try:
            done = subprocess.run(
                command,
                input=json.dumps(order),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=RUN_SECONDS,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired:
            what = f"was still loading after {RUN_SECONDS} seconds."
            fix = "Compute nothing on import or in a hook."
            return (), [Finding(level="error", where="run", what=what, fix=fix)]
    return _answer(done)


def _answer(done: subprocess.CompletedProcess[str]) -> tuple[tuple[PluginInfo, ...], list[Finding]]:
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        what = f"loading it ended the interpreter (code {done.returncode})."
        what += f" {shortened(done.stderr[-600:])}" if done.stderr else ""
        fix = "Run its module in Python by hand to see why."
        return (), [Finding(level="error", where="run", what=what, fix=fix)]
    answer = json.loads(lines[-1])
    infos = tuple(PluginInfo.model_validate(item) for item in answer["plugins"])
    problems: list[tuple[PluginInfo, Problem]] = [(i, p) for i in infos for p in i.problems]
    findings = [
        Finding(level="error", where=f"{info.name}: {p.where}", what=p.what, fix=p.fix)
        for info, p in problems
    ]
    for name in answer["heavy"]:
        what = f"loads {name} when the plugin is listed, which slows every command."
        fix = "Import it in the function that a worker calls."
        findings.append(Finding(level="error", where="run", what=what, fix=fix))
    return infos, findings
