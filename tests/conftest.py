"""What every test shares: a home of its own, so that no test touches the user's data."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ICL_STUDIO_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ICL_STUDIO_HOME", str(folder))
    return folder
