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


@pytest.fixture(scope="session")
def random_flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers folder with a random-weight FLUX (2 MB), written once a session; read only."""
    from icl_engines.testing import write_random_flux

    return write_random_flux(tmp_path_factory.mktemp("models") / "random-flux", seed=0)
