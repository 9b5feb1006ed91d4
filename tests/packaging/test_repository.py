"""The repository as a newcomer meets it: set-up commands, links, licences, sizes, CI."""

from __future__ import annotations

import importlib.util
import os
import re
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md"])


def ci_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_readme_has_exactly_two_set_up_commands_of_one_line() -> None:
    section = README.partition("## Set up")[2].partition("\n## ")[0]
    commands = [block.strip() for block in code_blocks(section)]
    assert len(commands) == 2
    assert commands[0] == "pip install -e . && icl-studio demo"
    assert commands[1].startswith('pip install -e ".[dev]" && python -m pytest')


def test_ci_runs_the_readmes_test_command_and_stays_executable() -> None:
    script = ROOT / ".ci" / "run"
    assert """grep -m1 -F 'pip install -e ".[dev]"' README.md""" in script.read_text("utf-8")
    if os.name != "nt":
        assert os.access(script, os.X_OK)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    local = [t.partition("#")[0] for t in targets if not t.startswith(("http", "#", "mailto"))]
    assert [t for t in local if not (document.parent / t).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_documented_command_exists(document: Path) -> None:
    from icl_studio.cli.main import COMMANDS

    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"^ *icl-studio ([a-z]+)", "\n".join(code_blocks(text)), re.MULTILINE))
    assert named <= set(COMMANDS)


def test_the_command_and_the_three_plugins_are_registered() -> None:
    points = metadata.entry_points(group="icl_studio")
    own = {point.name: point.value for point in points if point.name.startswith("icl-")}
    assert own == PROJECT["entry-points"]["icl_studio"]
    (script,) = metadata.entry_points(group="console_scripts", name="icl-studio")
    assert script.load().__module__ == "icl_studio.cli.main"


def test_the_two_onnx_extras_never_meet() -> None:
    extras = PROJECT["optional-dependencies"]
    names = {extra: {re.split(r"[ >=<;]", d)[0] for d in extras[extra]} for extra in extras}
    assert "onnxruntime" in names["onnx"] and "onnxruntime-gpu" in names["onnx-gpu"]
    for extra, packages in names.items():
        assert not {"onnxruntime", "onnxruntime-gpu"} <= packages, extra


def test_the_doctor_recommends_the_torch_that_is_declared() -> None:
    from icl_studio.doctor.gpu import TORCH

    assert TORCH in PROJECT["dependencies"]
    assert f'"{TORCH}"' in README


def test_sizes_are_judged_singly_and_together() -> None:
    check = ci_module("check_sizes")
    assert check.complaints({"a": 14_000_000, "b": 1}) == []
    assert "b has 16.0 MB" in check.complaints({"b": 16_000_000})[0]
    assert "Together" in check.complaints({str(n): 13_000_000 for n in range(4)})[0]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a source archive has no git")
def test_the_tracked_files_are_small_enough() -> None:
    check = ci_module("check_sizes")
    assert check.complaints(check.tracked_sizes(ROOT)) == []


def test_adapters_that_ship_are_small_and_each_is_some_tasks_own() -> None:
    """At most 1.5 MB each; a file that no task has the name of would never be used."""
    from icl_tasks.plugin import TASKS

    files = sorted((ROOT / "resources" / "adapters").glob("*/*"))
    assert [f.name for f in files if f.stat().st_size > 1_500_000] == []
    assert {f.name for f in files} <= {f"{task.id}.safetensors" for task in TASKS}
