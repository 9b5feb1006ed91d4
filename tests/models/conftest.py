"""A small random FLUX folder, written once; tests that change it copy it first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icl_engines.testing import write_random_flux


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_flux(tmp_path_factory.mktemp("models") / "flux")


@pytest.fixture
def own_flux(flux: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(flux, tmp_path / "mödel"))
