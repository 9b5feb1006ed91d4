"""From the name a user typed to a model, and from the model to its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from icl_studio.domain.model import ModelSpec
from icl_studio.errors import ModelUnavailable, NotFound
from icl_studio.models.find import find_model
from icl_studio.models.locate import kind_of, locate
from icl_studio.paths import user_folders
from icl_studio.plugins import Registry

DEV = ModelSpec(id="flux.1-dev", title="dev", source="black-forest-labs/FLUX.1-dev", family="f")
TINY = ModelSpec(id="tiny", title="tiny", source="resource:models/tiny", family="tiny")
KNOWN = Registry(tasks={}, models={"tiny": TINY, "flux.1-dev": DEV}, engines={})


def test_a_registered_id() -> None:
    assert find_model("tiny", KNOWN) is TINY


def test_a_folder_absolute_and_relative(flux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_model(str(flux), KNOWN).source == str(flux)
    monkeypatch.chdir(flux.parent)
    assert find_model("flux", KNOWN).id == str(flux)
    assert find_model("./flux/", KNOWN).id == str(flux)


def test_a_hub_id_that_a_plugin_knows_is_its_model() -> None:
    assert find_model("Black-Forest-Labs/FLUX.1-dev", KNOWN) is DEV


def test_any_other_hub_id_is_taken_for_flux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = find_model("someone/never-downloaded-flux", KNOWN)
    assert (spec.id, spec.family) == ("someone/never-downloaded-flux", "flux.1")
    assert kind_of(spec) == "hub"


@pytest.mark.parametrize("name", ["größe/flux", "owner/flux modell", "x" * 5000])
def test_what_the_hub_cannot_call_a_model_is_no_hub_id(name: str) -> None:
    with pytest.raises(NotFound, match="no model called"):
        find_model(name, KNOWN)


def test_a_slip_of_the_pen_gets_the_nearest_names() -> None:
    with pytest.raises(NotFound) as caught:
        find_model("tinny", KNOWN)
    assert "Did you mean tiny" in caught.value.fix


@pytest.mark.parametrize(
    "name", ["./nowhere", "~nobody-x/y", "/no/such/folder", "model.safetensors", "C:\\x"]
)
def test_paths_that_lead_nowhere(name: str) -> None:
    with pytest.raises(ModelUnavailable):
        find_model(name, KNOWN)


def test_locate_a_folder_and_one_that_has_gone(flux: Path, tmp_path: Path) -> None:
    spec = find_model(str(flux), KNOWN)
    assert locate(spec, user_folders()).folder == flux
    gone = spec.model_copy(update={"source": str(tmp_path / "gone")})
    with pytest.raises(ModelUnavailable, match="not there"):
        locate(gone, user_folders())


def test_a_relative_folder_of_a_plugin_is_found_among_the_users_models(flux: Path) -> None:
    models = user_folders().data / "models"
    models.mkdir(parents=True)
    (models / "mine").symlink_to(flux, target_is_directory=True)
    spec = ModelSpec(id="mine", title="mine", source="mine", family="custom")
    assert locate(spec, user_folders()).folder == models / "mine"


def test_an_embedded_model_that_is_missing() -> None:
    spec = TINY.model_copy(update={"source": "resource:models/never"})
    with pytest.raises(ModelUnavailable, match="missing from this installation"):
        locate(spec, user_folders())
