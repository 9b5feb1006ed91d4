"""Shot lists written by a test, checked against the ten tasks and a fake model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icl_studio.paths import UserFolders, user_folders
from icl_studio.plugins import load_registry
from icl_studio.plugins.registry import Registry
from icl_studio.settings import Settings
from icl_studio.shotlists.checking import Checked, Defaults, check_list
from icl_studio.testing import write_fake_model


@pytest.fixture
def folders(home: Path) -> UserFolders:
    return user_folders()


@pytest.fixture
def registry(folders: UserFolders) -> Registry:
    return load_registry(folders, Settings())


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_fake_model(tmp_path / "modell-ü").folder)


@pytest.fixture
def check(
    tmp_path: Path, registry: Registry, folders: UserFolders, model: str
) -> Callable[..., Checked]:
    """Writes ``text`` (or takes a file) and checks it."""

    def run(text: str | Path, name: str = "Liste ü.csv", **options: Any) -> Checked:
        file = text if isinstance(text, Path) else tmp_path / name
        if isinstance(text, str):
            file.write_text(text, encoding="utf-8")
        defaults = options.pop("defaults", Defaults(model=model))
        return check_list(file, registry, folders, defaults, **options)

    return run
