"""The example distribution from pip install to pip uninstall, in an environment of its own.

Works offline: hatchling comes from the running environment, which stays untouched.
"""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from icl_studio.paths import resource
from icl_studio.plugins.scaffold import template_folder

NAME = "icl-comic-strip"


class Environment:
    """A virtual environment that also sees what the running one has."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        [packages] = self.run("-c", "import site; print(site.getsitepackages()[-1])").split("\n")[
            :1
        ]
        outer = [f"import site; site.addsitedir({p!r})" for p in site.getsitepackages()]
        Path(packages, "_outer.pth").write_text("\n".join(outer), encoding="utf-8")
        self.packages = Path(packages)

    def run(self, *arguments: str) -> str:
        """Run Python there and return what it prints."""
        done = subprocess.run(
            [str(self.python), *arguments], capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def pip(self, *arguments: str) -> None:
        """Run the outer environment's pip on this one."""
        command = ["-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        done = subprocess.run(
            [sys.executable, *command, *arguments],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"

    def studio(self, *arguments: str) -> Any:
        """The JSON that a command prints there."""
        return json.loads(self.run("-m", "icl_studio", *arguments, "--json"))

    def tasks(self) -> list[str]:
        return [task["id"] for task in self.studio("tasks")["tasks"]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("venv") / "umgebung ü")


@pytest.fixture
def model(tmp_path: Path, random_flux: Path) -> str:
    """The embedded model where it is shipped, else a random one of the same size and classes."""
    if resource("models", "tiny", "model_index.json").is_file():
        return "tiny"
    folder = shutil.copytree(random_flux, tmp_path / "random-flux")
    own = {
        "title": "random",
        "family": "tiny",
        "canvas": {"canvas_multiple": 16, "panel_short_side": 96},
        # The random model's tokenizer knows letters only, so captions are long.
        "max_sequence_length": 512,
    }
    (folder / "icl_studio.json").write_text(json.dumps(own), encoding="utf-8")
    return str(folder)


@pytest.mark.slow
def test_it_is_installed_seen_used_and_removed_again(
    environment: Environment, model: str, tmp_path: Path
) -> None:
    before = environment.tasks()
    assert "comic-strip" not in before

    source = shutil.copytree(template_folder(), tmp_path / "comic strip")
    environment.pip("install", "--no-deps", "--no-index", "--no-build-isolation", str(source))
    assert list(environment.packages.glob("icl_comic_strip*"))
    assert environment.tasks() == [*before, "comic-strip"]
    plugins = environment.studio("plugins", "list")["plugins"]
    [plugin] = [plugin for plugin in plugins if plugin["name"] == "comic-strip"]
    assert (plugin["distribution"], plugin["state"]) == (NAME, "ok")

    made = environment.studio(
        *("make", "comic-strip", "--example", "--steps", "2"),
        *("--model", model, "--out", str(tmp_path / "sets")),
    )
    [result] = made["sets"]
    assert [panel["name"] for panel in result["panels"]] == [
        "TOP-LEFT",
        "TOP-RIGHT",
        "BOTTOM-LEFT",
        "BOTTOM-RIGHT",
    ]
    with Image.open(result["sheet"]) as sheet:
        assert sheet.size == (256, 192)
    for panel in result["panels"]:
        with Image.open(panel["path"]) as picture:
            assert picture.size == (128, 96)

    environment.pip("uninstall", "--yes", NAME)
    assert environment.tasks() == before
    assert not list(environment.packages.glob("icl_comic_strip*"))


@pytest.mark.slow
def test_its_own_tests_pass_where_it_is_installed(environment: Environment, tmp_path: Path) -> None:
    source = shutil.copytree(template_folder(), tmp_path / "comic-strip")
    environment.pip("install", "--no-deps", "--no-index", "--no-build-isolation", str(source))
    try:
        tests = str(source / "tests")
        environment.run("-m", "pytest", "-q", "--rootdir", tests, "-p", "no:cacheprovider", tests)
    finally:
        environment.pip("uninstall", "--yes", NAME)


def test_the_running_environment_was_left_alone() -> None:
    names = subprocess.run(
        [sys.executable, "-c", "import icl_comic_strip"], capture_output=True, check=False
    )
    assert names.returncode != 0
