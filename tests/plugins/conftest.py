"""Plugins for tests: real distributions on ``sys.path``, found as any installed one is."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_sources import GOOD

from icl_studio.paths import user_folders
from icl_studio.plugins import Registry, load_registry
from icl_studio.settings import load_settings

Install = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, first on ``sys.path``; forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Install a one-module distribution: ``install("name", source)``."""

    def write(
        name: str, source: str = GOOD, *, entry_point: str = "", version: str = "1.0"
    ) -> Path:
        module = "plugin_" + name.replace("-", "_")
        file = site / f"{module}.py"
        file.write_text(source, encoding="utf-8")
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        text = f"[icl_studio]\n{entry_point or name} = {module}\n"
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return file

    return write


@pytest.fixture
def registry() -> Callable[..., Registry]:
    """Load the registry as a command does."""

    def load(*, safe_mode: bool = False) -> Registry:
        folders = user_folders()
        return load_registry(folders, load_settings(folders)[0], safe_mode=safe_mode)

    return load
