"""What every test shares: a home of its own, so that no test touches the user's data."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from icl_studio.engines.protocol import LocatedModel
    from icl_studio.engines.store import StoredEngine

EXPORTED_RANK = 24
"""The highest rank of a LoRA that the session's export takes."""


def pytest_configure() -> None:
    """Hear Ctrl-C even where the tests were started in the background.

    A shell starts background commands with the interrupt ignored, and children inherit that: then
    the Ctrl-C that a test sends to a command would never arrive.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long forms run only when asked for by their mark."""
    if "many" not in (config.option.markexpr or ""):
        for item in items:
            if item.get_closest_marker("many"):
                item.add_marker(pytest.mark.skip(reason="the long form: run it with -m many"))


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


@pytest.fixture(scope="session")
def flux_model(tmp_path_factory: pytest.TempPathFactory) -> LocatedModel:
    """A random FLUX of one block of each kind, for everything that exports or builds."""
    from icl_engines.testing import random_flux_model, write_random_flux

    folder = tmp_path_factory.mktemp("models") / "größe"
    return random_flux_model(write_random_flux(folder, seed=3, layers=1, single_layers=1))


@pytest.fixture(scope="session")
def exported(flux_model: LocatedModel, tmp_path_factory: pytest.TempPathFactory) -> StoredEngine:
    """The one float32 export of :func:`flux_model` in a session: it takes most of the time."""
    from icl_engines.export.job import export
    from icl_studio.engines.store import EngineStore

    store = EngineStore(tmp_path_factory.mktemp("store"))
    said: list[str] = []
    engine = export(flux_model, store, max_rank=EXPORTED_RANK, say=said.append)
    assert said[-2:] == ["comparing with torch", "saving"]
    return engine


@pytest.fixture
def fake_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes the fake engine the one that ``auto`` means, found by entry point as any other.

    The returned function writes a model folder whose engine behaves as its keywords say
    (:class:`icl_studio.testing.FakeBehaviour`); child processes see the same plugin.
    """
    from icl_studio.testing import FakeBehaviour, write_fake_model

    plugins = tmp_path / "plugins"
    info = plugins / "icl_studio_fake-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: icl-studio-fake\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[icl_studio]\nfake = icl_studio_fake\n", encoding="utf-8"
    )
    (plugins / "icl_studio_fake.py").write_text(FAKE_PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(plugins))
    monkeypatch.setenv("PYTHONPATH", str(plugins))
    monkeypatch.setattr("icl_studio.generate.planning.FAVOURITE", "fake")

    def write(name: str = "modell-ü", **behaviour: Any) -> Path:
        return write_fake_model(tmp_path / name, FakeBehaviour(**behaviour)).folder

    return write


FAKE_PLUGIN = """
from icl_studio.api import hookimpl
from icl_studio.testing import FAKE_ENGINE

ICL_STUDIO_API = 1


@hookimpl
def icl_studio_engines():
    return [FAKE_ENGINE]
"""
