"""From the LoRA that is named to its file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from icl_engines.testing import write_random_lora
from icl_studio.domain.model import AdapterUse
from icl_studio.errors import AdapterRejected, ModelUnavailable, NotFound
from icl_studio.models.adapters import resolve_adapter
from icl_studio.paths import user_folders


@pytest.fixture(scope="module")
def lora(flux: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_lora(tmp_path_factory.mktemp("lora") / "grüner look.safetensors", flux)


def resolve(source: str, weight: float = 1.0) -> Path:
    found = resolve_adapter(AdapterUse(source=source, weight=weight), user_folders())
    assert found.weight == weight
    return found.path


def test_a_path_with_its_weight(lora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(str(lora), 0.6) == lora
    monkeypatch.chdir(lora.parent)
    assert resolve("grüner look.safetensors") == lora
    assert resolve("grüner look") == lora


def test_the_users_adapters_folder(lora: Path) -> None:
    folder = user_folders().adapters / "looks"
    folder.mkdir(parents=True)
    shutil.copy(lora, folder / "green.safetensors")
    assert resolve("looks/green.safetensors") == folder / "green.safetensors"
    with pytest.raises(NotFound) as caught:
        resolve("greeen.safetensors")
    assert "Did you mean green" in caught.value.fix
    assert str(user_folders().adapters) in caught.value.fix


@pytest.mark.parametrize(
    "source",
    [
        "my looks/grün/a.safetensors",
        "größe/look/a.safetensors",
        "owner/a--b/a.safetensors",
        f"owner/{'x' * 120}/a.safetensors",
        "looks/green/a.safetensors",
        "~nobody-of-that-name/a.safetensors",
    ],
)
def test_a_mistyped_path_is_the_users_to_mend(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "looks").mkdir()
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", asked)
    with pytest.raises((NotFound, ModelUnavailable)):
        resolve(source)


def test_pickles_are_refused_under_either_name(tmp_path: Path) -> None:
    honest, renamed = tmp_path / "a.pt", tmp_path / "b.safetensors"
    honest.write_bytes(b"PK\x03\x04")
    renamed.write_bytes(b"\x80\x02}q\x00.")
    for path in (honest, renamed):
        with pytest.raises(AdapterRejected, match="pickle"):
            resolve(str(path))


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_truncated_file(lora: Path, tmp_path: Path, keep: int) -> None:
    short = tmp_path / "short.safetensors"
    short.write_bytes(lora.read_bytes()[:keep])
    with pytest.raises(AdapterRejected):
        resolve(str(short))
